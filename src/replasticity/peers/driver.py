"""Runs a study's file for another simulator in the Python of that simulator, where replasticity is not installed.

``PYTHON -I driver.py PEER_FILE DISTRIBUTION SECONDS INDEX ...``, in a folder with a file ``job-INDEX.nc`` for each run:
it has the parameters as JSON, and our inputs. One after the other, each job gets a ``result-INDEX.nc`` with what
``run(parameters, inputs)`` of the file returns, or what ``draw(parameters, seed)`` does if the job has a seed to draw
with; or else a ``failed-INDEX.json`` that says why not. A run that takes more than so many seconds ends the process, as
a crash of the simulator does.
"""

import importlib.util
import json
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

#: Exit status where a library cannot be imported: this environment is to blame, or the file asks for too much.
NO_LIBRARY = 103

#: Exit status where the file cannot be loaded for any other reason.
NOT_LOADED = 104

#: Why a run has no result: the simulator has no means for these parameters (``NotImplementedError``), its state leaves
#: the finite range or the limits of the model (``FloatingPointError``), or anything else.
NO_MEANS, STATE, ERROR = "no means", "state", "error"

_KINDS = {NotImplementedError: NO_MEANS, FloatingPointError: STATE}


def main(peer_file: str, distribution: str, seconds: str, *indices: str) -> int:
    """Run the file on jobs; return the exit status, with the reason as last line of stderr if it is not 0."""
    # The signal's default action ends a process that is in compiled code as well.
    signal.setitimer(signal.ITIMER_REAL, float(seconds))
    try:
        module = _loaded(peer_file)
        version = module.version() if hasattr(module, "version") else _version(distribution)
    except Exception as error:
        traceback.print_exc()
        print(_in_one_line(error, peer_file), file=sys.stderr)
        return NO_LIBRARY if isinstance(error, ImportError) else NOT_LOADED
    for index in indices:
        signal.setitimer(signal.ITIMER_REAL, float(seconds))
        try:
            _write(_made(module, f"job-{index}.nc"), version, f"result-{index}.nc")
        except Exception as error:
            kind = next((_KINDS[each] for each in _KINDS if isinstance(error, each)), ERROR)
            if kind == ERROR:
                traceback.print_exc()
                reason = _in_one_line(error, peer_file)
            else:
                reason = " ".join(str(error).split())
            content = {"kind": kind, "reason": reason, "library": isinstance(error, ImportError)}
            Path(f"failed-{index}.json").write_text(json.dumps(content))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    return 0


def _version(distribution: str) -> str:
    import importlib.metadata

    return importlib.metadata.version(distribution)


def _made(module: Any, job_file: str) -> Any:
    with netCDF4.Dataset(job_file) as job:
        job.set_auto_mask(False)
        parameters = json.loads(job.parameters)
        if "draw_seed" in job.ncattrs():
            return module.draw(parameters, int(job.draw_seed))
        inputs = {name: np.asarray(variable[...]) for name, variable in job.variables.items()}
    return module.run(parameters, inputs)


def _in_one_line(error: Exception, peer_file: str) -> str:
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == peer_file]
    where = f"line {lines[-1]}: " if lines else ""
    return f"{where}{type(error).__name__}: {' '.join(str(error).split())}"


def _loaded(peer_file: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(peer_file).stem, peer_file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{peer_file}: no Python file")
    # Last: files of its folder that it may import must hide no library.
    sys.path.append(str(Path(peer_file).parent))
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
