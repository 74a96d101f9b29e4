"""Digests: they change with the code that a result depends on, and with no other."""

import os
import shutil
import subprocess
import sys

import pytest

CODE = "from replasticity.pipeline import provenance as p; print({})"


@pytest.fixture
def digests(project_copy):
    def measure():
        expressions = (
            "p.simulation_digest('homeostatic_stdp')",
            "p.kernels_digest('homeostatic_stdp')",
            "p.figure_digest('zenke2015')",
            "p.evaluation_digest()",
            "p.replay_digest('homeostatic_stdp')",
            "p.report_digest()",
        )
        finished = subprocess.run(
            [sys.executable, "-c", CODE.format(", ".join(expressions))],
            cwd=project_copy.folder,
            env=os.environ | {"PYTHONPATH": str(project_copy.folder / "src")},
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(
            zip(
                ("simulation", "kernels", "figure", "evaluation", "replay", "report"),
                finished.stdout.split(),
                strict=True,
            )
        )

    return measure


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("equations/homeostatic_stdp.py", {"simulation", "kernels", "replay"}),
        ("models/homeostatic_stdp.py", {"simulation", "kernels", "replay"}),
        ("studies/zenke2015/protocol.py", {"simulation", "replay"}),
        ("simulation.py", {"simulation"}),
        ("studies/zenke2015/figure.py", {"figure"}),
        ("plotting/rendering.py", {"figure"}),
        ("judging/claims.py", {"evaluation", "report"}),
        ("replays.py", {"replay"}),
        ("reporting/panels.py", {"report"}),
        ("report/page.css", {"report"}),
        ("cli.py", set()),
        ("gallery.py", set()),
        ("tables.py", {"report"}),
    ],
)
def test_digest_changes_with_the_code_that_matters(project_copy, digests, file, changed):
    before = digests()
    path = project_copy.folder / "src/replasticity" / file
    path.write_text(path.read_text() + "\n# changed\n")
    after = digests()
    assert {name for name in before if before[name] != after[name]} == changed


def test_a_new_import_is_seen_although_imports_are_kept(project_copy, digests):
    importing = project_copy.folder / "src/replasticity/studies/zenke2015/protocol.py"
    imported = project_copy.folder / "src/replasticity/reporting/gallery.py"
    digests()
    importing.write_text(importing.read_text() + "\nfrom replasticity import gallery\n")
    before = digests()
    imported.write_text(imported.read_text() + "\n# changed\n")
    assert digests()["simulation"] != before["simulation"]


def test_digests_need_no_place_to_write_in(project_copy, digests):
    before = digests()
    folder = project_copy.folder / ".cache/imports"
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
        call = ("-c", CODE.format("p.simulation_digest('distal_reward')"))
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
    kept = project_copy.folder / ".cache/imports/imports.json"
    content = kept.read_bytes()
    if damage is None:
        kept.unlink()
        kept.mkdir()
    else:
        kept.write_bytes(damage(content))
    assert digest() == expected
    assert damage is None or kept.read_bytes() == content
