"""What was found about the claims of one experiment around its printed parameters: as it is stored and shown."""

from typing import Annotated, Any, Literal

from pydantic import Field

from replasticity.storage.json_files import Stored

#: How a claim stands at one set of parameters: its estimate lies within the bounds, or does not; or its statistic is
#: not defined there, for one seed at least.
Side = Literal["holds", "does not hold", "undefined"]

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Interval = tuple[float, float]


class Axis(Stored):
    """A parameter that is moved.

    Attributes
    ----------
    name : str
        The parameter.
    printed : Any
        Its value in the experiment.
    low, high : Any
        Ends of the neighbourhood; of a list, those of the factor on all of its values. None for a choice.
    values : list
        The values of a choice; empty otherwise.
    cut : str
        Why the neighbourhood ends earlier than was asked for, or "".
    """

    name: str
    printed: Any
    low: float | None
    high: float | None
    values: list[Any]
    cut: str


class Point(Stored):
    """A claim at one value of a parameter, all others as printed.

    Attributes
    ----------
    value : Any
        The value; of a list, the factor on all of its values.
    estimate : float or None
        The claim's estimate over the seeds; None where the statistic is undefined.
    interval : tuple of (float, float) or None
        Its 95 % confidence interval.
    side : {"holds", "does not hold", "undefined"}
        Where the estimate is.
    turned : bool
        Whether the seeds show that the claim's side is another one than at the printed value. Corrected for the number
        of points at which this was asked of the claim: where it is the same at all of them, one or more are called
        turned by mistake in 10 % of all experiments at most.
    """

    value: Any
    estimate: float | None
    interval: Interval | None
    side: Side
    turned: bool


class OneAtATime(Stored):
    """A claim along one parameter.

    Attributes
    ----------
    parameter : str
        The parameter.
    points : list of Point
        In the order of their value; the printed one is among them.
    flips : list of tuple of (float, float)
        Brackets between whose ends the estimate changes sides, halved until they are narrow; of a choice, none.
    """

    parameter: str
    points: list[Point]
    flips: list[Interval]


class Effect(Stored):
    """What one parameter does to a claim's statistic over the neighbourhood.

    Attributes
    ----------
    parameter : str
        The parameter.
    first, total : float or None
        Sobol' index of first order, and total index; None where they were not computed.
    first_interval, total_interval : tuple of (float, float) or None
        Their 95 % bootstrap intervals.
    mu_star, sigma : float or None
        Morris: mean size of the elementary effects, and their standard deviation, in units of the statistic for the
        whole range of the parameter.
    mu_star_interval : tuple of (float, float) or None
        95 % bootstrap interval of `mu_star`.
    """

    parameter: str
    first: float | None
    first_interval: Interval | None
    total: float | None
    total_interval: Interval | None
    mu_star: float | None
    mu_star_interval: Interval | None
    sigma: float | None


class Neighbourhood(Stored):
    """A claim over all parameters moved together, within some distance of the printed ones.

    Attributes
    ----------
    within : float
        Distance, as a share of each printed value.
    sets : int
        Independent sets of parameters that were simulated; those that the experiment refuses are not among them.
    refused, undefined : int
        Sets that the experiment refuses, or that end outside the limits of the model; sets in which the statistic is
        undefined.
    same : float or None
        Share of `sets` in which the claim stands as at the printed values.
    same_interval : tuple of (float, float) or None
        Its 95 % confidence interval (Clopper and Pearson).
    noise : float or None
        Variance that the seeds alone give to an estimate, as a share of its variance over the sets.
    effects : list of Effect
        The strongest first.
    """

    within: float
    sets: Count
    refused: Count
    undefined: Count
    same: Share | None
    same_interval: Interval | None
    noise: float | None
    effects: list[Effect]


class Refinement(Stored):
    """A claim over time steps.

    Attributes
    ----------
    points : list of Point
        At each step, the printed one first.
    limit : float or None
        The estimate that a line through them has at a step of 0.
    limit_interval : tuple of (float, float) or None
        Its 95 % confidence interval; None where nothing is random.
    grid_effect : bool
        Whether the limit is on another side than the estimate at the printed step.
    refused : dict of str to str
        Step -> why it could not be simulated.
    """

    points: list[Point]
    limit: float | None
    limit_interval: Interval | None
    grid_effect: bool
    refused: dict[str, str]


class Settled(Stored):
    """From how many seeds on the verdict stays the same.

    Attributes
    ----------
    seeds : int or None
        So many are enough; None if the verdict still changed with the last of them.
    of : int
        So many seeds were looked at.
    verdict : str
        What it is with all of them.
    """

    seeds: Count | None
    of: Count
    verdict: str


class ClaimFound(Stored):
    """What was found about one claim.

    Attributes
    ----------
    id, kind, statement : str
        The claim's own.
    statistic, units : str
        Its statistic, and that one's unit.
    test : {"mean_in_range", "seeds_in_range", "exact_in_range"}
        What the estimate is: a mean over seeds, a share of seeds, or a value.
    lower, upper : float or None
        Its bounds: of the statistic, or for ``seeds_in_range`` of the share of seeds.
    printed : Point
        At the printed parameters.
    one_at_a_time : list of OneAtATime
        Those with the flip that is nearest to the printed value first.
    neighbourhoods : list of Neighbourhood
        The nearest first.
    refinement : Refinement or None
        None where there is no time step.
    sizes : list of OneAtATime
        Along each size of the network.
    settled : Settled or None
        None where nothing is random.
    line : str
        All of this in one sentence.
    """

    id: str
    kind: str
    statement: str
    statistic: str
    units: str
    test: Literal["mean_in_range", "seeds_in_range", "exact_in_range"]
    lower: float | None
    upper: float | None
    printed: Point
    one_at_a_time: list[OneAtATime]
    neighbourhoods: list[Neighbourhood]
    refinement: Refinement | None
    sizes: list[OneAtATime]
    settled: Settled | None
    line: str


class Summary(Stored):
    """What was found about an experiment's claims; ``results/robustness/EXPERIMENT.json``.

    Attributes
    ----------
    experiment, title, scale : str
        The experiment.
    command : str
        What makes it again.
    seeds : list of int
        Seeds of each set of parameters.
    runs : int
        Runs that were simulated for it.
    axes : dict of str to list of Axis
        Distance, such as ``"0.1"`` -> the parameters moved within it.
    left_out : dict of str to str
        Parameter that is not moved -> why.
    claims : list of ClaimFound
        The claims.
    parameters_digest, code_digest, content_digest : str
        What it rests on, and the digest of its own content.
    """

    experiment: str
    title: str
    scale: str
    command: str
    seeds: list[int]
    runs: Count
    axes: dict[str, list[Axis]]
    left_out: dict[str, str]
    claims: list[ClaimFound]
    parameters_digest: str
    code_digest: str
    content_digest: Annotated[str, Field(min_length=1)]
