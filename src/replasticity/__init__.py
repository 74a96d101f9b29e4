"""Published figures of synaptic plasticity, regenerated, tested and proved spike for spike."""

__version__ = "0.1.0"
