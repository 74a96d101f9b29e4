"""Measure how the cue network grows: python benchmarks/network_growth.py [NEURONS ...] [--events slice|exact].

For each number of neurons (by default 1000 to 10,000) the 10 s cue network with its 100 readings is drawn and run in a
process of its own, with a tenth of all possible connections: 10,000 neurons have 8 million plastic and 2 million static
synapses. Weights fall as 1 / neurons, which keeps the mean input. Printed are

- ns per neuron and step: a run without synapses (background and stimuli stay);
- ns per synaptic event: what the run with synapses takes longer between its readings, divided by its events. An event
  is a presynaptic or a postsynaptic spike that reaches one plastic synapse. Spikes at static synapses (a fifth of the
  presynaptic ones) and dopamine, which acts in closed form when a synapse is next needed, are paid for, not counted;
- ns per synapse and reading: bringing all plastic synapses up to date, and the means that are read from them;
- ns per random access: reads that wait for each other (a pointer chase), and independent ones that add 1, to records as
  large as a plastic synapse, in an array as large as that of all of them: the limits of this machine for an event that
  finds its synapse at a random place;
- the largest memory of a process that does nothing but one run: interpreter, drawing, run [MB of 10^6 bytes];
- exponents of time per neuron and step, of time per event and of memory against neurons (least squares of logarithms).

Times are CPU time of one thread; each is the shortest of the repetitions, which has been disturbed least. Small
networks are repeated more often: what their few events take is a small difference of two runs.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import NamedTuple

import numba
import numpy as np

from replasticity.definitions import experiments
from replasticity.definitions.parameters import LARGEST_INT
from replasticity.equations.dopamine_stdp import SYNAPSE
from replasticity.models.dopamine_stdp_runs import Session, network_at_start, read_groups
from replasticity.studies.dopamine_tutorial import cue

EXPERIMENT = "izhikevich2007_cue"
DURATION_MS, READINGS = 10_000.0, 100
#: Changes that leave neurons and background alone. The currents last longer, and are smaller: between rare spikes they
#: would decay until they are denormal, for which the processor takes many times as long as for other numbers.
WITHOUT_SYNAPSES = {
    "exc_indegree": 0,
    "inh_indegree": 0,
    "exc_tau_exc_ms": 9.0,
    "inh_tau_exc_ms": 9.0,
    "background_weight_pA": 250.0,
}
#: Columns of the table: a measurement, and how it is printed.
COLUMNS = {
    "plastic synapses": "{:,}",
    "rate [Hz]": "{:.2f}",
    "events": "{:,}",
    "ns per neuron and step": "{:.2f}",
    "ns per event": "{:.1f}",
    "ns per synapse and reading": "{:.1f}",
    "ns per dependent access": "{:.0f}",
    "ns per independent access": "{:.1f}",
    "memory [MB]": "{:.0f}",
}
#: Smaller networks are repeated in proportion.
MOST_REPEATED_BELOW = 10_000
FITTED = ("ns per neuron and step", "ns per event", "memory [MB]")


class Run(NamedTuple):
    """CPU time between the readings and of the readings [s], events, and spikes."""

    between_s: float
    reading_s: float
    events: int
    spikes: int


def run_once(neurons: int, events: str, connected: bool) -> Run:
    """Draw and run one network."""
    changes = {
        "exc_count": neurons * 4 // 5,
        "inh_count": neurons // 5,
        "exc_indegree": neurons * 4 // 50,
        "inh_indegree": neurons // 50,
        "weight_initial_pA": 300_000.0 / neurons,
        "weight_inh_pA": -1_200_000.0 / neurons,
        "duration_ms": DURATION_MS,
        "chunk_ms": DURATION_MS / READINGS,
        "events": events,
    } | ({} if connected else WITHOUT_SYNAPSES)
    # Larger networks than those of the experiment need more than its jobs declare.
    unlimited = {"resources": experiments.Resources(mem_mb=LARGEST_INT, seconds_per_run=3600.0)}
    experiment = experiments.load(EXPERIMENT).model_copy(update=unlimited)
    parameters = experiments.resolve(EXPERIMENT, "standard", changes, experiment=experiment).parameters
    inputs = cue.sample_inputs(parameters, 1)
    subgroups = inputs["subgroup_index"].astype(np.int64)
    session = Session(network_at_start(parameters, inputs, parameters.weight_initial_pA), parameters)
    between_s = reading_s = 0.0
    for end in np.linspace(0, parameters.steps(DURATION_MS), READINGS + 1)[1:]:
        began_s = time.process_time()
        session.advance(int(end))
        advanced_s = time.process_time()
        read_groups(session.read(), subgroups, parameters.weight_initial_pA)
        between_s += advanced_s - began_s
        reading_s += time.process_time() - advanced_s
    cursor = session.network.cursor[0]
    return Run(between_s, reading_s, int(cursor["pre_events"]) + int(cursor["post_events"]), int(cursor["spikes"]))


def random_access_ns(synapses: int) -> tuple[float, float]:
    """Return the time of one dependent and of one independent access to records as large as plastic synapses [ns]."""

    @numba.njit
    def chase(record, steps):
        place = 0
        for _ in range(steps):
            place = record[place].spike_clock
        return place

    @numba.njit
    def touch(record, places):
        for place in places:
            record[place].weight += 1.0

    record = np.zeros(synapses, SYNAPSE)
    order = np.random.default_rng(1).permutation(synapses).astype(np.int32)
    record["spike_clock"][order] = np.roll(order, -1)
    steps = 2_000_000
    places = np.resize(order, steps)
    chase(record, 1)
    touch(record, places[:1])
    spans_s = []
    for _ in range(3):
        times = [time.process_time()]
        chase(record, steps)
        times.append(time.process_time())
        touch(record, places)
        times.append(time.process_time())
        spans_s.append(np.diff(times))
    dependent_s, independent_s = np.min(spans_s, axis=0).tolist()
    return dependent_s / steps * 1e9, independent_s / steps * 1e9


def measure(neurons: int, events: str, repeats: int) -> dict[str, float]:
    """Return the measurements of one size; the process should do nothing else."""
    run_once(1000, events, connected=True)
    first = run_once(neurons, events, connected=True)
    memory_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    runs, alone = [first], []
    for _ in range(repeats * max(1, MOST_REPEATED_BELOW // neurons)):
        alone.append(run_once(neurons, events, connected=False))
        runs.append(run_once(neurons, events, connected=True))
    alone_s, between_s = (min(run.between_s for run in some) for some in (alone, runs))
    synapses = neurons * (neurons * 4 // 50)
    dependent_ns, independent_ns = random_access_ns(synapses)
    return {
        "plastic synapses": synapses,
        "rate [Hz]": first.spikes / neurons / DURATION_MS * 1000,
        "events": first.events,
        "ns per neuron and step": alone_s * 1e9 / neurons / (DURATION_MS / 0.1),
        "ns per event": (between_s - alone_s) * 1e9 / first.events,
        "ns per synapse and reading": min(run.reading_s for run in runs) * 1e9 / synapses / READINGS,
        "ns per dependent access": dependent_ns,
        "ns per independent access": independent_ns,
        "memory [MB]": memory_MB,
    }


def main() -> None:
    """Measure each size in a fresh process and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("neurons", nargs="*", type=int, default=[1000, 2000, 5000, 10_000])
    parser.add_argument("--events", choices=("slice", "exact"), default="slice")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", action="store_true", help="measure one size in this process and print JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.neurons[0], options.events, options.repeats)))
        return
    print(f"| neurons | {' | '.join(COLUMNS)} |\n{'| --- ' * (len(COLUMNS) + 1)}|")
    rows = []
    for neurons in options.neurons:
        arguments = [str(neurons), "--events", options.events, "--repeats", str(options.repeats), "--one"]
        command = [sys.executable, __file__, *arguments]
        rows.append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))
        cells = (form.format(rows[-1][column]) for column, form in COLUMNS.items())
        print(f"| {neurons:,} | {' | '.join(cells)} |", flush=True)
    for column in FITTED if len(rows) > 1 else ():
        if min(row[column] for row in rows) <= 0:
            print(f"{column}: too small a difference of two runs to be fitted")
            continue
        slope = np.polyfit(np.log(options.neurons), np.log([row[column] for row in rows]), 1)[0]
        print(f"{column}: grows as neurons^{slope:.2f}")


if __name__ == "__main__":
    main()
