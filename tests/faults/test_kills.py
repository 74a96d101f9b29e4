"""SIGKILL of jobs, of Snakemake and of both: the next call completes, with the bytes of an undisturbed run."""

import pytest

from tests.faults import kills

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

# Kills of Snakemake cost two starts of Snakemake each.
NUMBERS = {"job": 42, "snakemake": 4, "group": 4}


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    return kills.Campaign(tmp_path_factory.mktemp("kills") / "project", seed=1)


@pytest.mark.parametrize("target", kills.TARGETS)
def test_results_are_those_of_an_undisturbed_run(campaign, target):
    before = campaign.kills
    campaign.run(target, NUMBERS[target])
    assert campaign.kills == before + NUMBERS[target]


def test_each_kind_of_kill_is_done():
    assert set(NUMBERS) == set(kills.TARGETS)
    assert sum(NUMBERS.values()) >= 50
