"""numba's machine code on disk, damaged, foreign or not to be written: the same bytes in the results, at most one line.

So are settings of numba that would change a result or keep it from starting. Nothing that is not ours is removed.
"""

import contextlib
import os
import pickle
import platform
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from replasticity.numerics import compilation
from tests.conftest import ROOT, ProjectCopy

pytestmark = pytest.mark.slow

#: Compiled in two seconds.
EXPERIMENT = "stdp_window"
KERNEL = "pair_stdp.simulate"
IN_MEMORY = "kernels are compiled in memory"


def environment(cache, **settings):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return inherited | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT / "src")} | settings


def simulate(cache, output, folder=ROOT, **settings):
    """Simulate a run in a process of its own; return its bytes and what it said on standard error."""
    finished = subprocess.run(
        [sys.executable, "-m", "replasticity", "simulate", EXPERIMENT, "--scale", "quick", "-o", output],
        cwd=folder,
        env=environment(cache, **settings),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    return output.read_bytes(), finished.stderr


def files(cache, suffix="nb[ic]"):
    return sorted(path for path in cache.rglob(f"*.{suffix}") if path.is_file())


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A cache filled by one run, and the run's bytes."""
    folder = tmp_path_factory.mktemp("sound")
    run, said = simulate(folder / "cache", folder / "run.nc")
    assert said == ""
    assert len(files(folder / "cache")) > 10
    return folder / "cache", run


@pytest.fixture
def cache(sound, tmp_path):
    """A copy of it, to spoil."""
    return Path(shutil.copytree(sound[0], tmp_path / "cache"))


def flip_bit(path, place, bit):
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def multiplications_changed(cache):
    """Turn the multiplications of x86-64 into additions, one bit each: nothing but a digest can tell."""
    if platform.machine() != "x86_64":
        pytest.skip("only the instructions of x86-64 are known here")
    for path in (path for path in files(cache, "nbc") if path.name.startswith(KERNEL)):
        changed, count = re.subn(rb"(\xf2\x0f|\xc5[\x80-\xff])\x59", rb"\1X", path.read_bytes())
        assert count
        path.write_bytes(changed)


def all_emptied(cache):
    for path in files(cache):
        path.write_bytes(b"")


def indices_truncated(cache):
    for path in files(cache, "nbi"):
        path.write_bytes(path.read_bytes()[:-1])


def machine_code_truncated(cache):
    for path in files(cache, "nbc"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def exchanged(cache):
    """Put whole files of ours into each other's places."""
    kernels = files(cache, "nbc")
    contents = [path.read_bytes() for path in kernels]
    for path, content in zip(kernels, [*contents[1:], contents[0]], strict=True):
        path.write_bytes(content)


def machine_code_removed(cache):
    for path in files(cache, "nbc"):
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [multiplications_changed, all_emptied, indices_truncated, machine_code_truncated, exchanged, machine_code_removed],
)
def test_damaged_machine_code_is_compiled_again(sound, cache, tmp_path, damage):
    damage(cache)
    damaged = {path: path.read_bytes() for path in files(cache)}
    assert simulate(cache, tmp_path / "run.nc") == (sound[1], "")
    # It is sound again: the next process finds nothing to compile.
    healed = {path: path.read_bytes() for path in files(cache)}
    assert healed != damaged
    assert simulate(cache, tmp_path / "later.nc") == (sound[1], "")
    assert {path: path.read_bytes() for path in files(cache)} == healed


def test_random_damage_changes_no_result(sound, cache, tmp_path):
    chosen = random.Random(16)
    for number in range(8):
        path = chosen.choice(files(cache))
        place = chosen.randrange(path.stat().st_size)
        match chosen.randrange(4):
            case 0 | 1:
                flip_bit(path, place, chosen.randrange(8))
            case 2:
                path.write_bytes(path.read_bytes()[:place])
            case 3:
                path.write_bytes(chosen.randbytes(place))
        assert simulate(cache, tmp_path / f"{number}.nc") == (sound[1], ""), (path.name, place)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_foreign_pickle_is_never_opened(sound, cache, tmp_path, suffix):
    sprung = tmp_path / "sprung"
    for path in files(cache, suffix):
        path.write_bytes(pickle.dumps(Trap(sprung)))
    assert simulate(cache, tmp_path / "run.nc") == (sound[1], "")
    assert not sprung.exists()


def test_folder_in_the_place_of_a_file_is_left_alone(sound, cache, tmp_path):
    for path in files(cache):
        path.unlink()
        path.mkdir()
    run, said = simulate(cache, tmp_path / "run.nc")
    assert run == sound[1]
    assert said.count("\n") == 1
    assert IN_MEMORY in said
    assert files(cache) == []


def test_file_in_the_place_of_the_folder_is_left_alone(sound, tmp_path):
    (tmp_path / "cache").write_text("mine")
    run, said = simulate(tmp_path / "cache", tmp_path / "run.nc")
    assert run == sound[1]
    assert said.count("\n") == 1
    assert IN_MEMORY in said
    assert (tmp_path / "cache").read_text() == "mine"


@contextlib.contextmanager
def mounted(folder, options):
    """Mount a small file system over a folder, as root in a place that allows it; skip the test elsewhere."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small or a read-only file system needs root and a machine that allows it")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("options", ["size=64k", "ro"])
def test_full_or_read_only_disk_is_told_once(sound, tmp_path, options):
    folder = tmp_path / "cache"
    folder.mkdir()
    with mounted(folder, options):
        run, said = simulate(folder, tmp_path / "run.nc")
        assert not list(folder.rglob("*.tmp.*"))
    assert run == sound[1]
    assert said.count("\n") == 1
    assert IN_MEMORY in said


def test_filled_cache_that_cannot_be_written_is_used(sound, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    with mounted(folder, "size=50m"):
        shutil.copytree(sound[0], folder, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        assert simulate(folder, tmp_path / "run.nc") == (sound[1], "")


def test_folder_that_vanishes_is_made_again(sound, tmp_path):
    script = (
        "import shutil, sys\nfrom pathlib import Path\n"
        "from replasticity.numerics import philox\nfrom replasticity.cli import main\n"
        "shutil.rmtree(sys.argv[1], ignore_errors=True)\n"
        f"main(['simulate', '{EXPERIMENT}', '--scale', 'quick', '-o', sys.argv[2]])"
    )
    command = [sys.executable, "-c", script, tmp_path / "cache", tmp_path / "run.nc"]
    shutil.copytree(sound[0], tmp_path / "cache")
    finished = subprocess.run(command, cwd=ROOT, env=environment(tmp_path / "cache"), capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert (tmp_path / "run.nc").read_bytes() == sound[1]
    assert files(tmp_path / "cache")


def test_process_killed_while_it_fills_the_cache_leaves_it_usable(sound, tmp_path):
    command = [sys.executable, "-m", "replasticity", "simulate", EXPERIMENT, "--scale", "quick", "-o"]
    for number, count in enumerate((1, 20)):
        process = subprocess.Popen([*command, tmp_path / "killed.nc"], cwd=ROOT, env=environment(tmp_path / "cache"))
        while len(files(tmp_path / "cache")) <= count and process.poll() is None:
            pass
        process.kill()
        process.wait()
        assert process.returncode != 0 or number == 1
    assert simulate(tmp_path / "cache", tmp_path / "run.nc") == (sound[1], "")


#: Settings that were tracebacks, and settings that change the machine code.
IGNORED = {
    "NUMBA_DISABLE_JIT": ("1", "yes"),
    "NUMBA_OPT": ("0", "9"),
    "NUMBA_ENABLE_CUDASIM": ("1",),
    "NUMBA_LOOP_VECTORIZE": ("0",),
    "NUMBA_SLP_VECTORIZE": ("1",),
    "NUMBA_ENABLE_AVX": ("0",),
    "NUMBA_CPU_NAME": ("no-such-processor",),
    "NUMBA_CPU_FEATURES": ("+avx512f", "rubbish"),
    "NUMBA_BOUNDSCHECK": ("perhaps",),
    "NUMBA_CACHE_LOCATOR_CLASSES": ("none.Such",),
    "NUMBA_DEBUGINFO": ("1",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in IGNORED.items() for value in values])
def test_setting_of_numba_is_ignored_and_told(sound, cache, tmp_path, name, value):
    before = files(cache)
    run, said = simulate(cache, tmp_path / "run.nc", **{name: value})
    assert run == sound[1]
    assert said == f"{name}: ignored, so that results do not depend on numba's settings\n"
    assert files(cache) == before


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1", "1000000"])
def test_number_of_threads_is_of_no_use(sound, cache, tmp_path, value):
    assert simulate(cache, tmp_path / "run.nc", NUMBA_NUM_THREADS=value) == (sound[1], "")


@pytest.mark.parametrize("setting", [{"NUMBA_BOUNDSCHECK": "1"}, {"NUMBA_CPU_NAME": "generic"}])
def test_other_machine_code_never_mixes_with_the_usual_one(sound, cache, tmp_path, setting):
    usual = {path: path.read_bytes() for path in files(cache)}
    assert simulate(cache, tmp_path / "other.nc", **setting) == (sound[1], "")
    machine_code = set(files(cache, "nbc"))
    assert len(machine_code - usual.keys()) > 5
    assert {path: path.read_bytes() for path in usual if path.suffix == ".nbc"} == {
        path: content for path, content in usual.items() if path.suffix == ".nbc"
    }
    assert simulate(cache, tmp_path / "run.nc") == (sound[1], "")


def test_settings_in_the_working_folder_are_ignored(sound, cache, tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\nnum_threads: 0\nboundscheck: 1\nopt: '0'\n")
    assert simulate(cache, tmp_path / "run.nc", folder=tmp_path) == (sound[1], "")


@pytest.mark.parametrize("place", ["relative/cache", "with space and ü", "results/cache"])
def test_cache_folder_may_have_any_name(sound, tmp_path, place):
    project = ProjectCopy(tmp_path / "project")
    for _ in range(2):
        finished = project.replasticity(
            "simulate", EXPERIMENT, "--scale", "quick", "-o", "run.nc", NUMBA_CACHE_DIR=place
        )
        assert finished.stderr == ""
        assert (project.folder / "run.nc").read_bytes() == sound[1]
    assert files(project.folder / place)


def tree(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def test_compiling_removes_older_code_of_ours_and_nothing_else(tmp_path):
    base, one, other = tmp_path / "shared", tmp_path / "one", tmp_path / "other"
    thesis, elsewhere = base / "thesis", tmp_path / "elsewhere"
    for folder in (thesis / "raw", base / "0123456789abcdef/kernels_0123", elsewhere):
        folder.mkdir(parents=True)
        (folder / "data.nbc").write_text("mine")
    (base / "notes.txt").write_text("mine")
    (base / "link").symlink_to(elsewhere)
    projects = [ProjectCopy(folder) for folder in (one, other)]

    def compile_in(project, **settings):
        before = set(base.iterdir())
        project.replasticity("compile", "beats_window", "-o", "compiled.json", NUMBA_CACHE_DIR=str(base), **settings)
        (made,) = set(base.iterdir()) - before
        return made

    foreign = tree(tmp_path / "shared") | tree(elsewhere)
    made = [compile_in(project) for project in projects]
    checked = compile_in(projects[0], NUMBA_BOUNDSCHECK="1")
    copied = Path(shutil.copytree(made[0], base / "copied by hand"))
    linked = base / "linked"
    linked.symlink_to(made[1])
    edited = one / "src/replasticity/equations/pair_stdp.py"
    edited.write_text(f"{edited.read_text()}\n# Edited.\n")
    renewed = compile_in(projects[0])
    assert not made[0].exists()
    for kept in (made[1], checked, copied, linked, renewed):
        assert files(kept), kept
    assert foreign.items() <= (tree(base) | tree(elsewhere)).items()


def test_mark_names_the_installation_and_the_compiler(sound):
    (mark,) = sound[0].glob("*/replasticity.txt")
    assert str(compilation.PACKAGE) in mark.read_text()
    assert compilation.compiler() in mark.read_text()
