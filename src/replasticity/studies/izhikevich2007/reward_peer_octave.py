"""The distal-reward network as a program for GNU Octave, as MATLAB programs are written: from our description.

Runs in an environment with numpy and scipy only: nothing of replasticity is installed there. The noise, 29 GB for an
hour, goes to Octave second by second.
"""

import contextlib
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import scipy.io

OCTAVE = "octave-cli"

#: In the order of docs/models/distal_reward.md#order-of-a-step, whose points the numbers are.
PROGRAM = """
1;
p = load("inputs.mat");
excitatory = 1:p.exc_cells;
cells = p.exc_cells + p.inh_cells;
of_each_kind = @(exc, inh) [exc * ones(p.exc_cells, 1); inh * ones(p.inh_cells, 1)];
a = of_each_kind(p.a_exc_per_ms, p.a_inh_per_ms);
d = of_each_kind(p.d_exc_mV, p.d_inh_mV);
post = p.target;
chosen = sub2ind(size(post), p.chosen_pre + 1, p.chosen_slot + 1);
after = p.chosen_pre * p.synapses_per_cell + p.chosen_slot + 1;
if after >= p.exc_cells * p.synapses_per_cell
  after = after - 2;
end
neighbour = sub2ind(size(post), floor(after / p.synapses_per_cell) + 1, mod(after, p.synapses_per_cell) + 1);
n1 = p.chosen_pre + 1;
n2 = post(chosen);
% The excitatory synapses onto each cell, and where they come from.
onto = cell(cells, 1);
from = cell(cells, 1);
for k = 1:cells
  [pre, slot] = find(post(excitatory, :) == k);
  from{k} = pre(:);
  onto{k} = sub2ind(size(post), from{k}, slot(:));
end

% The slots of a cell that are the first onto their target, the second, and so on.
same_time = cell(cells, 1);
for k = 1:cells
  same = bsxfun(@eq, post(k, :)', post(k, :));
  count = sum(triu(same), 1);
  same_time{k} = arrayfun(@(which) find(count == which), 1:max(count), "UniformOutput", false);
end

v = p.v_init_mV * ones(cells, 1);
u = p.b * v;
s = of_each_kind(p.w_exc_init_mV, p.w_inh_mV) * ones(1, p.synapses_per_cell);
s(chosen) = 0;
e = zeros(size(s));
x = zeros(cells, 1);
x_previous = x;
DA = 0;
last = -Inf;
rewards = zeros(0, 2);
given = 0;
failed = false;

steps = 1000 * p.duration_s;
course = zeros(steps, 3);
spikes = cell(p.duration_s, 1);
[rewards_given, neighbour_weight] = deal(zeros(p.duration_s, 1));
samples = floor(p.duration_s / p.sample_interval_s);
[mean_weight, stronger, as_strong] = deal(zeros(samples, 1));
upper_weight = zeros(samples, numel(p.upper_ranks));

for second = 1:p.duration_s
  % 1.
  noise = reshape(fread(stdin, cells * 1000, "double"), cells, 1000);
  noise = p.noise_amplitude_mV * (noise - 0.5);
  of_second = {};
  count = 0;
  before = 1000 * (second - 1);
  for t = before + (1:1000)
    I = noise(:, t - before);
    fired = find(v >= p.v_peak_mV);
    if ! isempty(fired)
      % 2.
      of_second{end + 1} = [t * ones(size(fired)), fired];
      count = count + numel(fired);
      % The limits are ours.
      failed = any(v(fired) > p.limit_mV) || count / cells > p.highest_rate_Hz;
      if failed
        break
      end
      v(fired) = p.c_mV;
      u(fired) = u(fired) + d(fired);
      x(fired) = p.trace_increment_mV;
      % 3.
      for k = fired'
        e(onto{k}) = e(onto{k}) + x_previous(from{k});
      end
      % 4. Of an index that comes several times, the last assignment remains: if all count, one time after the other.
      for k = flipud(fired)'
        targets = post(k, :);
        if p.parallel_synapses_add
          for slots = same_time{k}
            I(targets(slots{1})) = I(targets(slots{1})) + s(k, slots{1})';
          end
        else
          I(targets) = I(targets) + s(k, :)';
        end
        e(k, :) = e(k, :) - p.ltd_factor * x(targets)';
      end
    end
    % 5.
    v = v + 0.5 * ((0.04 * v + 5) .* v + 140 - u + I);
    v = v + 0.5 * ((0.04 * v + 5) .* v + 140 - u + I);
    u = u + a .* (p.b * v - u);
    % 6. and 7.
    x_previous = x;
    x = p.trace_decay * x;
    DA = p.dopamine_decay * DA;
    % 8.
    if mod(t, p.weight_update_period_ms) == 0
      rate = p.dopamine_baseline + DA;
      s(excitatory, :) = max(0, min(p.w_max_mV, s(excitatory, :) + rate * e(excitatory, :)));
      e = p.eligibility_decay * e;
    end
    % 9.
    if ! isempty(fired) && any(fired == n1)
      last = t;
    end
    if ! isempty(fired) && any(fired == n2) && t - last < p.coincidence_ms && t > last
      number = p.delay_number(size(rewards, 1) + 1);
      rewards(end + 1, :) = [t, t + p.reward_delay_min_ms + ceil(p.reward_delay_span_ms * number)];
    end
    % 10.
    if ! isempty(rewards) && any(rewards(:, 2) == t)
      DA = DA + p.dopamine_increment;
      given = given + 1;
    end
    % 11.
    course(t, :) = [s(chosen), e(chosen), DA];
  end
  spikes{second} = vertcat(zeros(0, 2), of_second{:});
  failed = failed || any(! (v >= -p.limit_mV)) || any(! (abs(u) <= p.limit_mV));
  if failed
    break
  end
  rewards_given(second) = given;
  neighbour_weight(second) = s(neighbour);
  if mod(second, p.sample_interval_s) == 0
    sample = second / p.sample_interval_s;
    exc_weights = s(excitatory, :)'(:);
    % Of the sums of neurons: a sum of all in a row loses digits.
    mean_weight(sample) = sum(sum(s(excitatory, :), 2)) / numel(exc_weights);
    others = exc_weights;
    others(p.chosen_pre * p.synapses_per_cell + p.chosen_slot + 1) = [];
    stronger(sample) = sum(others > s(chosen));
    as_strong(sample) = sum(others == s(chosen));
    others = sort(others, "descend");
    upper_weight(sample, :) = others(p.upper_ranks);
  end
end
spikes = vertcat(spikes{:});
weights = s'(:);
save("-v6", "outputs.mat", "failed", "spikes", "course", "rewards", "rewards_given", "neighbour_weight", ...
     "mean_weight", "stronger", "as_strong", "upper_weight", "weights");
"""

