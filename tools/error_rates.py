"""How often a verdict is right, wrong or none: the tables of ``docs/verdicts.md``.

Probabilities are those of the tests themselves, not of simulations: the binomial distribution for a share of seeds,
the noncentral t distribution for a mean of normal values. Only those of skewed values are simulated. Tests compare them
with the verdicts on simulated figures.

``python tools/error_rates.py`` prints the tables.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from replasticity.judging.claims import SIGNIFICANCE, seeds_needed

#: Seeds of an experiment, and claims of a figure.
SEEDS = (5, 10, 20, 40)
CLAIMS = (1, 20)
COLUMNS = tuple((seeds, claims) for claims in CLAIMS for seeds in SEEDS)

CLAIMED_SHARE = 0.75
TRUE_SHARES = (0.5, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0)

#: How far a true mean lies inside its bound, in standard deviations over seeds.
TRUE_MARGINS = (-1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0)


def of_share(truth: float, seeds: int, claims: int) -> tuple[float, float] | None:
    """Return the probabilities that a claim about a share is reproduced, and that it is not.

    Parameters
    ----------
    truth : float
        Share of all seeds that lie in the range; `CLAIMED_SHARE` is what the claim says.
    seeds, claims : int
        Number of seeds, and of claims in the figure.

    Returns
    -------
    tuple of float or None
        None where so few seeds show nothing.
    """
    if seeds < seeds_needed(CLAIMED_SHARE, claims):
        return None
    inside = np.arange(seeds + 1)
    speaks_for = claims * stats.binom.sf(inside - 1, seeds, CLAIMED_SHARE) < SIGNIFICANCE
    speaks_against = claims * stats.binom.cdf(inside, seeds, CLAIMED_SHARE) < SIGNIFICANCE
    chances = stats.binom.pmf(inside, seeds, truth)
    return float(chances[speaks_for].sum()), float(chances[speaks_against].sum())


def of_mean(truth: float, seeds: int, claims: int) -> tuple[float, float]:
    """Return the probabilities that a claim about a mean with one bound is reproduced, and that it is not.

    Parameters
    ----------
    truth : float
        How far the true mean lies inside the bound, in standard deviations over seeds.
    seeds, claims : int
        Number of seeds, and of claims in the figure.
    """
    critical = stats.t.isf(SIGNIFICANCE / claims, seeds - 1)
    shifted = stats.nct(seeds - 1, truth * np.sqrt(seeds))
    return float(shifted.sf(critical)), float(shifted.cdf(-critical))


def of_skewed_mean(side: str, seeds: int, claims: int) -> float:
    """Return how often the verdict on a claim about a mean is wrong if the values are exponentially distributed.

    The true mean lies on the bound, from where either verdict would be wrong a hair further. From 100,000 simulated
    claims; the standard error is at most 0.1 %.

    Parameters
    ----------
    side : {"too high", "too low"}
        On which side of the bound the mean is judged to be. Small samples of such values err towards "too low".
    seeds, claims : int
        Number of seeds, and of claims in the figure.
    """
    values = np.random.default_rng([seeds, claims]).standard_exponential((100_000, seeds))
    t = (values.mean(axis=1) - 1) / (values.std(axis=1, ddof=1) / np.sqrt(seeds))
    critical = stats.t.isf(SIGNIFICANCE / claims, seeds - 1)
    return float(np.mean(t > critical if side == "too high" else t < -critical))


def table(
    title: str,
    truths: Sequence[float],
    rates: Callable[[float, int, int], tuple[float, float] | None],
    true_from: float,
) -> str:
    """Return a Markdown table: a row per truth, a column per number of seeds and claims.

    Parameters
    ----------
    title : str
        What the truths are.
    truths : sequence of float
        Rows.
    rates : callable
        `of_share` or `of_mean`.
    true_from : float
        The claim holds from this truth on; wrong verdicts are bold.
    """
    rows = [
        [f"{truth:g}", *(_cell(rates(truth, *column), truth >= true_from) for column in COLUMNS)] for truth in truths
    ]
    return _markdown(title, rows)


def table_of_skewed_means() -> str:
    """Return the Markdown table of how often means of skewed values are judged wrongly."""
    rows = [
        [f"judged {side}", *(f"**{100 * of_skewed_mean(side, *column):.1f}**" for column in COLUMNS)]
        for side in ("too high", "too low")
    ]
    return _markdown("true mean on the bound", rows)


def _markdown(title: str, rows: Sequence[Sequence[str]]) -> str:
    header = [title, *(f"n = {seeds}, {claims} claim{'s' * (claims > 1)}" for seeds, claims in COLUMNS)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))


def _cell(rates: tuple[float, float] | None, holds: bool) -> str:
    """Return 'reproduced / undecided / not reproduced' in percent, the wrong one bold."""
    if rates is None:
        return "not tested"
    reproduced, refuted = (f"{100 * rate:.1f}" for rate in rates)
    undecided = f"{100 * (1 - sum(rates)):.1f}"
    return f"{reproduced} / {undecided} / **{refuted}**" if holds else f"**{reproduced}** / {undecided} / {refuted}"


def tables() -> list[str]:
    """Return the tables of the documentation."""
    return [
        table(f"true share (claimed: {CLAIMED_SHARE:g})", TRUE_SHARES, of_share, CLAIMED_SHARE),
        table("true mean, sd inside the bound", TRUE_MARGINS, of_mean, 0.0),
        table_of_skewed_means(),
    ]


if __name__ == "__main__":
    print("\n\n".join(tables()))
