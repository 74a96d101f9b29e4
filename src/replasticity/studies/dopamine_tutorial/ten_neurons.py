"""Ten neurons with dopamine-modulated STDP: Poisson inputs, three rewards, three punishments (NESTML tutorial).

Each neuron has one plastic synapse from a Poisson relay. Reward adds dopamine, punishment takes it away.
Source: docs/models/dopamine_stdp.md#protocol-ten.
"""

import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, Positive, PositiveInt
from replasticity.numerics import random
from replasticity.storage.contract import Arrays, Recorded, Variable, build, ratio, require_indices
from replasticity.studies.dopamine_tutorial.shared import (
    FloatArray,
    IntArray,
    Population,
    Relayed,
    SynapseParameters,
    check_chunks,
    check_grid,
    check_neurons,
    most_poisson,
    network_cost,
    poisson_stamps,
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

    neuron_count: PositiveInt = Field(description="Number of neurons, each with one plastic synapse.")
    input_rate_Hz: NonNegative = Field(description="Rate of each Poisson input.")
    weight_initial_mV: NonNegative = Field(description="Weights at the start: jump of the potential per spike.")
    reward_times_ms: Times = Field(description="Times of rewards, as given to the generator.")
    punishment_times_ms: Times = Field(description="Times of punishments, as given to the generator.")
    A_vt_reward: float = Field(description="Amount of dopamine of a spike, until the first punishment.")
    A_vt_punishment: float = Field(description="Amount of dopamine of a spike, from the first punishment on.")
    chunk_ms: Positive = Field(
        description="Time from one reading to the next; the amount of dopamine changes at the end of such a chunk."
    )
    tau_m_ms: Positive = Field(description="Time constant of the membrane.")
    E_L_mV: float = Field(description="Resting potential, and potential at the start.")
    V_reset_mV: float = Field(description="Potential after a spike.")
    V_th_mV: float = Field(description="Threshold.")
    refractory_ms: NonNegative = Field(description="Refractory time.")
    epoch_edges_ms: Annotated[Times, Field(min_length=2)] = Field(
        description="Borders of the epochs in which output spikes are counted; weights are compared at some of them."
    )

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        check_grid(self)
        check_neurons(self)
        recorded = bool(info.context and info.context.get("recorded"))
        if not recorded:
            for name in ("reward_times_ms", "punishment_times_ms", "epoch_edges_ms"):
                if any(time_ms > self.duration_ms for time_ms in getattr(self, name)):
                    raise ValueError(f"{name}: no time after the end at {self.duration_ms:g} ms")
            if sorted(self.epoch_edges_ms) != self.epoch_edges_ms:
                raise ValueError("epoch_edges_ms: have to be in order of time")
            check_chunks(self)
        return self

    def cost(self) -> Cost:
        """Return what a run needs."""
        inputs = most_poisson(self.input_rate_Hz * self.duration_ms / 1000 * self.neuron_count)
        readings = 5 * self.duration_ms / self.chunk_ms
        bins = self.duration_ms / RATE_BIN_MS + self.duration_ms / RASTER_BIN_MS + 2
        return network_cost(
            self,
            [Population(self.neuron_count, self.refractory_ms)],
            synapses=self.neuron_count,
            events=inputs + len(self.reward_times_ms) + len(self.punishment_times_ms),
            kept_numbers=(readings + bins + len(self.epoch_edges_ms)) * self.neuron_count,
        )


RUN: dict[str, Variable] = {
    "input_spike_ms": Variable(("input_spike",), "spikes of the Poisson relays"),
    "input_spike_index": Variable(("input_spike",), "neuron of each of them", "int32"),
    "spike_ms": Variable(("spike",), "output spikes"),
    "spike_index": Variable(("spike",), "neuron of each of them", "int32"),
    "time_ms": Variable(("time_ms",), "time at which the synapses are read"),
    "weight_mV": Variable(("time_ms", "neuron"), "weight of the synapse of each neuron"),
    "c": Variable(("time_ms", "neuron"), "eligibility trace"),
    "n": Variable(("time_ms", "neuron"), "dopamine concentration, as the synapse stores it"),
    "x": Variable(("time_ms", "neuron"), "presynaptic trace"),
    "rate_time_ms": Variable(("rate_time_ms",), "middle of each bin of the rate"),
    "binned_count": Variable(("rate_time_ms", "neuron"), "output spikes in each bin", "int32"),
    "raster_time_ms": Variable(("raster_time_ms",), "middle of each bin of the raster"),
    "raster_count": Variable(("raster_time_ms", "neuron"), "output spikes in each bin of the raster", "int8"),
}

#: Bins of the rate and of the raster in figures [ms].
RATE_BIN_MS = 250.0
RASTER_BIN_MS = 10.0

_PLACES = "at the end of the run"
_EMPTY_EPOCH = "an epoch ends where it begins"
STATISTICS: dict[str, Variable] = {
    "weight_final_mV": Variable(("neuron",), f"weight {_PLACES}", resolution=1e-9, discrete=True),
    "weight_at_mV": Variable(
        ("when", "neuron"),
        "weight before the rewards, after them, before the punishments, at the end",
        resolution=1e-9,
        discrete=True,
    ),
    "spike_count": Variable(("epoch", "neuron"), "output spikes in each epoch", "int32"),
    "input_count": Variable(("neuron",), "input spikes", "int32"),
    "rate_Hz": Variable(
        ("epoch",), "mean output rate in each epoch", resolution=1e-9, discrete=True, undefined=_EMPTY_EPOCH
    ),
    "weight_mean_mV": Variable(
        ("sample",), "weight averaged over the synapses, at each reading", resolution=1e-9, discrete=True
    ),
    "rate_binned_Hz": Variable(("rate_bin",), "mean output rate in bins of 250 ms", resolution=1e-9, discrete=True),
    "reward_gain_mV": Variable((), "mean weight after the rewards minus before", resolution=1e-9, discrete=True),
    "punishment_gain_mV": Variable(
        (), "mean weight at the end minus before the punishments", resolution=1e-9, discrete=True
    ),
    "share_raised": Variable((), "share of synapses that are stronger after the rewards than before", discrete=True),
    "share_lowered": Variable(
        (), "share of synapses that are weaker at the end than before the punishments", discrete=True
    ),
    "share_zero": Variable((), "share of synapses that end at exactly 0", discrete=True),
    "dopamine_spread_percent": Variable(
        (),
        "largest difference of n between synapses at a reading, of the largest n",
        resolution=1e-9,
        undefined="there is no dopamine",
        discrete=True,
    ),
    "rate_gain_Hz": Variable(
        (), "mean rate in the third epoch minus the first", resolution=1e-9, discrete=True, undefined=_EMPTY_EPOCH
    ),
    "rate_loss_Hz": Variable(
        (), "mean rate in the last epoch minus the third", resolution=1e-9, discrete=True, undefined=_EMPTY_EPOCH
    ),
}

OUTPUT_OPTIONS = ("step_every_slice", "epoch_edges_ms")

TRACES = ("time_ms", "weight_mV", "c", "n", "rate_time_ms", "binned_count", "raster_time_ms", "raster_count")

PEER_NAMES = {
    "weight_final_mV": "w_final",
    "weight_at_mV": "w_at",
    "spike_count": "n_post",
    "input_count": "n_pre",
    "weight_mean_mV": "log_w_mean",
}


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return the spikes of the Poisson relays.

    Parameters
    ----------
    parameters : Parameters
        Rates, sizes and durations.
    seed : int
        Seed of the run.

    Returns
    -------
    dict of str to ndarray
        ``input_spike_ms`` and ``input_spike_index``.
    """
    steps = steps_of(parameters.duration_ms, parameters) - steps_of(parameters.relay_delay_ms, parameters)
    stamp, cell = poisson_stamps(
        random.generator(seed, "inputs"), parameters.input_rate_Hz, parameters.neuron_count, steps, parameters.dt_ms
    )
    spike_ms = (stamp + steps_of(parameters.relay_delay_ms, parameters)) * parameters.dt_ms
    return build(RUN, {"input_spike_ms": spike_ms, "input_spike_index": cell})


def amount_at(arrival: IntArray, parameters: Parameters) -> FloatArray:
    """Return what each arrival of dopamine adds to n: the amount in force at the end of its slice, over tau_n.

    Source: docs/models/dopamine_stdp.md#through.
    """
    ends = arrival
    if parameters.events == "slice":
        slice_steps = steps_of(parameters.slice_ms, parameters)
        ends = -(-arrival // slice_steps) * slice_steps
    return amount_in_force(ends, parameters) / parameters.tau_n_ms


def amount_in_force(time: IntArray, parameters: Parameters) -> FloatArray:
    """Return the amount of dopamine of a spike in the chunks that hold some times [steps]; a chunk holds its end.

    The amount changes at the end of the last chunk that ends at or before the first punishment.
    """
    first_ms = min(parameters.punishment_times_ms, default=np.inf)
    chunk_end_ms = np.ceil(time * parameters.dt_ms / parameters.chunk_ms - 1e-9) * parameters.chunk_ms
    amount: FloatArray = np.where(
        chunk_end_ms <= first_ms + 1e-9, parameters.A_vt_reward, parameters.A_vt_punishment
    ).astype(np.float64)
    return amount


def _simulate(
    parameters: Parameters, stamp: IntArray, cell: IntArray, dopamine: IntArray, read: IntArray, V_steps: int
) -> Any:
    """Run the neurons with given input spikes; ``dopamine`` are stamps of the dopamine relay."""
    nothing = np.zeros(0, np.int64)
    arrival = dopamine + steps_of(parameters.dopamine_delay_ms, parameters)
    given = Relayed(
        spike_stamp=stamp,
        spike_cell=cell,
        kick_stamp=nothing,
        kick_cell=nothing,
        kick_mV=0.0,
        dopamine_stamp=arrival,
        dopamine_amount=amount_at(arrival, parameters),
        weight_initial=np.full(parameters.neuron_count, float(parameters.weight_initial_mV)),
    )
    return simulate_relayed(parameters, given, read, V_steps)


def dopamine_stamps(parameters: Parameters) -> IntArray:
    """Return when the dopamine relay spikes."""
    times_ms = sorted([*parameters.reward_times_ms, *parameters.punishment_times_ms])
    return stamps(times_ms, parameters) + steps_of(parameters.relay_delay_ms, parameters)


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run of the ten neurons.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `sample_inputs`.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    read_ms = np.arange(round(parameters.duration_ms / parameters.chunk_ms) + 1) * parameters.chunk_ms
    outcome, readings = _simulate(
        parameters,
        stamps(inputs["input_spike_ms"], parameters),
        inputs["input_spike_index"].astype(np.int64),
        dopamine_stamps(parameters),
        stamps(read_ms, parameters),
        0,
    )

    def counted(bin_ms: float) -> tuple[Any, Any]:
        bins = int(np.ceil(parameters.duration_ms / bin_ms))
        count = np.zeros((bins, parameters.neuron_count), np.int64)
        # A spike at the border of two bins belongs to the first: (0, 250], (250, 500], ...
        place = np.ceil(outcome.stamp * parameters.dt_ms / bin_ms - 1e-9).astype(np.int64) - 1
        np.add.at(count, (np.minimum(place, bins - 1), outcome.neuron), 1)
        return (np.arange(bins) + 0.5) * bin_ms, count

    rate_time_ms, count = counted(RATE_BIN_MS)
    raster_time_ms, raster = counted(RASTER_BIN_MS)
    return build(
        RUN,
        {
            "spike_ms": outcome.stamp * parameters.dt_ms,
            "spike_index": outcome.neuron,
            "time_ms": read_ms,
            "weight_mV": readings.weight,
            "c": readings.c,
            "n": readings.n,
            "x": readings.x,
            "rate_time_ms": rate_time_ms,
            "binned_count": count,
            "raster_time_ms": raster_time_ms,
            "raster_count": raster,
        },
    )


def comparison_times_ms(parameters: Parameters) -> list[float]:
    """Return when weights are compared: before rewards, after them, before punishments (20 ms earlier), at the end."""
    reward_ms = min(parameters.reward_times_ms, default=0.0)
    punishment_ms = min(parameters.punishment_times_ms, default=parameters.duration_ms)
    after_ms = max(parameters.reward_times_ms, default=0.0) + 1000.0
    chunk_ms = parameters.chunk_ms
    return [
        *(np.floor(time_ms / chunk_ms + 1e-9) * chunk_ms for time_ms in (reward_ms, after_ms, punishment_ms)),
        parameters.duration_ms,
    ]


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {
        "neuron": parameters.neuron_count,
        "when": len(comparison_times_ms(parameters)),
        "epoch": len(parameters.epoch_edges_ms) - 1,
        "sample": round(parameters.duration_ms / parameters.chunk_ms) + 1,
        "rate_bin": math.ceil(parameters.duration_ms / RATE_BIN_MS),
    }


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`, with its inputs.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`.
    """
    weight_mV = run["weight_mV"]
    sample = [np.abs(run["time_ms"] - time_ms).argmin() for time_ms in comparison_times_ms(parameters)]
    before, after, later, end = weight_mV[sample]
    edges_ms = np.array(parameters.epoch_edges_ms)
    counts = np.zeros((len(edges_ms) - 1, parameters.neuron_count), np.int64)
    # An epoch contains its end: (0, 2], (2, 5], ... s.
    epoch = np.searchsorted(edges_ms + parameters.dt_ms / 2, run["spike_ms"]) - 1
    counted = (epoch >= 0) & (epoch < len(counts))
    np.add.at(counts, (epoch[counted], run["spike_index"][counted]), 1)
    rate_Hz = ratio(counts.mean(axis=1), np.diff(edges_ms)) * 1000
    width_ms = np.full(len(run["rate_time_ms"]), RATE_BIN_MS)
    width_ms[-1] -= len(width_ms) * RATE_BIN_MS - parameters.duration_ms
    return build(
        STATISTICS,
        {
            "weight_final_mV": weight_mV[-1],
            "weight_at_mV": weight_mV[sample],
            "spike_count": counts,
            "input_count": np.bincount(run["input_spike_index"], minlength=parameters.neuron_count),
            "rate_Hz": rate_Hz,
            "weight_mean_mV": weight_mV.mean(axis=1),
            "rate_binned_Hz": run["binned_count"].mean(axis=1) / width_ms * 1000,
            "reward_gain_mV": (after - before).mean(),
            "punishment_gain_mV": (end - later).mean(),
            "share_raised": np.mean(after > before),
            "share_lowered": np.mean(end < later),
            "share_zero": np.mean(end == 0.0),
            "dopamine_spread_percent": ratio(np.ptp(run["n"], axis=1).max(), np.abs(run["n"]).max()) * 100,
            "rate_gain_Hz": rate_Hz[min(2, len(rate_Hz) - 1)] - rate_Hz[0],
            "rate_loss_Hz": rate_Hz[-1] - rate_Hz[min(2, len(rate_Hz) - 1)],
        },
    )


# Replaying recordings of NEST ------------------------------------------------------------------------

RECORDINGS = ("dopa_ten",)

#: Our parameter -> path in the recorded ones.
_PARAMETER_PATHS = {
    "duration_ms": "sim_time",
    "slice_ms": "min_delay_ms",
    "tau_pre_ms": "tau_tr_pre",
    "tau_post_ms": "tau_tr_post",
    "tau_c_ms": "tau_c",
    "tau_n_ms": "tau_n",
    "b": "b",
    "A_plus": "A_plus",
    "A_minus": "A_minus",
    "delay_ms": "delay",
    "relay_delay_ms": "vt_parrot_delay_ms",
    "dopamine_delay_ms": "vt_delay_ms",
    "neuron_count": "n_neurons",
    "input_rate_Hz": "rate_hz",
    "weight_initial_mV": "w_initial",
    "reward_times_ms": "reward_times",
    "punishment_times_ms": "punishment_times",
    "tau_m_ms": "neuron.tau_m",
    "E_L_mV": "neuron.E_L",
    "V_reset_mV": "neuron.V_reset",
    "V_th_mV": "neuron.V_th",
    "refractory_ms": "neuron.refr_T",
}

#: What a summary leaves out: the defaults of the published script (docs/models/dopamine_stdp.md#delays).
_DEFAULTS = {
    "relay_delay_ms": 1.0,
    "dopamine_delay_ms": 1.0,
    "weight_initial_mV": 5.6,
    "tau_m_ms": 10.0,
    "E_L_mV": -70.0,
    "V_reset_mV": -70.0,
    "V_th_mV": -55.0,
    "refractory_ms": 2.0,
}

_STATE = Tolerance(absolute=1e-9)

TOLERANCES: dict[str, Tolerance] = {
    "log_w": _STATE,
    "log_c": _STATE,
    "log_n": _STATE,
    "log_pre_tr": _STATE,
    "A_vt_chunk": Tolerance(),
    "dopa_actual_time": Tolerance(absolute=1e-6),
    "plastic_weight_initial": _STATE,
    "plastic_weight_final": _STATE,
    "V_m": _STATE,
}

SPIKES = ("post_spike",)

RECORDED_INPUTS = (
    "pre_spike_time",
    "pre_spike_index",
    "dopa_scheduled_time",
    "log_time",
    "V_m_time",
    "plastic_pre",
    "plastic_post",
)

NEEDED_INPUTS = ("pre_spike_time", "pre_spike_index")


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = _DEFAULTS | translated(parameters, _PARAMETER_PATHS)
    values["dt_ms"] = float(recording.attrs.get("resolution_ms", 0.1))
    values.setdefault("slice_ms", min([1.0, values.get("delay_ms", 1.0)]))
    reward, punishment = parameters.get("A_vt", [None, None])
    return values | {
        "events": "slice",
        "step_every_slice": True,
        "A_vt_reward": reward,
        "A_vt_punishment": punishment,
        "chunk_ms": parameters.get("sim_time", 0.0) / max(parameters.get("n_chunks", 1), 1),
        "epoch_edges_ms": [0.0, 2000.0, 5000.0, 8000.0, parameters.get("sim_time", 0.0)],
    }


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's input spikes and dopamine.

    Parameters
    ----------
    recording : xarray.Dataset
        With the spikes of the relays.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    indices = [name for name in ("pre_spike_index", "plastic_post") if name in recording]
    require_indices(recording, dict.fromkeys(indices, parameters.neuron_count))
    dopamine = dopamine_stamps(parameters)
    if "dopa_scheduled_time" in recording:
        dopamine = stamps(recording["dopa_scheduled_time"].values, parameters)
        dopamine += steps_of(parameters.relay_delay_ms, parameters)
    end = steps_of(parameters.duration_ms, parameters)
    log = stamps(recording["log_time"].values, parameters) if "log_time" in recording else np.zeros(0, np.int64)
    read = np.unique(np.append(log, [0, end]))
    V_stamp = stamps(recording["V_m_time"].values, parameters) if "V_m_time" in recording else np.zeros(0, np.int64)
    outcome, readings = _simulate(
        parameters,
        stamps(recording["pre_spike_time"].values, parameters),
        recording["pre_spike_index"].values.astype(np.int64),
        dopamine,
        read,
        int(V_stamp.max(initial=0)),
    )
    row = np.searchsorted(read, log)
    target = recording["plastic_post"].values if "plastic_post" in recording else np.arange(parameters.neuron_count)
    chunk_end = np.arange(1, recording.sizes.get("chunk", 0) + 1) * stamps(parameters.chunk_ms, parameters)
    return {
        "post_spike_time": ("post_spike", outcome.stamp * parameters.dt_ms),
        "post_spike_index": ("post_spike", outcome.neuron.astype(np.int32)),
        "dopa_actual_time": ("dopa", dopamine[dopamine <= end] * parameters.dt_ms),
        "A_vt_chunk": ("chunk", amount_in_force(chunk_end, parameters)),
        "log_w": (("log", "neuron"), readings.weight[row]),
        "log_c": (("log", "neuron"), readings.c[row]),
        "log_n": (("log", "neuron"), readings.n[row]),
        "log_pre_tr": (("log", "neuron"), readings.x[row]),
        "plastic_weight_initial": ("synapse", readings.weight[0][target]),
        "plastic_weight_final": ("synapse", readings.weight[-1][target]),
        "V_m": (("neuron", "V_m_sample"), outcome.V_mV[:, V_stamp - 1]),
    }
