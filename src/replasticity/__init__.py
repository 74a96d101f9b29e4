"""Published figures of synaptic plasticity, regenerated, tested and proved spike for spike.

``import replasticity as rp`` gives `experiments`, `parameters`, `run`, `summarise`, `judge`, `plot`, `replay`, `save`,
`sweep` and `UserError`. Each is loaded when it is asked for: importing this costs nothing. `replasticity.interface` is
their page.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from replasticity.errors import UserError
    from replasticity.interface.catalogue import experiments, parameters
    from replasticity.interface.results import judge, plot, replay, save
    from replasticity.interface.runs import run, summarise, sweep

__all__ = ["UserError", "experiments", "judge", "parameters", "plot", "replay", "run", "save", "summarise", "sweep"]
__version__ = "0.1.0"

#: Public name -> the module that has it.
_MODULES = {
    "UserError": "errors",
    "experiments": "interface.catalogue",
    "judge": "interface.results",
    "parameters": "interface.catalogue",
    "plot": "interface.results",
    "replay": "interface.results",
    "run": "interface.runs",
    "save": "interface.results",
    "summarise": "interface.runs",
    "sweep": "interface.runs",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'; public names: {', '.join(__all__)}")
    # Not by an import statement: what a stage of the pipeline imports decides what is made again. Nor is anything
    # imported at the top, which every command would wait for.
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
