"""One seed: the lines that make a run of a protocol's file, its parameters and a seed.

Edited: every experiment is simulated again. What finds the file, and what reads and writes, stands elsewhere.
"""

import inspect
from types import ModuleType
from typing import Any, cast

from replasticity.storage.contract import Arrays, require_defined


def sample_inputs(module: ModuleType, parameters: Any, seed: int) -> Arrays:
    """Return the inputs of a run: all that is random, or prescribed and replaced by a recording."""
    if hasattr(module, "sample_inputs"):
        return cast(Arrays, module.sample_inputs(parameters, seed))
    prescribed = getattr(module, "prescribed_inputs", None)
    return cast(Arrays, prescribed(parameters)) if prescribed else {}


def simulate(module: ModuleType, parameters: Any, seed: int, checkpoint: Any = None) -> Arrays:
    """Return the run of one seed: its inputs sampled, the time passed, both kept.

    Parameters
    ----------
    module : module
        The file of the protocol.
    parameters : Parameters
        An object of its class.
    seed : int
        Seed of the run.
    checkpoint : Checkpoint, optional
        Where a long run keeps its state now and then.

    Returns
    -------
    dict of str to ndarray
        Variables of the module's ``RUN``, in its order.

    Raises
    ------
    StateError
        If a state leaves the finite range, or the limits that its model states.
    """
    inputs = sample_inputs(module, parameters, seed)
    is_resumable = "checkpoint" in inspect.signature(module.simulate).parameters
    run = module.simulate(parameters, inputs, **({"checkpoint": checkpoint} if is_resumable else {}))
    kept = inputs | run
    arrays = {name: kept[name] for name in module.RUN if name in kept}
    require_defined(module.RUN, arrays)
    return arrays
