"""The command line. Each command does one step of the pipeline and can be used without Snakemake.

Exit status: 0 success; 1 a replay or a check does not hold, or there are too few seeds to tell; 2 bad input, told in
one line (with its traceback in Python's development mode: ``python -X dev -m replasticity ...``).
Modules are imported where they are needed: a simulate job does not pay for matplotlib or scipy.
"""

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replasticity import __version__
from replasticity.errors import UserError

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.experiments import Resolved


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (UserError, FloatingPointError) as error:
        # The second comes from solvers, if the parameters let no run end.
        if sys.flags.dev_mode:
            raise
        _print_error(error)
        return 2
    except MemoryError as error:
        text = f"error: not enough memory; smaller sizes or shorter durations need less: {error}"
        print(text.rstrip(": "), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python must not try to flush again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _print_error(error: Exception) -> None:
    """Tell of an error in one line: a name or a value from a file may hold a line break."""
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m replasticity", description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=function)
        return added

    def with_scale(added: argparse.ArgumentParser) -> None:
        added.add_argument("--scale", help="quick, standard or full; default: that of config/config.yaml")

    added = command("simulate", simulate, "simulate one or several seeds of an experiment and write their runs")
    added.add_argument("experiment")
    chosen = added.add_mutually_exclusive_group()
    chosen.add_argument("--seed", type=int, default=1)
    chosen.add_argument("--seeds", help="such as 1-40 or 1,2,7: makes those that results/runs does not have yet")
    with_scale(added)
    added.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one parameter; repeatable"
    )
    added.add_argument("-o", "--output", type=Path, help="default: results/runs/EXPERIMENT/seed-SEED.nc")

    added = command("aggregate", aggregate, "gather the statistics of all seeds of an experiment")
    added.add_argument("experiment")
    with_scale(added)
    added.add_argument("--seeds", help="such as 1-40 or 1,2,7; default: those of the scale")
    added.add_argument("-o", "--output", type=Path, help="default: results/ensembles/EXPERIMENT.nc")

    added = command("evaluate", evaluate, "judge the claims of an experiment and compare it with other simulators")
    added.add_argument("experiment")
    with_scale(added)
    added.add_argument(
        "--with",
        dest="others",
        nargs="*",
        metavar="EXPERIMENT",
        help="others of the same figure, whose claims are corrected together; default: those with an ensemble",
    )

    added = command("plot", plot, "draw a figure from results, or from given files of runs or ensembles")
    added.add_argument("figure", help="name of the experiment whose figure it is")
    added.add_argument("files", nargs="*", type=Path, help="runs or ensembles; default: results/ensembles")
    added.add_argument("-o", "--output", type=Path, help="one file (.pdf, .svg, .png, or .nc for what is drawn)")
    added.add_argument("--panel", metavar="LETTER", help="this panel alone, as wide as it is in the figure")

    added = command("check", check, "compare ensembles and drawn data with the committed ones")
    added.add_argument("experiments", nargs="*", help="default: those of config/config.yaml")
    with_scale(added)

    added = command("accept-reference", accept_reference, "make the present ensembles the reference statistics")
    added.add_argument("experiments", nargs="+")
    with_scale(added)

    added = command("replay", replay, "run our simulation on another simulator's inputs and compare")
    added.add_argument("files", nargs="+", type=Path, metavar="FILE")
    added.add_argument("--save", type=Path, metavar="DIR", help="write what our run produced as netCDF")
    added.add_argument("--json", type=Path, metavar="FILE", help="write how each quantity compares, for machines")

    added = command("claims", claims, "show the verdict on each claim")
    added.add_argument("experiments", nargs="*", help="default: all that have been evaluated")
    added.add_argument("--json", action="store_true", help="for machines")

    command("list", list_experiments, "list the experiments")

    added = command("info", info, "show an experiment's parameters with their sources, or where a file comes from")
    added.add_argument("subject", help="name of an experiment, or a netCDF file of results/")

    added = command("gallery", gallery, "renew the committed gallery under figures/ from the results")
    added.add_argument(
        "experiments", nargs="*", help="those whose sections to renew; default: all of config/config.yaml"
    )
    with_scale(added)

    added = command("report", report, "make one page of all results that opens in a browser, without a network")
    added.add_argument("experiments", nargs="*", help="default: those of config/config.yaml")
    with_scale(added)
    added.add_argument("-o", "--output", type=Path, help="default: results/report.html")

    added = command(
        "compile",
        compile_kernels,
        "compile the kernels of a protocol, and of those that use the same, into numba's cache",
    )
    added.add_argument("protocol")
    added.add_argument("-o", "--output", type=Path, required=True, help="a JSON file that says what was compiled")
    command("schema", schema, "write the JSON schemas of the YAML files to config/schema/")
    return parser