#: Limits of ours: the published program has none. Beyond them a run means nothing.
LIMIT_mV, HIGHEST_RATE_HZ = 1e6, 150.0

CLOSE_UP = [f"close_up_{name}" for name in ("weight_mV", "eligibility_mV", "dopamine", "pre", "post")]

#: What is shown close up, from before a coincidence until after it [ms].
CLOSE_UP_MS = np.arange(-1000, 5000)

#: Share of the excitatory synapses above each of the recorded weights.
UPPER_SHARES = (0.0, 0.001, 0.01, 0.1)


def version():
    """Return the version that Octave says."""
    said = subprocess.run([OCTAVE, "--version"], capture_output=True, text=True, check=True).stdout
    return said.split("version ")[1].split()[0]


def run(parameters, inputs):
    """Return what a run of ours has, but for the histogram of weights."""
    p = parameters
    cells, seconds = p["exc_cells"] + p["inh_cells"], p["duration_s"]
    seed = int(inputs["seed"])
    exc_synapses = p["exc_cells"] * p["synapses_per_cell"]
    given = {name: float(value) for name, value in p.items()} | {
        "target": inputs["target"].reshape(cells, p["synapses_per_cell"]) + 1.0,
        # No pair is rewarded more than once in a step.
        "delay_number": generator(seed, 2).random(1000 * seconds),
        "upper_ranks": np.array([max(1.0, np.floor(share * exc_synapses)) for share in UPPER_SHARES]),
        "limit_mV": LIMIT_mV,
        "highest_rate_Hz": HIGHEST_RATE_HZ,
    }
    out = octave(given, generator(seed, 0), cells, seconds)
    if out["failed"].item():
        raise FloatingPointError("the network runs away")
    step, cell = out["spikes"].astype(int).T - [[0], [1]]
    is_exc, second = cell < p["exc_cells"], (step - 1) // 1000
    raster = np.zeros((1000, cells), np.int8)
    last = second == seconds - 1
    raster[step[last] - 1000 * (seconds - 1) - 1, cell[last]] = 1
    weight, eligibility, dopamine = out["course"].T
    coincidence, reward = out["rewards"].T
    stronger = out["stronger"].ravel()
    at_ends = slice(999, None, 1000)
    pre, post = p["chosen_pre"], inputs["target"][p["chosen_pre"] * p["synapses_per_cell"] + p["chosen_slot"]]
    of_pair = [np.bincount(step[cell == one], minlength=1000 * seconds + 1)[1:] for one in (pre, post)]
    courses = dict(zip(CLOSE_UP, (weight, eligibility, dopamine, *of_pair), strict=True))
    return {
        "rate_exc_Hz": np.bincount(second[is_exc], minlength=seconds) / p["exc_cells"],
        "rate_inh_Hz": np.bincount(second[~is_exc], minlength=seconds) / p["inh_cells"],
        "rewards": out["rewards_given"].ravel(),
        "dopamine": dopamine[at_ends],
        "chosen_weight_mV": weight[at_ends],
        "chosen_eligibility_mV": eligibility[at_ends],
        "neighbour_weight_mV": out["neighbour_weight"].ravel(),
        "mean_weight_mV": out["mean_weight"].ravel(),
        "upper_weight_mV": out["upper_weight"],
        "stronger_synapses": stronger,
        "chosen_rank": 1 + stronger + out["as_strong"].ravel() / 2,
        "coincidence_time_ms": coincidence,
        "reward_time_ms": reward,
        "weight_final_mV": out["weights"].ravel(),
        "raster": raster,
        **close_up(coincidence[p["close_up_reward"] :][:1], courses),
    }


