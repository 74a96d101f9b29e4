"""Runs a study's file for another simulator in the Python of that simulator, where replasticity is not installed.

``PYTHON -I driver.py PEER_FILE JOB.nc RESULT.nc DISTRIBUTION``: the job has the parameters as JSON, and our inputs; the
result has what ``run(parameters, inputs)`` of the file returns, and the version of the simulator.
"""

import importlib.metadata
import importlib.util
import json
import sys
import traceback
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

#: Exit status where a library cannot be imported: this environment is to blame, or the file asks for too much.
NO_LIBRARY = 103

#: Exit status where the file raises a ``NotImplementedError``: the simulator has no means for these parameters.
UNSUPPORTED = 104


def main(peer_file: str, job_file: str, result_file: str, distribution: str) -> int:
    """Run the file on a job and write its result; return the exit status, with the reason as last line of stderr."""
    try:
        with netCDF4.Dataset(job_file) as job:
            job.set_auto_mask(False)
            parameters = json.loads(job.parameters)
            inputs = {name: np.asarray(variable[...]) for name, variable in job.variables.items()}
        result = _loaded(peer_file).run(parameters, inputs)
        # A program of the system has no distribution.
        _write(result, importlib.metadata.version(distribution) if distribution else "", result_file)
    except NotImplementedError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return UNSUPPORTED
    except Exception as error:
        traceback.print_exc()
        lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == peer_file]
        where = f"line {lines[-1]}: " if lines else ""
        print(f"{where}{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        return NO_LIBRARY if isinstance(error, ImportError) else 1
    return 0


def _loaded(peer_file: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(peer_file).stem, peer_file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{peer_file}: no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write(result: Any, version: str, result_file: str) -> None:
    if not isinstance(result, dict):
        raise TypeError(f"run() returns {type(result).__name__}; expected a dict of name to array")
    arrays = {name: np.asarray(value) for name, value in result.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise TypeError(f"run() returns '{name}' of type {array.dtype}; expected numbers")
    with netCDF4.Dataset(result_file, "w") as file:
        file.setncattr("simulator_version", version)
        for name, array in arrays.items():
            dimensions = [f"{name}_{axis}" for axis in range(array.ndim)]
            for dimension, length in zip(dimensions, array.shape, strict=True):
                file.createDimension(dimension, length)
            numbers = array.astype("i1") if array.dtype.kind == "b" else array
            file.createVariable(name, numbers.dtype, dimensions, fill_value=False)[...] = numbers


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