def _resolve(options: argparse.Namespace, name: str, changes: dict[str, Any] | None = None) -> "Resolved":
    from replasticity import configuration, experiments

    scale = options.scale or configuration.read().scale
    return experiments.resolve(name, scale, changes)


def _changes(assignments: list[str]) -> dict[str, Any]:
    """Return the parameters given as KEY=VALUE, values read as YAML."""
    from replasticity import experiments

    changes = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key:
            raise UserError(f"--set {assignment}: has to be KEY=VALUE, such as tau_H_ms=200")
        changes[key] = experiments.parse_yaml(text, f"--set {assignment}")
    return changes


def _seeds(text: str) -> list[int]:
    """Return seeds given as ``1-40`` or ``1,2,7``."""
    from replasticity import configuration, experiments

    try:
        seeds = configuration.seed_list_of(text)
        experiments.distinct_seeds(seeds)
    except ValueError as error:
        raise UserError(f"--seeds {text}: {error}") from error
    return seeds


def simulate(options: argparse.Namespace) -> int:
    """Simulate seeds and write their runs."""
    from replasticity import jobs, project
    from replasticity.parameters import LARGEST_INT

    changes = _changes(options.set)
    if not 0 <= options.seed <= LARGEST_INT:
        raise UserError(
            f"--seed {options.seed}: has to be {'0 or more' if options.seed < 0 else f'{LARGEST_INT} or less'}"
        )
    if changes and options.output is None:
        raise UserError("--set: give the changed run a name of its own with -o FILE")
    if options.seeds and options.output is not None:
        raise UserError("--seeds: each run gets its own file under results/runs; -o FILE is for one --seed")
    resolved = _resolve(options, options.experiment, changes)
    if options.seeds:
        jobs.simulate(resolved, _seeds(options.seeds))
    else:
        jobs.simulate_one(resolved, options.seed, options.output or project.run_file(resolved.name, options.seed))
    return 0


