"""The gallery and the terminal tell beside a verdict what is committed of the claim around its printed parameters."""

import json
import re

import pytest

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.reporting import gallery, robustness_found, tables
from replasticity.storage import integrity
from tests.robustness import fakes
from tests.unit.test_gallery import evaluated, judged


@pytest.fixture
def commit(in_project, tmp_path, monkeypatch):
    """Return a function that commits a summary of zenke2015; what else is committed is not there."""
    monkeypatch.setattr(experiments, "reference_file", lambda name, suffix: tmp_path / f"{name}.{suffix}")

    def write(**changes):
        content = integrity.sealed(fakes.summary() | changes)
        (tmp_path / f"zenke2015.{robustness_found.SUFFIX}").write_text(json.dumps(content))
        return content

    return write


def evaluation():
    """Return an evaluation of zenke2015 with a verdict on a claim of its own, and on another one."""
    own = judged("published", "reproduced", id="potentiation-above-target")
    return evaluated("zenke2015", own, judged("ours", "undecided", id="another")) | {"parameters": {}}


def section():
    return gallery.section(experiments.resolve("zenke2015"), [evaluation()], "full")


def test_the_gallery_has_the_line_beside_the_verdict_and_the_command_that_renews_it(commit):
    content = commit()
    line = content["claims"][0]["line"].replace("[", r"\[").replace("]", r"\]")
    page = section()
    assert f"| **reproduced** | {line} | a statement (`potentiation-above-target`, " in page
    assert "| verdict | around the printed parameters | claim | source |" in page
    # Nothing is known of our own findings, and no column says so.
    assert "| verdict | claim | source |" in page
    again = "Around the printed parameters: 12,000 runs, 12 seeds of each set of parameters of scale standard. Again: "
    assert f"{again}`{content['command']}`" in page.splitlines()


def test_without_a_committed_summary_nothing_is_said(commit):
    assert "round the printed parameters" not in section()


@pytest.mark.parametrize("changes", [{"code_digest": "0"}, {"parameters_digest": "0"}])
def test_what_is_of_other_code_or_parameters_is_not_told_but_named_with_the_command(commit, capsys, changes):
    content = commit(**changes)
    told = section()
    assert "holds for" not in told
    assert "zenke2015.robustness.json is of other code or parameters than are there now, and not told" in told
    assert f"`{content['command']}`" in told
    tables.show_claims(evaluation())
    told = capsys.readouterr().out
    assert "holds for" not in told
    assert content["command"] in " ".join(told.split())


def test_the_terminal_tells_the_line_below_the_verdicts(commit, capsys):
    content = commit()
    tables.show_claims(evaluation())
    told = " ".join(capsys.readouterr().out.split())
    line = content["claims"][0]["line"]
    assert f"potentiation-above-target, around the printed parameters: {line}" in told
    assert told.count("around the printed parameters: ") == 1
    assert f"again: {content['command']}" in told


def test_a_line_is_no_markup(commit):
    hostile = "x | y <script>alert(1)</script> [a](javascript:alert(2)) `c` *d* $e$"
    claims = [claim | {"line": hostile} for claim in fakes.summary()["claims"]]
    commit(claims=claims, command=hostile)
    plain = re.sub("`[^`]*`", "", re.sub(r"\\.", "", section()))
    assert not re.search(r"[<>`$]", plain)
    assert "](javascript" not in plain


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("93.8 %", "99.8 %", "was changed or damaged after it was written"),
        ('"experiment": "zenke2015"', '"experiment": 5', r"no valid summary of robustness \(experiment: "),
        ("{", "", "no valid summary of robustness"),
    ],
)
def test_a_damaged_summary_is_told_in_one_line(commit, tmp_path, old, new, message):
    commit()
    path = tmp_path / f"zenke2015.{robustness_found.SUFFIX}"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=message) as refused:
        section()
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("restore it from git")


def test_a_claim_whose_bound_has_changed_since_is_not_told(commit):
    claims = fakes.summary()["claims"]
    commit(claims=[claims[0] | {"lower": 0.7}, *claims[1:]])
    assert "holds for" not in section()
