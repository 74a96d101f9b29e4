"""How Brian2 is run: as it comes (each operation a compiled function, called from Python), or as one C++ program."""

from pathlib import Path

import brian2


def choose(job):
    """Set Brian2 up before the first object is made: mode ``runtime`` or ``cpp_standalone``, with a kept cache."""
    # Extra warnings and logs of Brian2 would be written into the home directory.
    brian2.prefs.logging.file_log = False
    folder = Path(job.folder)
    if job.mode == "cpp_standalone":
        brian2.set_device("cpp_standalone", directory=str(folder / "standalone"), build_on_run=False)
    else:
        brian2.prefs.codegen.target = "cython"
        brian2.prefs.codegen.runtime.cython.cache_dir = str(folder / "cython")


def run(job, network, duration):
    """Build and simulate; note both phases.

    In the standalone mode "simulate" is the time that the program reports for its own loop, without its start. In the
    other mode Brian2 generates and loads code when `run` is called: that counts as "build", which a first run of
    no duration brings about.
    """
    if job.mode == "cpp_standalone":
        network.run(duration)
        brian2.device.build(directory=str(Path(job.folder) / "standalone"), compile=True, run=False)
        job.end_of("build")
        brian2.device.run(str(Path(job.folder) / "standalone"), with_output=False, run_args=[])
        job.end_of("simulate", brian2.device._last_run_time)
    else:
        network.run(0 * brian2.second)
        job.end_of("build")
        network.run(duration)
        job.end_of("simulate")