def aggregate(options: argparse.Namespace) -> int:
    """Gather the statistics of all seeds."""
    from replasticity import datasets, jobs, project, simulation

    resolved = _resolve(options, options.experiment)
    seeds = _seeds(options.seeds) if options.seeds else resolved.seeds
    jobs.check_records(resolved.name, seeds)
    output = options.output or project.ensemble_file(resolved.name)
    ensemble = simulation.aggregate(resolved, [project.run_file(resolved.name, seed) for seed in seeds])
    datasets.write(ensemble, output)
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Judge the claims."""
    from replasticity import datasets, experiments, project
    from replasticity.analysis import evaluation

    resolved = _resolve(options, options.experiment)
    others = options.others
    if others is None:
        family = experiments.in_one_figure(
            resolved.name, {name: experiments.load(name) for name in experiments.names()}
        )
        others = [name for name in family if project.ensemble_file(name).is_file()]
    ensembles = {name: _ensemble(name) for name in dict.fromkeys([resolved.name, *others])}
    with datasets.content_of(*map(project.ensemble_file, ensembles)):
        content = json.dumps(evaluation.evaluate(resolved, ensembles), indent=1) + "\n"
    datasets.write_bytes(content.encode(), project.evaluation_file(resolved.name))
    return 0


def _keep_fonts_in_the_project() -> None:
    """Tell matplotlib, before it is imported, not to keep its list of fonts in the home directory."""
    from replasticity import project

    os.environ.setdefault("MPLCONFIGDIR", str(project.cache_folder("matplotlib")))


def plot(options: argparse.Namespace) -> int:
    """Draw a figure."""
    from replasticity import datasets, experiments, project

    _keep_fonts_in_the_project()
    from replasticity.figures import drawn_data, rendering

    experiment = experiments.load(options.figure)
    if experiment.figure is None:
        having = [name for name in experiments.names() if experiments.load(name).figure is not None]
        raise UserError(f"{options.figure}: this experiment has no figure of its own; allowed: {', '.join(having)}")
    roles = {"main": options.figure, **experiment.figure.beside}
    if options.files:
        ensembles = _ensembles_of_files(options.files, roles)
        evaluations: dict[str, Any] = {}
    else:
        roles = experiments.shown(options.figure, experiment)
        ensembles = {role: _ensemble(name) for role, name in roles.items()}
        evaluations = {role: _evaluation(name) for role, name in roles.items()}
    shown = options.files or [project.ensemble_file(name) for name in roles.values()]
    with datasets.content_of(*shown):
        figure = rendering.draw(experiment.figure.module, ensembles, evaluations)
        for path in [options.output] if options.output else _pictures(options):
            if path.suffix == f".{drawn_data.SUFFIX}" and options.panel is None:
                datasets.write(drawn_data.collect(figure, options.figure, ensembles), path)
            else:
                rendering.save(figure, path, options.panel)
            print(project.shown(path))
    return 0


def _pictures(options: argparse.Namespace) -> list[Path]:
    """Return what `plot` writes unless told otherwise: beside the first of the given files, or in results/figures."""
    from replasticity import project
    from replasticity.figures import drawn_data, rendering

    first: Path = options.files[0] if options.files else project.figure_file(options.figure, "png")
    # What is drawn is kept of the workflow's figures only.
    more = () if options.files or options.panel else (drawn_data.SUFFIX,)
    name = f"{first.stem}_{options.panel}" if options.panel else first.stem
    return [first.with_name(f"{name}.{suffix}") for suffix in (*rendering.FORMATS, *more)]


def _ensembles_of_files(files: list[Path], roles: dict[str, str]) -> "dict[str, xr.Dataset]":
    """Return role -> ensemble from files of runs and ensembles; runs of one experiment are gathered."""
    from replasticity import datasets, experiments, simulation

    role_of = {name: role for role, name in roles.items()}
    ensembles: dict[str, xr.Dataset] = {}
    runs: dict[str, list[Path]] = {}
    for path in files:
        is_run = datasets.open_netcdf(path).attrs.get("kind") == "run"
        dataset = datasets.read(path, "run") if is_run else simulation.read_ensemble(path)
        name = dataset.attrs["experiment"]
        if name not in role_of:
            raise UserError(f"{path}: is of experiment '{name}'; this figure shows {', '.join(role_of)}")
        if is_run:
            runs.setdefault(name, []).append(path)
        else:
            ensembles[role_of[name]] = dataset
    for name, paths in runs.items():
        recorded = experiments.resolve_recorded(datasets.read(paths[0], "run").attrs, paths[0])
        ensembles[role_of[name]] = simulation.aggregate(recorded, paths)
    if "main" not in ensembles:
        raise UserError(f"{files[0]}: no file of experiment '{roles['main']}' is given, which this figure needs")
    return ensembles


def _ensemble(name: str) -> "xr.Dataset":
    from replasticity import project, simulation

    path = project.ensemble_file(name)
    try:
        ensemble = simulation.read_ensemble(path)
    except UserError as error:
        remedy = "delete it and call Snakemake again, which makes it anew" if path.exists() else "Snakemake makes it"
        raise UserError(f"{error}; {remedy}") from error
    if ensemble.attrs["experiment"] != name:
        raise UserError(f"{project.shown(path)}: is of experiment '{ensemble.attrs['experiment']}', not '{name}'")
    return ensemble


def _evaluation(name: str) -> dict[str, Any]:
    """Return the stored verdicts on an experiment."""
    from replasticity import project

    path = project.evaluation_file(name)
    if not path.is_file():
        raise UserError(f"{project.shown(path)}: no such file; 'snakemake --cores all' makes it")
    try:
        evaluation: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        evaluation["claims"], evaluation["errata"], evaluation["judged_with"], evaluation["peer"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{project.shown(path)}: no valid evaluation; delete it and run Snakemake again") from error
    return evaluation


def _selected(options: argparse.Namespace) -> "list[Resolved]":
    from replasticity import configuration

    names = getattr(options, "experiments", None) or configuration.resolve_all(configuration.read())
    return [_resolve(options, name) for name in names]


def check(options: argparse.Namespace) -> int:
    """Compare with the reference statistics, and what the figures draw with what the committed ones do."""
    _keep_fonts_in_the_project()
    selected = _selected(options)
    comparisons = [
        *(partial(_statistics_hold, each) for each in selected),
        *(partial(_drawing_holds, each.name) for each in selected if each.experiment.figure),
    ]
    status = 0
    for compare in comparisons:
        try:
            status = max(status, 0 if compare() else 1)
        except UserError as error:
            # The file of one experiment is no reason to leave out the others.
            if sys.flags.dev_mode:
                raise
            sys.stdout.flush()
            _print_error(error)
            status = 2
    return status


def _statistics_hold(resolved: "Resolved") -> bool:
    """Print how an ensemble compares with its reference; return False if it moved, or too few seeds tell."""
    from replasticity import datasets, project, tables
    from replasticity.analysis import regression

    ensemble, reference = _ensemble(resolved.name), regression.reference_file(resolved)
    if not reference.is_file():
        remedy = f"'python -m replasticity accept-reference {resolved.name}' makes it from the present ensemble"
        print(f"{resolved.name}: no reference yet; {remedy}")
        return True
    with datasets.content_of(project.ensemble_file(resolved.name), reference):
        outcome = regression.check(resolved, ensemble)
    tables.show_check(outcome)
    return outcome.passes


def _drawing_holds(figure: str) -> bool:
    """Print how a figure's drawn data compare with the committed ones; return False if they moved."""
    from replasticity import tables

    differences = _drawing_differences(figure)
    tables.show_drawing(figure, differences)
    return not differences


