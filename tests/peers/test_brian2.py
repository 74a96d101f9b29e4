"""Brian2 beside ours, where it is installed: what docs/models/pair_stdp.md says of its rounding."""

import json
import subprocess

import pytest

from replasticity.comparison import Deviation
from replasticity.definitions import experiments
from replasticity.errors import UnsupportedError
from replasticity.peers import environments, live
from replasticity.study import protocols

BRIAN2 = environments.environment("brian2")
pytestmark = pytest.mark.skipif(not BRIAN2.is_complete, reason=f"no Brian2; '{BRIAN2.command}' installs it")

PREAMBLE = """
import json
from brian2 import *
prefs.codegen.target = "numpy"
"""


def in_brian2(code):
    """Return what some code makes of Brian2: its variable "found"."""
    command = [BRIAN2.python, "-I", "-c", f"{PREAMBLE}{code}\nprint(json.dumps(found))"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def epsp(**changes):
    return experiments.resolve("epsp", "quick", protocols.get("beats_epsp").live.short | changes)


def differing(compared: list[Deviation]):
    return [row.quantity for row in compared if not row.holds]


def test_brian2_divides_the_constants_of_a_text_first():
    """docs/models/pair_stdp.md#constant-quotient: it is beyond 9 ms, and so is a spike that is asked for then."""
    found = in_brian2("""
neurons = NeuronGroup(11, "requested : second")
latest = 10*ms
neurons.requested = "i * latest / (N - 1)"
found = float(neurons.requested[9])
""")
    assert found == 9 * (0.01 / 10) > 9 * 0.01 / 10 == 0.009


def test_a_potential_that_settles_at_the_threshold_spikes_in_brian2_and_is_refused():
    """docs/models/pair_stdp.md#settled-potential."""
    spikes = in_brian2("""
E_L, I_const, tau_m, V_th = -65*mV, 10*mV, 0.1*ms, -55*mV
equations = "dv/dt = (E_L - v + I_const) / tau_m : volt"
neurons = NeuronGroup(1, equations, threshold="v > V_th", reset="v = E_L", method="exact")
neurons.v = E_L
monitor = SpikeMonitor(neurons)
run(50*ms)
found = int(monitor.num_spikes)
""")
    assert spikes > 0
    settled = epsp(E_L_mV=-65.0, I_const_mV=10.0, V_th_mV=-55.0, tau_m_ms=0.1, psp_scale_mV=0.0)
    assert not protocols.get("beats_epsp").simulate(settled.parameters, {})["readout_spike_step"].size
    with pytest.raises(UnsupportedError, match="settled-potential"):
        live.run(settled, 1, "brian2")


@pytest.mark.parametrize("delay_ms", [0.05, 0.15, 0.25, 2.0])
def test_half_a_step_of_a_delay_is_rounded_as_in_brian2(delay_ms):
    """docs/models/pair_stdp.md#half-step-delay."""
    assert not differing(live.compare(epsp(delay_ms=delay_ms), 1, "brian2"))


def test_the_peak_of_a_potential_that_has_settled_is_the_same():
    changes = {"I_const_mV": 5.0, "psp_scale_mV": 0.0, "tau_m_ms": 0.2}
    assert not differing(live.compare(epsp(**changes), 1, "brian2"))
