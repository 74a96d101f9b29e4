"""Figures: one drawing module each. They read datasets and verdicts, and know no simulator.

A drawing module has ``draw(ensembles, evaluations)``, which returns a `matplotlib.figure.Figure`. Both
arguments are mappings from a role to a dataset or a verdict: the role ``"main"`` is the experiment whose
figure it is, other roles are those of ``figure.beside`` in its YAML file. Only ``"main"`` has to be there.
"""

import pkgutil


def names() -> list[str]:
    """Return the names of all drawing modules, sorted; what they share is in `rendering` and in modules with "_"."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in modules if name != "rendering" and not name.startswith("_"))
