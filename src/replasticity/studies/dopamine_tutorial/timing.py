"""One dopamine-modulated synapse: its weight against the time of the dopamine spike (NESTML tutorial).

One presynaptic and one postsynaptic spike leave an eligibility trace; a dopamine spike turns what is left of it into a
change of weight. Nothing is random. Source: docs/models/dopamine_stdp.md#protocol-timing.
"""

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, ValidationError, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, Positive
from replasticity.errors import UserError
from replasticity.storage.contract import Arrays, Recorded, Variable, build, ratio
from replasticity.studies.dopamine_tutorial.shared import (
    FloatArray,
    IntArray,
    Outcome,
    Population,
    Readings,
    Relayed,
    SynapseParameters,
    check_grid,
    check_neurons,
    network_cost,
    simulate_relayed,
    stamps,
    steps_of,
    translated,
)

if TYPE_CHECKING:
    import xarray as xr

Times = list[NonNegative]


class Parameters(SynapseParameters):
    """Parameters of the protocol."""

    weight_initial: NonNegative = Field(description="Weight at the start.")
    A_vt: Annotated[list[float], Field(min_length=1)] = Field(description="Amounts of dopamine of a spike.")
    pre_times_ms: Times = Field(description="Presynaptic spikes, as given to the generator.")
    post_times_ms: Times = Field(description="Postsynaptic spikes, as given to the generator.")
    dopamine_times_ms: Annotated[Times, Field(min_length=1)] = Field(
        description="Times of the dopamine spike, as given to the generator; one point each."
    )
    kick_mV: float = Field(description="Jump of the potential that makes the neuron spike.")
    sample_interval_ms: Positive = Field(description="Interval of the samples of the synapse.")
    tau_m_ms: Positive = Field(description="Time constant of the membrane.")
    E_L_mV: float = Field(description="Resting potential, and potential at the start.")
    V_reset_mV: float = Field(description="Potential after a spike.")
    V_th_mV: float = Field(description="Threshold.")
    refractory_ms: NonNegative = Field(description="Refractory time.")

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        check_grid(self)
        check_neurons(self)
        if not (info.context and info.context.get("recorded")):
            self.require_whole_steps("sample_interval_ms", least=1)
            slices = self.sample_interval_ms / self.slice_ms
            if abs(slices - round(slices)) > 1e-9:
                raise ValueError("sample_interval_ms: has to be a whole multiple of slice_ms")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: one point after the other, whose readings are kept."""
        points = len(self.A_vt) * len(self.dopamine_times_ms)
        readings = 5 * (self.duration_ms / self.sample_interval_ms + 2)
        memory_bytes, seconds = network_cost(
            self,
            [Population(1, self.refractory_ms)],
            synapses=1,
            events=len(self.pre_times_ms) + len(self.post_times_ms) + 1,
            kept_numbers=readings * points,
        )
        return Cost(memory_bytes, points * seconds)


_POINT = ("amount", "point")
RUN: dict[str, Variable] = {
    "time_ms": Variable(("time_ms",), "time of the samples"),
    "weight": Variable((*_POINT, "time_ms"), "weight"),
    "c": Variable((*_POINT, "time_ms"), "eligibility trace"),
    "n": Variable((*_POINT, "time_ms"), "dopamine concentration"),
    "x": Variable((*_POINT, "time_ms"), "presynaptic trace"),
    "weight_final": Variable(_POINT, "weight at the end"),
}

_NO_CLOSED_FORM = "the closed form is for one pre- before one postsynaptic spike, and b = 0"
STATISTICS: dict[str, Variable] = {
    "dopamine_ms": Variable(("point",), "time of the dopamine spike, as given to the generator", resolution=1e-9),
    "A_vt": Variable(("amount",), "amount of dopamine", resolution=1e-9),
    "weight_final": Variable(_POINT, "weight at the end", resolution=1e-9),
    "weight_closed_form": Variable(
        _POINT, "weight at the end by the closed form, for one spike each", resolution=1e-9, undefined=_NO_CLOSED_FORM
    ),
    "deviation": Variable((), "largest deviation from the closed form", resolution=1e-9, undefined=_NO_CLOSED_FORM),
    "asymmetry": Variable(
        (),
        "largest |sum of both weight changes| of opposite amounts",
        resolution=1e-9,
        undefined="no two amounts are opposite",
    ),
    "decay_ms": Variable(
        (),
        "time constant of the weight change against the dopamine time",
        resolution=1e-6,
        undefined="with the first amount the weight does not grow at each dopamine time, or there is one time",
    ),
}

OUTPUT_OPTIONS = ("step_every_slice", "sample_interval_ms")

SHORTEST = {"A_vt": [1.0], "dopamine_times_ms": [1000.0]}

TRACES = ("time_ms", "weight", "c", "n")

PEER_NAMES: dict[str, str] = {}


def _simulate(
    parameters: Parameters,
    spikes_ms: tuple[FloatArray, FloatArray, FloatArray],
    A_vt: float,
    read: IntArray,
    already_relayed: tuple[bool, bool] = (False, False),
) -> tuple[Outcome, Readings]:
    """Run one synapse with presynaptic, postsynaptic and dopamine spikes as given to the generators.

    ``already_relayed`` says whether the presynaptic and the dopamine spikes are those of the relays.
    """
    relay = steps_of(parameters.relay_delay_ms, parameters)
    pre, post, dopamine = (stamps(times_ms, parameters) for times_ms in spikes_ms)
    pre = pre if already_relayed[0] else pre + relay
    dopamine = (dopamine if already_relayed[1] else dopamine + relay) + steps_of(
        parameters.dopamine_delay_ms, parameters
    )
    given = Relayed(
        spike_stamp=pre,
        spike_cell=np.zeros(len(pre), np.int64),
        kick_stamp=post + relay,
        kick_cell=np.zeros(len(post), np.int64),
        kick_mV=parameters.kick_mV,
        dopamine_stamp=dopamine,
        dopamine_amount=np.full(len(dopamine), A_vt / parameters.tau_n_ms),
        weight_initial=np.array([float(parameters.weight_initial)]),
    )
    return simulate_relayed(parameters, given, read, 0)


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run of all points.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        Not used.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`.
    """
    every = steps_of(parameters.sample_interval_ms, parameters)
    end = steps_of(parameters.duration_ms, parameters)
    read = np.arange(0, end + 1, every)
    last = read[-1] == end
    points = []
    for A_vt in parameters.A_vt:
        for dopamine_ms in parameters.dopamine_times_ms:
            spikes = (
                np.array(parameters.pre_times_ms),
                np.array(parameters.post_times_ms),
                np.array([dopamine_ms]),
            )
            points.append(_simulate(parameters, spikes, A_vt, read if last else np.append(read, end))[1])
    shape = (len(parameters.A_vt), len(parameters.dopamine_times_ms), -1)

    def gathered(name: str) -> FloatArray:
        values: FloatArray = np.array([getattr(point, name)[:, 0] for point in points]).reshape(shape)
        return values

    return build(
        RUN,
        {
            "time_ms": read * parameters.dt_ms,
            "weight": gathered("weight")[..., : len(read)],
            "c": gathered("c")[..., : len(read)],
            "n": gathered("n")[..., : len(read)],
            "x": gathered("x")[..., : len(read)],
            "weight_final": gathered("weight")[..., -1],
        },
    )


