"""Digests: they change with the code that a result depends on, and with no other."""

import ast
import os
import shutil
import subprocess
import sys

import pytest

from replasticity.pipeline import provenance

#: Stage -> expression for its digest.
STAGES = {
    "kernels": "p.kernels_digest('zenke2015')",
    "simulation": "p.simulation_digest('zenke2015')",
    "statistics": "p.statistics_digest('zenke2015')",
    "evaluation": "p.evaluation_digest(experiments.load('zenke2015'))",
    "evaluation without a peer": "p.evaluation_digest(experiments.load('zenke2015_long_tau'))",
    "figure": "p.figure_digest('zenke2015')",
    "replay": "p.replay_digest('zenke2015')",
    "conformance": "p.conformance_digest('zenke2015')",
    "report": "p.report_digest()",
}
CODE = "from replasticity.definitions import experiments; from replasticity.pipeline import provenance as p; print({})"

JUDGING = {"evaluation", "evaluation without a peer"}
#: Whoever uses the protocol: its statistics and its replay do, and those who judge look up what its statistics are.
FROM_SIMULATION = {"simulation", "statistics", "replay", "conformance"} | JUDGING


@pytest.fixture
def digests(project_copy):
    def measure():
        finished = subprocess.run(
            [sys.executable, "-c", CODE.format(", ".join(STAGES.values()))],
            cwd=project_copy.folder,
            env=os.environ | {"PYTHONPATH": str(project_copy.folder / "src")},
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(zip(STAGES, finished.stdout.split(), strict=True))

    return measure


def differing(before, after):
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("equations/homeostatic_stdp.py", {"kernels"} | FROM_SIMULATION),
        ("models/homeostatic_stdp.py", {"kernels"} | FROM_SIMULATION),
        ("models/homeostatic_stdp_parameters.py", {"kernels"} | FROM_SIMULATION),
        ("studies/zenke2015/protocol.py", FROM_SIMULATION),
        ("studies/zenke2015/statistics.py", {"statistics", "replay"} | JUDGING),
        ("studies/zenke2015/peer.py", {"replay", "evaluation"}),
        ("studies/zenke2015/peer_brian2.py", {"conformance"}),
        ("studies/zenke2015/figure.py", {"figure"}),
        ("study/one_seed.py", {"simulation", "conformance"}),
        ("study/ensembles.py", {"statistics"}),
        ("pipeline/simulation.py", set()),
        ("definitions/experiments.py", set()),
        ("storage/datasets.py", set()),
        ("plotting/rendering.py", {"figure"}),
        ("judging/claims.py", {"report"} | JUDGING),
        # The report says whether comparisons are of the present code and bounds.
        ("peers/replays.py", {"replay", "conformance", "report"}),
        ("peers/live.py", {"conformance", "report"}),
        ("reporting/panels.py", {"report"}),
        ("reporting/tables.py", {"report"}),
        ("reporting/gallery.py", set()),
        ("cli.py", set()),
    ],
)
def test_digest_changes_with_the_code_that_matters(project_copy, digests, file, changed):
    before = digests()
    path = project_copy.folder / "src/replasticity" / file
    path.write_text(path.read_text() + "\n_CHANGED = True\n")
    assert differing(before, digests()) == changed


@pytest.mark.parametrize(
    ("variables", "changed"),
    [("[time_ms, event_last_ms]", {"conformance"}), ("[event_step, event_kind]", {"replay", "evaluation"})],
)
def test_bounds_for_other_simulators_concern_either_recordings_or_what_runs_beside_ours(
    project_copy, digests, variables, changed
):
    before = digests()
    path = "src/replasticity/studies/zenke2015/peer.yaml"
    project_copy.edit(path, f"variables: {variables}", f"relative: 0.5, variables: {variables}")
    assert differing(before, digests()) == changed


def test_style_of_the_report_counts(project_copy, digests):
    before = digests()
    path = project_copy.folder / "src/replasticity/reporting/page.css"
    path.write_text(path.read_text() + "\n/* changed */\n")
    assert differing(before, digests()) == {"report"}


BEFORE = '''
"""A module."""

from x import y


def f(a):
    """Return a."""
    if a < 0:
        raise ValueError(f"a: has to be 0 or more (it is {a})")
    return a + y


class C:
    """A class."""
'''

AFTER = '''
# A comment.
from x import y


def f(a):
    # Another one.
    if a < 0:
        raise ValueError("no number below 0")
    return (
        a
        + y
    )


class C:
    """The class."""
'''


def digest_of(text):
    return provenance._digest(ast.parse(text))


def test_wording_and_layout_change_no_digest():
    assert digest_of(BEFORE) == digest_of(AFTER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a + y", "a - y"),
        ("a < 0", "a < 1"),
        ("ValueError", "TypeError"),
        ("def f(a)", "def f(a=0)"),
        ("from x", "from z"),
        ("return a + y", 'return "text"'),
    ],
)
def test_code_changes_a_digest(old, new):
    assert digest_of(BEFORE) != digest_of(BEFORE.replace(old, new))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import p.a", ["p.a"]),
        ("from p import a, b", ["p.a", "p.b"]),
        ("from p.a import name", ["p.a"]),
        ("from . import b", ["p.b"]),
        ("from .b import name", ["p.b"]),
        ("def f():\n    from p import b", ["p.b"]),
        ("if TYPE_CHECKING:\n    from p import b\nelse:\n    import p.a", ["p.a"]),
        ("import numpy\nfrom os import path", []),
    ],
)
def test_imports_are_found_wherever_they_are(text, expected):
    known = ("p", "p.a", "p.b", "p.here")
    names = provenance._imported("p", ast.parse(text))
    assert [each for each in (next(filter(known.__contains__, each), None) for each in names) if each] == expected


def test_a_new_import_is_seen_although_imports_are_kept(project_copy, digests):
    importing = project_copy.folder / "src/replasticity/studies/zenke2015/protocol.py"
    imported = project_copy.folder / "src/replasticity/reporting/gallery.py"
    digests()
    importing.write_text(importing.read_text() + "\nfrom replasticity.reporting import gallery\n")
    before = digests()
    imported.write_text(imported.read_text() + "\n_CHANGED = True\n")
    assert digests()["simulation"] != before["simulation"]


def test_digests_need_no_place_to_write_in(project_copy, digests):
    before = digests()
    folder = project_copy.folder / ".cache/code"
    shutil.rmtree(folder)
    folder.write_text("a file where the folder would be")
    assert digests() == before


def changed_name(content):
    """Lose an import, in a file that is well formed."""
    assert b"replasticity.numerics.philox" in content
    return content.replace(b"replasticity.numerics.philox", b"replasticity.numerics.copying")


@pytest.mark.parametrize(
    "damage",
    [changed_name, lambda content: b"", lambda content: content[:-1], lambda content: bytes(range(256)), None],
    ids=["changed", "empty", "truncated", "rubbish", "folder"],
)
def test_damaged_list_of_imports_is_made_again(project_copy, damage):
    def digest():
        call = ("-c", CODE.format("p.simulation_digest('izhikevich2007_reward')"))
        finished = subprocess.run(
            [sys.executable, *call],
            cwd=project_copy.folder,
            env=os.environ | {"PYTHONPATH": str(project_copy.folder / "src")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert finished.stderr == ""
        return finished.stdout

    expected = digest()
    kept = project_copy.folder / ".cache/code/modules.json"
    content = kept.read_bytes()
    if damage is None:
        kept.unlink()
        kept.mkdir()
    else:
        kept.write_bytes(damage(content))
    assert digest() == expected
    assert damage is None or kept.read_bytes() == content
