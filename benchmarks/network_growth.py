"""Measure how the cue network grows: python benchmarks/network_growth.py [NEURONS ...] [--events slice|exact].

For each number of neurons (by default 1000 to 10,000) the 10 s cue network is drawn and run in a process of its own,
with a tenth of all possible connections: 10,000 neurons have 8 million plastic and 2 million static synapses. Weights
fall as 1 / neurons, which keeps the mean input. Printed are

- ns per neuron and step: a run without synapses (background, stimuli and everything else stays);
- ns per synaptic event: what a run with synapses and one reading at the end takes longer, divided by its events. An
  event is a presynaptic or a postsynaptic spike that reaches one plastic synapse. Spikes at static synapses (a fifth
  of the presynaptic ones) and dopamine, which acts in closed form, are paid for and not counted;
- ns per synapse and reading: what a run with 100 readings of all plastic synapses takes longer;
- the largest memory of the whole process, interpreter, drawing and run, in MB of 10^6 bytes;
- ns per random access: one thread of dependent reads (a pointer chase), and independent read-modify-writes, to records
  as large as a plastic synapse, in an array as large as that of all of them. An event that finds its synapse at a
  random place cannot cost less than the second, nor one by one less than the first;
- exponents of time per neuron and step, of time per event and of memory against neurons (least squares of logarithms).

Times are user and system CPU time of one thread; each is the median of the repetitions.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

EXPERIMENT = "izhikevich2007_cue"
#: Columns of the table: key of a measurement, and heading.
COLUMNS = {
    "plastic synapses": "{:,}",
    "events": "{:,}",
    "rate [Hz]": "{:.2f}",
    "ns per neuron and step": "{:.2f}",
    "ns per event": "{:.1f}",
    "ns per synapse and reading": "{:.2f}",
    "memory [MB]": "{:.0f}",
    "ns per dependent access": "{:.0f}",
    "ns per independent access": "{:.1f}",
}
FITTED = ("ns per neuron and step", "ns per event", "memory [MB]")


def run_once(neurons: int, events: str, duration_ms: float, readings: int, connected: bool) -> tuple[float, int, float]:
    """Draw and run one network; return CPU time of the run [s], events, and mean rate [Hz]."""
    from replasticity import experiments
    from replasticity.protocols import dopamine_cue as cue

    changes = {
        "exc_count": neurons * 4 // 5,
        "inh_count": neurons // 5,
        "exc_indegree": neurons * 4 // 50 if connected else 0,
        "inh_indegree": neurons // 50 if connected else 0,
        "weight_initial_pA": 300_000.0 / neurons,
        "weight_inh_pA": -1_200_000.0 / neurons,
        "duration_ms": duration_ms,
        "chunk_ms": duration_ms / readings,
        "events": events,
    }
    parameters = experiments.resolve(EXPERIMENT, "standard", changes).parameters
    inputs = cue.draw(parameters, 1)
    before = time.process_time()
    run = cue.run(parameters, inputs)
    spent_s = time.process_time() - before
    spikes = run.sizes["exc_spike"] + run.sizes["inh_spike"]
    return spent_s, int(run["event_count"]), spikes / neurons / duration_ms * 1000


def random_access_ns(synapses: int) -> tuple[float, float]:
    """Return the time of one dependent and of one independent access to records as large as plastic synapses [ns]."""
    import numba

    from replasticity.kernels.dopamine_stdp import SYNAPSE

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
    steps = min(synapses, 2_000_000)
    chase(record, 1)
    touch(record, order[:1])
    times = [time.process_time()]
    chase(record, steps)
    times.append(time.process_time())
    touch(record, order[:steps])
    times.append(time.process_time())
    dependent_s, independent_s = np.diff(times)
    return dependent_s / steps * 1e9, independent_s / steps * 1e9


def measure(neurons: int, events: str, repeats: int) -> dict[str, float]:
    """Return the measurements of one size; the process should do nothing else."""
    duration_ms, readings = 10_000.0, 100
    run_once(1000, events, 200.0, 1, connected=True)
    synapses = neurons * (neurons * 4 // 50)

    def median_of(readings: int, connected: bool) -> tuple[float, int, float]:
        runs = [run_once(neurons, events, duration_ms, readings, connected) for _ in range(repeats)]
        return statistics.median(run[0] for run in runs), *runs[0][1:]

    alone_s, _, _ = median_of(1, connected=False)
    once_s, event_count, rate_Hz = median_of(1, connected=True)
    often_s, _, _ = median_of(readings, connected=True)
    memory_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    dependent_ns, independent_ns = random_access_ns(synapses)
    return {
        "plastic synapses": synapses,
        "events": event_count,
        "rate [Hz]": rate_Hz,
        "ns per neuron and step": alone_s * 1e9 / neurons / (duration_ms / 0.1),
        "ns per event": (once_s - alone_s) * 1e9 / event_count,
        "ns per synapse and reading": (often_s - once_s) * 1e9 / synapses / (readings - 1),
        "memory [MB]": memory_MB,
        "ns per dependent access": dependent_ns,
        "ns per independent access": independent_ns,
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
        slope = np.polyfit(np.log(options.neurons), np.log([row[column] for row in rows]), 1)[0]
        print(f"{column}: grows as neurons^{slope:.2f}")


if __name__ == "__main__":
    main()
