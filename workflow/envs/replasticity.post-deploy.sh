#!/bin/sh
# Snakemake runs this in an environment that it has made from replasticity.yml: the package itself.
set -e
if [ -d src/replasticity ]; then
    pip install --no-deps -e .
else
    pip install --no-deps git+https://github.com/replasticity/replasticity
fi