def _drawing_differences(name: str) -> list[str] | None:
    """Return how a figure's drawn data differ from the committed ones; None where these show other runs, or none."""
    from replasticity import project
    from replasticity.figures import drawn_data

    files = project.figure_file(name, drawn_data.SUFFIX), project.gallery_folder() / f"{name}.{drawn_data.SUFFIX}"
    if not all(file.is_file() for file in files):
        return None
    now, committed = map(drawn_data.read, files)
    return drawn_data.differences(now, committed) if drawn_data.same_origin(now, committed) else None


def accept_reference(options: argparse.Namespace) -> int:
    """Make the present ensembles the reference."""
    from replasticity import project
    from replasticity.analysis import regression

    for resolved in _selected(options):
        ensemble = _ensemble(resolved.name)
        if ensemble.attrs["parameters_digest"] != resolved.digest:
            raise UserError(
                f"{project.shown(project.ensemble_file(resolved.name))}: made with other parameters than "
                f"'{resolved.name}' has at scale '{resolved.scale}'; run Snakemake first"
            )
        path = regression.write_reference(resolved, ensemble)
        print(f"{project.shown(path)}: reference of {ensemble.sizes['seed']} seeds; commit it with the reason")
    return 0


def replay(options: argparse.Namespace) -> int:
    """Replay recordings of other simulators."""
    from replasticity import datasets, replays, tables

    summaries = []
    for path in options.files:
        ours, deviations = replays.replay(path)
        tables.show_replay(str(path), deviations)
        summary = replays.summary(path, deviations)
        compared = sum(row.holds is not None for row in deviations)
        print(f"{path}: {'holds' if summary['holds'] else 'DOES NOT HOLD'} ({compared} quantities compared)\n")
        summaries.append(summary)
        if options.save is not None:
            datasets.write(ours, options.save / path.name)
    if options.json is not None:
        datasets.write_bytes((json.dumps(summaries, indent=1) + "\n").encode(), options.json)
    return 0 if all(summary["holds"] for summary in summaries) else 1


