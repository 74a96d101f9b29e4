"""What a user is told of a state that left its limits."""

from replasticity.errors import StateError


def raise_failure(failure, variables, dt_ms, place):
    """Raise a `StateError` if a run's record holds a failure.

    Parameters
    ----------
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        The record.
    variables : sequence of (str, str)
        Name of each variable, with its unit, and what is allowed, such as ``("V_mV", "-1000 to 1000 mV")``.
    dt_ms : float
        Time step [ms].
    place : str
        What a place is: "neuron" or "synapse".

    Raises
    ------
    StateError
        If there is one; it names variable, time, place and what is allowed.
    """
    variable, step, index, value = failure[0].item()
    if variable >= 0:
        name, allowed = variables[variable]
        raise StateError(
            f"{name} of {place} {index} is {value:.6g} at {step * dt_ms:g} ms, allowed: {allowed}; "
            "with these parameters the run means nothing"
        )