def closed_form(parameters: Parameters) -> FloatArray:
    """Return the final weight of each point for one presynaptic, then one postsynaptic, then one dopamine spike.

    docs/models/dopamine_stdp.md#closed-form, for b = 0 and a weight that stays positive; NaN for other spikes.

    Returns
    -------
    ndarray of float64, shape (amounts, points)
        Weights.
    """
    A_vt, dopamine_ms = np.meshgrid(parameters.A_vt, parameters.dopamine_times_ms, indexing="ij")
    if len(parameters.pre_times_ms) != 1 or len(parameters.post_times_ms) != 1 or parameters.b != 0.0:
        return np.full(A_vt.shape, np.nan)
    pre_ms = parameters.pre_times_ms[0] + parameters.relay_delay_ms
    post_ms = parameters.post_times_ms[0] + parameters.relay_delay_ms + parameters.delay_ms
    arrival_ms = dopamine_ms + parameters.relay_delay_ms + parameters.dopamine_delay_ms
    # Dopamine before the postsynaptic spike has decayed a little when the trace begins.
    both_ms = np.maximum(arrival_ms, post_ms)
    tau_both_ms = 1 / (1 / parameters.tau_c_ms + 1 / parameters.tau_n_ms)
    c = parameters.A_plus * np.exp(-(post_ms - pre_ms) / parameters.tau_pre_ms)
    c = c * np.exp(-(both_ms - post_ms) / parameters.tau_c_ms)
    n = A_vt / parameters.tau_n_ms * np.exp(-(both_ms - arrival_ms) / parameters.tau_n_ms)
    weight: FloatArray = parameters.weight_initial + c * n * tau_both_ms * -np.expm1(
        -(parameters.duration_ms - both_ms) / tau_both_ms
    )
    return weight if post_ms > pre_ms else np.full(A_vt.shape, np.nan)


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {"point": len(parameters.dopamine_times_ms), "amount": len(parameters.A_vt)}


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of the run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`.
    """
    weight, expected = run["weight_final"], closed_form(parameters)
    change = weight - parameters.weight_initial
    opposite = [
        np.abs(change[i] + change[k]).max()
        for i, first in enumerate(parameters.A_vt)
        for k, second in enumerate(parameters.A_vt)
        if first == -second and i < k
    ]
    decay_ms = np.nan
    if len(set(parameters.dopamine_times_ms)) > 1 and np.all(change[0] > 0):
        decay_ms = float(ratio(-1, np.polyfit(parameters.dopamine_times_ms, np.log(change[0]), 1)[0]))
    return build(
        STATISTICS,
        {
            "dopamine_ms": parameters.dopamine_times_ms,
            "A_vt": parameters.A_vt,
            "weight_final": weight,
            "weight_closed_form": expected,
            "deviation": np.abs(weight - expected).max(),
            "asymmetry": max(opposite, default=np.nan),
            "decay_ms": decay_ms,
        },
    )


# Replaying recordings of NEST ------------------------------------------------------------------------

RECORDINGS = ("dopa_timing",)

#: Our parameter -> path in the recorded ones.
_PARAMETER_PATHS = {
    "tau_pre_ms": "synapse.tau_tr_pre",
    "tau_c_ms": "synapse.tau_c",
    "tau_n_ms": "synapse.tau_n",
    "b": "synapse.b",
    "A_plus": "synapse.A_plus",
    "A_minus": "synapse.A_minus",
    "delay_ms": "plastic_delay_ms",
    "relay_delay_ms": "generator_delay_ms",
    "dopamine_delay_ms": "vt_delay_ms",
    "weight_initial": "synapse.w",
    "kick_mV": "post_generator_weight",
    "tau_m_ms": "neuron.tau_m",
    "E_L_mV": "neuron.E_L",
    "V_reset_mV": "neuron.V_reset",
    "V_th_mV": "neuron.V_th",
    "refractory_ms": "neuron.refr_T",
}

#: Our parameter -> recorded variable with a value per point.
_POINT_VARIABLES = {
    "tau_pre_ms": "tau_tr_pre",
    "tau_post_ms": "tau_tr_post",
    "tau_c_ms": "tau_c",
    "tau_n_ms": "tau_n",
    "b": "b",
    "A_plus": "A_plus",
    "A_minus": "A_minus",
    "delay_ms": "delay",
    "slice_ms": "min_delay",
    "weight_initial": "w_initial",
}

_STATES = {"w": "weight", "c": "c", "n": "n", "pre_tr": "x"}
_TOLERANCE = Tolerance(absolute=1e-9)

TOLERANCES: dict[str, Tolerance] = {f"{name}_{which}": _TOLERANCE for name in _STATES for which in ("log", "final")}

SPIKES = ("post_actual_spike",)

_SPIKE_LISTS = ("pre_scheduled_spike", "pre_actual_spike", "post_scheduled_spike", "dopa_scheduled_spike")
RECORDED_INPUTS = (
    "label",
    "log_time",
    "A_vt",
    "sim_time",
    *_POINT_VARIABLES.values(),
    *(f"{name}_{part}" for name in (*_SPIKE_LISTS, "dopa_actual_spike") for part in ("time", "index")),
)

NEEDED_INPUTS = ("post_scheduled_spike_time", "post_scheduled_spike_index")


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation; single points replace some of them.

    There are as many points, all as long and with as long a delay, as in the recording: what they cost is checked.
    """
    if recording.sizes.get("point") == 0:
        raise UserError("dimension 'point' has no entries")
    duration_ms = max(
        float(recording.attrs.get("duration_ms", 0.0)), _largest(recording, "sim_time"), _largest(recording, "log_time")
    )
    defaults = {
        "b": 0.0,
        "tau_post_ms": 20.0,
        "delay_ms": 0.5,
        "slice_ms": 0.5,
        "relay_delay_ms": 1.0,
        "dopamine_delay_ms": 1.0,
        "kick_mV": 9999.0,
    }
    return (
        defaults
        | translated(parameters, _PARAMETER_PATHS)
        | ({"delay_ms": _largest(recording, "delay")} if "delay" in recording else {})
        | {
            "dt_ms": float(recording.attrs.get("resolution_ms", 0.1)),
            "duration_ms": duration_ms,
            "events": "slice",
            "step_every_slice": True,
            "A_vt": [1.0],
            "pre_times_ms": [],
            "post_times_ms": [],
            "dopamine_times_ms": [0.0] * max(recording.sizes.get("point", 0), 1),
            "sample_interval_ms": max(duration_ms, 0.1),
        }
    )


def _largest(recording: "xr.Dataset", name: str) -> float:
    """Return the largest value of a variable, 0 if there is none."""
    return float(recording[name].values.max(initial=0)) if name in recording else 0.0


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of each point of a recording.

    Parameters
    ----------
    recording : xarray.Dataset
        With the dimension ``point``, parameters per point, and spikes as pairs of time and point.
    parameters : Parameters
        Parameters that all points share.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    log = stamps(recording["log_time"].values, parameters) if "log_time" in recording else np.zeros(0, np.int64)
    spike_ms: list[FloatArray] = []
    spike_point: list[IntArray] = []
    readings: list[Readings] = []
    for point in range(recording.sizes["point"]):
        changes = {
            ours: float(recording[theirs].values[point])
            for ours, theirs in _POINT_VARIABLES.items()
            if theirs in recording
        }
        duration_ms = float(
            recording["sim_time"].values[point] if "sim_time" in recording else recording.attrs["duration_ms"]
        )
        end = stamps(duration_ms, parameters)
        longest_ms = max(duration_ms, float(log.max(initial=0)) * parameters.dt_ms)
        own = _of_point(parameters, changes | {"duration_ms": longest_ms}, point)
        pre_ms, pre_relayed = _spikes_of_point(recording, "pre", point)
        dopamine_ms, dopamine_relayed = _spikes_of_point(recording, "dopa", point)
        chosen = recording["post_scheduled_spike_index"].values == point
        post_ms = recording["post_scheduled_spike_time"].values[chosen]
        A_vt = float(recording["A_vt"].values[point]) if "A_vt" in recording else parameters.A_vt[0]
        read = np.unique(np.append(log, end))
        outcome, reading = _simulate(own, (pre_ms, post_ms, dopamine_ms), A_vt, read, (pre_relayed, dopamine_relayed))
        rows = np.searchsorted(read, np.append(log, end))
        readings.append(Readings(*(values[rows, 0] for values in reading)))
        emitted = outcome.stamp[outcome.stamp <= end]
        spike_ms.append((emitted * parameters.dt_ms).astype(np.float64))
        spike_point.append(np.full(len(emitted), point))
    variables: dict[str, tuple[Any, Any]] = {
        "post_actual_spike_time": ("post_actual_spike", np.concatenate(spike_ms)),
        "post_actual_spike_index": ("post_actual_spike", np.concatenate(spike_point).astype(np.int32)),
    }
    for theirs, ours in _STATES.items():
        values = np.array([getattr(reading, ours) for reading in readings])
        variables[f"{theirs}_log"] = (("point", "log"), values[:, :-1])
        variables[f"{theirs}_final"] = ("point", values[:, -1])
    return variables


def _of_point(parameters: Parameters, changes: dict[str, float], point: int) -> Parameters:
    """Return the parameters of one point; raise a `UserError` that names the first one that is not allowed."""
    try:
        return Parameters.model_validate(parameters.model_dump() | changes, context={"recorded": True})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"point {point}: {name}{': ' if name else ''}{message}") from error


def _spikes_of_point(recording: "xr.Dataset", cell: str, point: int) -> tuple[FloatArray, bool]:
    """Return the spikes of a relay if they were recorded, else those of its generator; and which of both."""
    for which in ("actual", "scheduled"):
        if f"{cell}_{which}_spike_time" in recording:
            chosen = recording[f"{cell}_{which}_spike_index"].values == point
            return recording[f"{cell}_{which}_spike_time"].values[chosen], which == "actual"
    raise UserError(f"has no variable '{cell}_actual_spike_time' and none '{cell}_scheduled_spike_time'")
