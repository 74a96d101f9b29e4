"""The page about random sets of parameters, and the files that it is made of."""

import json

import pytest

from replasticity.cli import main
from replasticity.errors import UserError
from replasticity.peers import environments, live
from replasticity.reporting import conformance_page
from replasticity.storage import integrity, project
from replasticity.study import protocols
from tests.conftest import ROOT

#: So many sets agree at least. Runs of the cue network in NEST take long, and of the hour's network in Octave.
FEWEST = {"dopamine_tutorial_cue": 50, "izhikevich2007_reward": 100}

FOUND = {
    "experiment": "zenke2015",
    "protocol": "zenke2015",
    "peer": "Brian2 2.9.0",
    "sets": 20,
    "seed": 3,
    "agrees": 17,
    "differs": 0,
    "no_means": 2,
    "neither": 1,
    "holds": True,
    "varied": ["tau_H_ms", "eta_nS_s"],
    "largest": {"weight_nS": 2e-12, "population_spike": 0.0},
    "reasons": [{"kind": "no means", "reason": "no | such rule", "sets": 2}],
    "differences": [],
    "code_digest": "0123",
}


def write(path, *found):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([integrity.sealed(each) for each in found]))


def test_the_page_has_a_line_for_each_simulator_and_a_table_of_versions(tmp_path):
    write(tmp_path / "docs/conformance/b.json", FOUND)
    write(tmp_path / "docs/conformance/a.json", FOUND | {"peer": "Brian2 2.10.0", "agrees": 15, "differs": 2})
    text = conformance_page.write(tmp_path).read_text()
    assert "| `zenke2015` | Brian2 2.9.0 | 20 | 17 | 2 | 1 | 0 |" in text
    assert "python -m replasticity conform zenke2015 --random 20 --seed 3 --peer brian2\n" in text
    assert "| no means | 2 | no \\| such rule |" in text
    assert (
        "python -m replasticity conform zenke2015 --random 20 --seed 3 --peer brian2==2.10.0\n"
        in conformance_page.page(conformance_page.read([tmp_path / "docs/conformance/a.json"]))
    )
    # Versions are numbers: 2.9 is older than 2.10.
    assert "| protocol | 2.9.0 | 2.10.0 |" in text
    assert "| `zenke2015` | 17 of 17 | 15 of 17 |" in text
    assert "| `weight_nS` | 2e-12 |" in text


@pytest.mark.parametrize(
    ("change", "message"), [({"agrees": 18}, "was changed or damaged"), ({"sets": "many"}, r"sets: .*integer")]
)
def test_a_file_that_was_changed_is_one_line(tmp_path, change, message):
    file = tmp_path / "a.json"
    file.write_text(json.dumps([integrity.sealed(FOUND) | change]))
    with pytest.raises(UserError, match=message):
        conformance_page.read([file])


def test_a_project_without_such_files_is_told(tmp_path):
    with pytest.raises(UserError, match=r"docs/conformance: no files of 'conform --random'"):
        conformance_page.write(tmp_path)


@pytest.mark.parametrize(
    ("protocol", "peer"), [(protocol, peer) for protocol in protocols.names() for peer in live.peers_of(protocol)]
)
def test_a_thousand_sets_agree_in_each_simulator_and_none_differs(protocol, peer):
    found = conformance_page.read(sorted((ROOT / conformance_page.FOLDER).glob("*.json")))
    of_this = [each for each in found if (each.protocol, each.peer) == (protocol, environments.environment(peer).label)]
    assert sum(each.agrees for each in of_this) >= FEWEST.get(protocol, 1000)
    assert [each.differs for each in found if each.differs] == []


def test_the_committed_page_is_what_the_command_writes(in_project, tmp_path, monkeypatch, capsys):
    root = project.root()
    found = conformance_page.read(sorted((root / conformance_page.FOLDER).glob("*.json")))
    assert conformance_page.page(found) == (root / conformance_page.PAGE).read_text(encoding="utf-8")
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    write(tmp_path / "docs/conformance/a.json", FOUND)
    assert main(["conformance"]) == 0
    assert capsys.readouterr().out.strip().endswith("conformance.md")
