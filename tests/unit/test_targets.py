"""Files that a user asks Snakemake for, and that it does not make."""

import pytest

from replasticity.definitions import configuration
from replasticity.errors import UserError
from replasticity.pipeline import targets


@pytest.fixture(scope="module")
def check():
    read = configuration.read([], ["scale=quick", "experiments=[zenke2015, clopath2010_1000s, beats]"])
    made = configuration.resolve_all(read)

    def check(word):
        targets.check(
            word,
            made,
            read,
            lambda name: ["1-3"],
            lambda: ["zenke_seed1"],
            lambda: ["zenke2015-brian2"],
            lambda name: ["1-17"],
        )

    return check


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("results/figures/Beats.png", "no figure 'Beats' is made (did you mean 'beats'?); allowed: beats, zenke2015"),
        ("results/figures/zenke2015_paper.nc", "no figure 'zenke2015_paper' is made"),
        ("./results/ensembles/nothing.nc", "no experiment 'nothing' is made; allowed: "),
        ("results/evaluations/clopath2010_1000s.json", "; left out at scale 'quick': clopath2010_1000s; not among "),
        ("results/ensembles/epsp.nc", "not among 'experiments' of the configuration: beats_map, "),
        ("results/runs/epsp/seeds-1-3.json", "no experiment 'epsp' is made"),
        ("results/runs/beats/seeds-1-7.json", "no job '1-7' is made (did you mean '1-3'?); allowed: 1-3"),
        ("results/runs/beats/seed-1.nc", "single runs are no targets"),
        ("results/replays/zenke_seed2.json", "no recording 'zenke_seed2' is made"),
        ("results/robustness/nothing.json", "no experiment 'nothing' is made; allowed: "),
        ("results/robustness/beats/parts-1-7.json", "no job '1-7' is made (did you mean '1-17'?); allowed: 1-17"),
        ("results/robustness/beats/within-0.1/morris-0-4.nc", "single parts are no targets"),
        ("results/conform/zenke2015-nest.json", "no comparison 'zenke2015-nest' is made"),
    ],
)
def test_what_is_not_made_is_told_with_what_is(in_project, check, word, text):
    for written in (word, str(in_project / word)):
        with pytest.raises(UserError) as error:
            check(written)
        assert str(error.value).startswith(f"{written}: ")
        assert text in str(error.value)


@pytest.mark.parametrize(
    "word",
    ["check", "all", "results/figures/beats.svg", "results/ensembles/zenke2015_paper.nc", "results/report.html", "-n"],
)
def test_what_is_made_is_fine(in_project, check, word):
    check(word)