def claims(options: argparse.Namespace) -> int:
    """Show the verdicts."""
    from replasticity import experiments, project, tables

    names = options.experiments or [name for name in experiments.names() if project.evaluation_file(name).is_file()]
    if not names:
        raise UserError("results/evaluations: nothing has been evaluated yet; 'snakemake --cores all' does it")
    for name in names:
        experiments.file_of(name)
    evaluations = [_evaluation(name) for name in names]
    if options.json:
        print(json.dumps(evaluations, indent=1))
    else:
        for evaluation in evaluations:
            tables.show_claims(evaluation)
    return 0


def list_experiments(options: argparse.Namespace) -> int:
    """List the experiments."""
    from replasticity import experiments, tables

    loaded = {name: experiments.load(name) for name in experiments.names()}
    tables.show(
        "config/experiments",
        ("experiment", "title", "protocol", "seeds quick/standard/full", "figure"),
        (
            (
                name,
                experiment.title,
                experiment.protocol,
                "/".join(str(len(experiments.seed_list(scale.seeds))) for scale in experiment.scales.all()),
                "own" if experiment.figure else "-",
            )
            for name, experiment in loaded.items()
        ),
    )
    return 0


def info(options: argparse.Namespace) -> int:
    """Show an experiment or the origin of a file."""
    from replasticity import datasets, experiments, tables

    if options.subject.endswith(".nc"):
        dataset = datasets.open_netcdf(Path(options.subject))
        rows = [(name, str(value)) for name, value in dataset.attrs.items()]
        tables.show(options.subject, ("attribute", "value"), rows)
        return 0
    experiment = experiments.load(options.subject)
    parameters = experiment.parameters.model_dump(mode="json")
    print(experiment.title)
    for reference in experiment.references:
        print(f"  {reference.citation}{f' doi:{reference.doi}' if reference.doi else ''}")
    tables.show(
        f"{options.subject}, protocol {experiment.protocol}",
        ("parameter", "value", "source"),
        ((name, json.dumps(entry["value"]), entry["source"]) for name, entry in parameters.items()),
    )
    return 0


def gallery(options: argparse.Namespace) -> int:
    """Renew the committed gallery."""
    from replasticity import gallery as pages
    from replasticity import project

    figures = [resolved for resolved in _selected(options) if resolved.experiment.figure is not None]
    for path in pages.renew(figures, _evaluation):
        print(project.shown(path))
    return 0


def report(options: argparse.Namespace) -> int:
    """Make the report."""
    _keep_fonts_in_the_project()
    from replasticity import datasets, project
    from replasticity.report import page

    output = options.output or project.report_file()
    datasets.write_bytes(page.render(_selected(options), _evaluation, _ensemble).encode(), output)
    print(project.shown(output))
    return 0


def compile_kernels(options: argparse.Namespace) -> int:
    """Compile by simulating a short seed of each experiment that uses the same kernels, and forget older code."""
    import shutil

    from replasticity import datasets, experiments, protocols, provenance, simulation
    from replasticity.kernels import compilation

    protocols.get(options.protocol)
    together = provenance.compiled_together(options.protocol)
    compiled = []
    for name in experiments.names():
        experiment = experiments.load(name)
        if experiment.protocol not in together:
            continue
        resolved = experiments.resolve_shortest(name, experiment)
        # What the quick scale leaves out takes too long, and needs no code of its own.
        if resolved.seeds:
            simulation.simulate(resolved, seed=1)
            compiled.append(name)
    folder = compilation.cache_folder()
    for other in folder.parent.iterdir() if compilation.CACHED else ():
        if other.is_dir() and other != folder:
            shutil.rmtree(other, ignore_errors=True)
    content = json.dumps({"cache": folder.name, "compiled_for": compiled}, indent=1)
    datasets.write_bytes(content.encode(), options.output)
    return 0


def schema(options: argparse.Namespace) -> int:
    """Write the JSON schemas."""
    from replasticity import project, schemas

    for path, content in schemas.all_schemas().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(project.shown(path))
    return 0
