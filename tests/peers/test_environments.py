"""Installing other simulators: from a folder of wheels, since tests have no network."""

import json
import sys
import zipfile
from pathlib import Path

import pytest

from replasticity.cli import main
from replasticity.errors import PeerUnavailableError, UserError
from replasticity.peers import environments, nestml_module
from replasticity.storage import places


def write_wheel(folder, version):
    """Write a wheel of a simulator that can be imported and does nothing else."""
    folder.mkdir(exist_ok=True)
    info = f"fakesim-{version}.dist-info"
    contents = {
        "fakesim.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: fakesim\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    contents[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*contents, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"fakesim-{version}-py3-none-any.whl", "w") as wheel:
        for name, content in contents.items():
            wheel.writestr(name, content)


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Let pip find a simulator called "fake" in a folder, and nothing elsewhere."""
    simulator = environments.Simulator("Fake", "fakesim", "fakesim", "1.0")
    monkeypatch.setattr(environments, "SIMULATORS", {"fake": simulator})
    monkeypatch.setattr(environments, "FOR_THE_DRIVER", ())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv(environments.VARIABLE, str(tmp_path / "environments"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


@pytest.mark.slow
def test_a_simulator_is_installed_once_and_again_after_an_installation_that_did_not_end(wheels, capsys):
    environment = environments.environment("fake")
    assert main(["peers"]) == 0
    assert "Fake 1.0 is not installed; 'python -m replasticity peers install fake' does it" in capsys.readouterr().out

    # pip finds nothing, as without a network.
    assert main(["peers", "install"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: Fake 1.0 cannot be installed: No matching distribution found for fakesim==1.0; ")
    log = environment.folder.with_name("fake-1.0.log")
    assert str(log) in line
    assert "fakesim" in log.read_text()
    assert environment.problem().startswith("Fake 1.0 was not installed to the end")

    write_wheel(wheels, "1.0")
    assert main(["peers", "install"]) == 0
    assert "Fake 1.0: installed in" in capsys.readouterr().out
    assert environment.problem() is None
    assert not log.exists()
    made = environment.python.lstat().st_ctime_ns
    assert main(["peers", "install"]) == 0
    assert "Fake 1.0: is there already" in capsys.readouterr().out
    assert environment.python.lstat().st_ctime_ns == made

    [module] = environment.folder.glob("lib/python*/site-packages/fakesim.py")
    module.write_text("raise OSError('its library is gone')\n")
    assert main(["peers", "list"]) == 0
    told = capsys.readouterr().out
    assert (
        "is broken (OSError: its library is gone); 'python -m replasticity peers install fake' makes it again" in told
    )


def test_another_version_has_an_environment_of_its_own_in_the_folder_that_is_asked_for(wheels, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(environments, "install", lambda peer, into: not asked.append((peer, into)))
    assert main(["peers", "install", "--fake", "0.9", "--into", str(tmp_path / "elsewhere")]) == 0
    assert main(["peers", "install", "fake==0.8"]) == 0
    assert asked == [("fake==0.9", tmp_path / "elsewhere"), ("fake==0.8", None)]
    assert environments.environment(*asked[0]).folder == tmp_path / "elsewhere/fake-0.9"
    assert environments.environment("fake==0.9").requirements == ["fakesim==0.9"]
    assert environments.environment("fake==0.9").command == "python -m replasticity peers install fake --fake 0.9"


@pytest.mark.parametrize(
    ("version", "numpy"), [("2.5.4", "numpy<2"), ("2.6.0", "numpy<2"), ("2.7.1", "numpy<2.4"), ("2.10.0", "numpy<2.4")]
)
def test_older_versions_have_requirements_of_their_own(version, numpy):
    requirements = environments.environment(f"brian2=={version}").requirements
    assert requirements == [f"brian2=={version}", numpy, "setuptools", "netCDF4"]


def test_an_environment_for_other_requirements_is_not_complete(wheels):
    environment = environments.environment("fake")
    environment.folder.mkdir(parents=True)
    (environment.folder / "installed.json").write_text(json.dumps(environment.requirements))
    assert environment.is_complete
    (environment.folder / "installed.json").write_text(json.dumps([*environment.requirements, "numpy<2"]))
    assert not environment.is_complete


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neuron"], "error: no simulator 'neuron'; allowed: fake"),
        (["fake==../../x"], "error: fake: '../../x' is no version; expected one such as 1.0"),
        (["--fake", "a/b"], "error: fake: 'a/b' is no version; expected one such as 1.0"),
    ],
)
def test_what_cannot_be_installed_is_told(wheels, capsys, arguments, message, tmp_path):
    assert main(["peers", "install", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "environments").exists()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Let the simulator "fake" be a program of the system, and return the file of that program, which is not there."""
    simulator = environments.Simulator("Fake", "", "", "1.0", ("numpy",), program="fakesim", package="fakesim-bin")
    monkeypatch.setattr(environments, "SIMULATORS", {"fake": simulator})
    monkeypatch.setenv(environments.VARIABLE, str(tmp_path / "environments"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin/fakesim"


def test_a_program_of_the_system_has_the_version_that_it_says(program):
    program.write_text("#!/bin/sh\necho 'GNU Fake, version 7.3.0'\necho 'version 8 of its license'\n")
    program.chmod(0o755)
    environment = environments.environment("fake")
    assert (environment.label, environment.folder.name) == ("Fake 7.3.0", "fake-7.3.0")
    assert environment.requirements == ["numpy", "netCDF4"]
    assert environment.without_program() is None
    assert environment.problem() == "Fake 7.3.0 is not installed; 'python -m replasticity peers install fake' does it"
    assert environments.environment("fake==6.4").problem() == "Fake 6.4: 'fakesim' of this system is 7.3.0"


def test_a_program_that_the_system_has_not_is_one_line_that_says_how_to_get_it(program, capsys, tmp_path):
    line = "Fake 1.0: this system has no 'fakesim'; 'apt-get install fakesim-bin' helps"
    assert main(["peers", "install", "fake"]) == 2
    assert capsys.readouterr().err == f"error: {line}\n"
    with pytest.raises(PeerUnavailableError, match="apt-get install fakesim-bin"):
        environments.require("fake")
    assert not (tmp_path / "environments").exists()


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """Return a study that has something to compile for a simulator called "fake", whose environment is whole."""
    compiler = tmp_path / "compiler.py"
    simulator = environments.Simulator("Fake", "fakesim", "fakesim", "1.0", compiler="compiler.py")
    monkeypatch.setattr(environments, "SIMULATORS", {"fake": simulator})
    monkeypatch.setattr(environments, "_beside", lambda name: tmp_path / name)
    monkeypatch.setattr(environments.Environment, "problem", lambda self: None)
    monkeypatch.setattr(environments.Environment, "python", sys.executable)
    monkeypatch.setenv(environments.VARIABLE, str(tmp_path / "environments"))
    study = tmp_path / "walk1905"
    (study / "fake").mkdir(parents=True)
    (study / "fake/model.txt").write_text("x' = -x\n")
    monkeypatch.setattr(places, "studies", lambda: {"walk1905": study})
    compiler.write_text("import pathlib, sys\npathlib.Path(sys.argv[3]).mkdir(parents=True)\n")
    return study


def test_what_a_study_has_for_a_simulator_is_compiled_once_and_again_when_it_changes(compiled):
    environment = environments.environment("fake")
    with pytest.raises(
        PeerUnavailableError, match=r"what study walk1905 has for Fake 1\.0 is not compiled; 'python -m"
    ):
        environment.variables(compiled)
    assert [environments.install("fake"), environments.install("fake")] == [True, False]
    assert environment.variables(compiled) == {"LD_LIBRARY_PATH": str(environment.library(compiled))}
    (compiled / "fake/model.txt").write_text("x' = x\n")
    with pytest.raises(PeerUnavailableError):
        environment.variables(compiled)
    assert environments.install("fake")
    assert environment.variables(compiled.with_name("another")) == {}


def test_what_cannot_be_compiled_is_one_line(compiled, monkeypatch):
    program = Path(nestml_module.__file__).read_text()
    compiled.with_name("compiler.py").write_text(program)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        UserError, match=r"to compile NESTML takes cmake and make and a C\+\+ compiler, which the system"
    ):
        environments.install("fake")
