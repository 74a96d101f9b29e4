"""Gates: what each study passes without a test of its own, ours and those of all other places. See `testing.gates`."""

import pytest

from replasticity import testing
from replasticity.storage import places
from replasticity.testing import outcomes


@pytest.mark.parametrize(
    ("study", "gate"),
    [
        pytest.param(study, gate, id=f"{study}-{gate.name}", marks=[pytest.mark.slow] * gate.is_slow)
        for study in places.studies()
        for gate in testing.GATES
    ],
)
def test_a_study_passes_each_gate(study, gate, in_project):
    outcomes.check(study, gate)