def close_up(coincidence, courses):
    """Return what is shown around a coincidence, not a number outside the run or without a coincidence."""
    shown = {name: np.full(len(CLOSE_UP_MS), np.nan) for name in courses}
    for time in coincidence.astype(int):
        step = time + CLOSE_UP_MS
        for name, course in courses.items():
            inside = (step >= 1) & (step <= len(course))
            shown[name][inside] = course[step[inside] - 1]
    return shown


def generator(seed, stream):
    """Return the generator of a stream (docs/models/distal_reward.md#random-inputs)."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)))


def octave(given, noise, cells, seconds):
    """Run the program with variables of its own name and noise, and return its results."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scipy.io.savemat(folder / "inputs.mat", given)
        (folder / "reward.m").write_text(PROGRAM)
        with (
            (folder / "said").open("wb") as said,
            started(folder, said) as process,
            # It closes its end where its state has left the limits, or where it fails.
            contextlib.suppress(BrokenPipeError),
            process.stdin as stdin,
        ):
            for _ in range(seconds):
                stdin.write(noise.random(1000 * cells).tobytes())
        if process.returncode != 0 or not (folder / "outputs.mat").is_file():
            raise RuntimeError((folder / "said").read_text(errors="replace"))
        return scipy.io.loadmat(folder / "outputs.mat")


def started(folder, said):
    """Return the program, just started, that reads the noise from a pipe."""
    command = [OCTAVE, "--norc", "--no-history", "reward.m"]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=said, stderr=said)
