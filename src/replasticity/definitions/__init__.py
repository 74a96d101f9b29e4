"""Experiments: parameters, their checking, and the YAML files that they are read from."""
