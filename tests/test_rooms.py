"""Imports run one way: what each room of the package may import, and nothing else passes."""

import re
import sys

import grimp
import pytest

#: Room -> rooms and libraries that it may import. `~` stands before a library.
ALLOWED = {
    "": set(),
    "errors": set(),
    "units": set(),
    "terminal": set(),
    "comparison": {"~numpy"},
    "numerics": {"errors", "storage.project", "~numba", "~llvmlite", "~numpy"},
    "equations": {"numerics", "~numpy"},
    "models": {"models parameters", "equations", "numerics", "definitions.parameters", "errors", "~numpy", "~pydantic"},
    # Parameters of a model, and arithmetic with them: without its compiled code.
    "models parameters": {
        *("definitions.parameters", "definitions.ranges", "equations", "numerics.arrays", "numerics.random"),
        *("~numpy", "~pydantic"),
    },
    "definitions.parameters": {"definitions.ranges", "~pydantic"},
    "definitions.ranges": {"~numpy"},
    "definitions.yaml_files": {"errors", "storage", "terminal", "~pydantic", "~ruamel"},
    "storage": {"definitions.parameters", "errors", "units", "~netCDF4", "~numpy", "~pydantic", "~xarray"},
    "study": {
        *("comparison", "definitions.parameters", "definitions.yaml_files", "errors", "storage", "studies"),
        *("~numpy", "~pydantic", "~ruamel", "~xarray"),
    },
    # What a study's files may import: the files of the same study are free.
    "studies": {"storage.places"},
    "studies protocol": {
        *("definitions.parameters", "definitions.ranges", "errors", "models", "equations", "numerics"),
        "storage.contract",
        *("pipeline.checkpoints", "pipeline.progress", "~numpy", "~pydantic", "~scipy"),
    },
    "studies statistics": {
        "equations",
        "models parameters",
        "numerics.arrays",
        "numerics.events",
        "numerics.groups",
        "numerics.random",
        "study",
        "storage.contract",
        "~numpy",
        "~scipy",
    },
    "studies figure": {"equations", "plotting", "study.data", "~matplotlib", "~numpy", "~scipy", "~xarray"},
    # The test file of a template.
    "studies test": {"testing"},
    "studies peer": {"comparison", "errors", "models", "numerics.arrays", "storage", "study", "~numpy", "~xarray"},
    # In the simulator's own environment, where there is nothing of ours.
    "studies live peer": {"~brian2", "~nest", "~numpy", "~peer_brian2", "~peer_shared", "~scipy"},
    "definitions": {"definitions.parameters", "definitions.yaml_files", "errors", "storage", "study", "~pydantic"},
    "plotting": {"", "errors", "storage", "~matplotlib", "~numpy", "~scipy", "~xarray"},
    "judging": {
        *("comparison", "definitions", "errors", "storage", "study", "units"),
        *("~numpy", "~pydantic", "~scipy", "~xarray"),
    },
    "peers": {"comparison", "definitions", "errors", "storage", "study", "~netCDF4", "~numpy", "~ruamel", "~xarray"},
    # In the simulator's own environment.
    "peers.nestml_module": {"~nest", "~pynestml"},
    "pipeline": {"", "definitions", "errors", "storage", "study", "~grimp", "~numpy", "~rich", "~xarray"},
    "robustness": {
        *("comparison", "definitions", "errors", "judging", "pipeline", "storage", "study", "units"),
        *("~SALib", "~numpy", "~pydantic", "~scipy", "~xarray"),
    },
    "reporting": {
        *("", "comparison", "definitions", "errors", "judging", "peers", "pipeline", "plotting", "robustness"),
        *("storage", "study", "terminal", "units", "~PIL", "~jinja2", "~markupsafe", "~matplotlib", "~numpy"),
        *("~plotly", "~pydantic", "~rich", "~xarray"),
    },
    "making": {
        *("definitions", "errors", "judging", "numerics", "pipeline", "plotting", "reporting", "storage", "study"),
        *("terminal", "~xarray"),
    },
    "interface": {
        *("definitions", "errors", "judging", "peers", "pipeline", "plotting", "storage", "study", "units"),
        *("~IPython", "~matplotlib", "~numpy", "~pandas", "~pydantic", "~rich", "~xarray"),
    },
    "testing": {
        *("", "definitions", "errors", "interface", "judging", "numerics", "peers", "pipeline", "plotting", "storage"),
        *("study", "terminal", "units", "~numpy", "~pytest", "~xarray"),
    },
    "templates": {"definitions", "errors", "storage", "~pydantic"},
    "cli_arguments": {"definitions", "errors", "terminal"},
    "cli_peers": {
        *("cli_arguments", "definitions", "errors", "interface", "peers", "pipeline", "reporting", "storage", "study"),
        "terminal",
    },
    "cli_robustness": {
        *("cli_arguments", "definitions", "errors", "interface", "pipeline", "plotting", "reporting", "robustness"),
        *("storage", "study", "terminal"),
    },
    "cli": {
        *("", "cli_arguments", "cli_peers", "cli_robustness"),
        *("definitions", "errors", "interface", "judging", "making", "numerics", "peers", "pipeline", "plotting"),
        *("reporting", "storage", "study", "templates", "terminal", "testing", "~xarray"),
    },
    "__main__": {"cli"},
}

GRAPH = grimp.build_graph(
    "replasticity", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
)


def part_of_a_study(file):
    """Return which part of a study a file is; a page or shared code counts as the protocol's."""
    if re.search(r"(^|_)peer_\w+$", file):
        return "live peer"
    if file.startswith("test_"):
        return "test"
    return next((part for part in ("statistics", "figure", "peer") if file.split("_")[-1] == part), "protocol")


def room_of(module):
    """Return the room of a module, by its entry in `ALLOWED`."""
    if not module.startswith("replasticity"):
        return "" if module.split(".")[0] in sys.stdlib_module_names else f"~{module}"
    _, *names = module.split(".")
    if names[:1] in (["studies"], ["templates"]) and len(names) == 3:
        return f"studies {part_of_a_study(names[2])}"
    if names[:1] == ["models"] and names[-1].endswith("_parameters"):
        return "models parameters"
    return module.removeprefix("replasticity").lstrip(".") if ".".join(names) in ALLOWED else (names or [""])[0]


def is_allowed(importer, imported):
    """Return True if a module may import another."""
    allowed = ALLOWED[room_of(importer)]
    _, *names = imported.split(".")
    if importer.split(".")[:3] == imported.split(".")[:3] or room_of(importer) == room_of(imported):
        return True
    own = {".".join(names[:depth]) for depth in range(len(names) + 1)} - ({""} if names else set())
    own.add(room_of(imported))
    return bool(own & allowed) if imported.startswith("replasticity") else room_of(imported) in allowed | {""}


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_what_it_may(room):
    modules = [each for each in GRAPH.modules if each.startswith("replasticity") and room_of(each) == room]
    assert modules, "no such room"
    wrong = [
        f"{module} imports {imported}"
        for module in sorted(modules)
        for imported in sorted(GRAPH.find_modules_directly_imported_by(module))
        if not is_allowed(module, imported)
    ]
    assert wrong == []


def test_every_module_is_in_a_room():
    assert {room_of(each) for each in GRAPH.modules if each.startswith("replasticity")} == set(ALLOWED)


def test_figures_load_no_simulator():
    for module in GRAPH.modules:
        if room_of(module) == "studies figure":
            upstream = GRAPH.find_upstream_modules(module)
            assert not {each for each in upstream if each.startswith(("numba", "replasticity.models"))}, module
