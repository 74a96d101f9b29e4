"""The command line. Each command does one step of the pipeline and can be used without Snakemake.

Exit status: 0 success; 1 a replay or a check does not hold, or there are too few seeds to tell; 2 bad input, reported
in one line (with its traceback in Python's development mode: ``python -X dev -m replasticity ...``).
Modules are imported where they are needed: a simulate job does not pay for matplotlib or scipy.
"""

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replasticity import __version__, cli_arguments, cli_peers, cli_robustness, terminal
from replasticity.errors import UserError

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.definitions.experiments import Resolved
    from replasticity.reporting.results import Results


#: Not taken from the docstring, which is gone with PYTHONOPTIMIZE=2.
_DESCRIPTION = "The command line. Each command does one step of the pipeline and can be used without Snakemake."


#: Library -> the extra of this package that it comes with.
_EXTRA_OF = {"SALib": "robustness", "jinja2": "report", "PIL": "report", "plotly": "report", "snakemake": "workflow"}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    terminal.use_what_there_is()
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (UserError, FloatingPointError) as error:
        # The second comes from solvers, if the parameters let no run end.
        if sys.flags.dev_mode:
            raise
        terminal.say_error(error)
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
    except (OSError, ImportError) as error:
        # Neither a file's fault nor the user's: a full or broken disk, too many open files, a library that is missing.
        if sys.flags.dev_mode:
            raise
        from replasticity.storage import datasets

        terminal.say_error(datasets.mistake_in_a_study(error) or _of_the_machine(error))
        return 2
    except Exception as error:
        from replasticity.storage import datasets

        mistake = datasets.mistake_in_a_study(error)
        if mistake is None or sys.flags.dev_mode:
            raise
        terminal.say_error(mistake)
        return 2
    return status


def _of_the_machine(error: OSError | ImportError) -> str:
    """Return in words what this machine or this installation does not give."""
    if isinstance(error, ImportError):
        remedy = "'make install' sets all of them up"
        if extra := _EXTRA_OF.get((error.name or "").partition(".")[0]):
            remedy += f" in a clone, and \"pip install 'replasticity[{extra}]'\" elsewhere"
        return f"a library cannot be loaded: {error}; {remedy}"
    return f"{error.filename}: {error.strerror}" if error.filename is not None else str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m replasticity", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=function)
        return added

    added = command("simulate", simulate, "simulate one or several seeds of an experiment and write their runs")
    added.add_argument("experiment")
    chosen = added.add_mutually_exclusive_group()
    chosen.add_argument("--seed", type=int, help="default: the first one of the experiment")
    chosen.add_argument(
        "--seeds",
        help="such as 1001-1040, 1,2,7 or @FILE with such a text: makes those that results/runs does not have yet",
    )
    cli_arguments.add_scale(added)
    cli_arguments.add_changes(added)
    added.add_argument("-o", "--output", type=Path, help="default: results/runs/EXPERIMENT/seed-SEED.nc")

    added = command("aggregate", aggregate, "gather the statistics of all seeds of an experiment")
    added.add_argument("experiment")
    cli_arguments.add_scale(added)
    added.add_argument("--seeds", help="such as 1001-1040, 1,2,7 or @FILE; default: those of the scale")
    added.add_argument("-o", "--output", type=Path, help="default: results/ensembles/EXPERIMENT.nc")

    added = command("evaluate", evaluate, "judge the claims of an experiment and compare it with other simulators")
    added.add_argument("experiment")
    cli_arguments.add_scale(added)
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
    added.add_argument(
        "--with",
        dest="others",
        nargs="*",
        metavar="EXPERIMENT",
        help="experiments to show beside the figure's own; default: those of the figure with an ensemble",
    )
    added.add_argument("--panel", metavar="LETTER", help="this panel alone, as wide as it is in the figure")

    added = command("figure", figure, "simulate what is missing, judge and draw one figure, without Snakemake")
    added.add_argument("figure", help="name of the experiment whose figure it is")
    cli_arguments.add_scale(added)
    cli_arguments.add_changes(added)
    added.add_argument("--seeds", help="such as 1001-1040, 1,2,7 or @FILE, of each experiment in it")
    added.add_argument("--cores", type=int, default=1, help="so many processes simulate at once; default: 1")
    added.add_argument("-o", "--output", type=Path, help="one file; default: all formats in results/figures")

    added = command("check", check, "compare ensembles and drawn data with the committed ones")
    added.add_argument("experiments", nargs="*", help="default: those of config/config.yaml")
    cli_arguments.add_scale(added)

    added = command(
        "accept-reference",
        accept_reference,
        "make the present ensembles the reference statistics; what results has not of the scale is simulated beside it",
    )
    added.add_argument("experiments", nargs="+")
    cli_arguments.add_scale(added)

    added = command("replay", replay, "run our simulation on another simulator's inputs and compare")
    added.add_argument("files", nargs="+", type=Path, metavar="FILE")
    added.add_argument("--save", type=Path, metavar="DIR", help="write what our run produced as netCDF")
    added.add_argument("--json", type=Path, metavar="FILE", help="write how each quantity compares, for machines")

    cli_peers.add_commands(command)
    cli_robustness.add_commands(command)

    added = command("claims", claims, "show the verdict on each claim")
    added.add_argument("experiments", nargs="*", help="default: all that have been evaluated")
    added.add_argument("--json", action="store_true", help="for machines")

    command("list", list_experiments, "list the experiments")

    added = command(
        "info", info, "show an experiment's parameters with their sources, or where a file comes from and what it holds"
    )
    added.add_argument("subject", help="name of an experiment, or a netCDF file of results/")

    added = command("gallery", gallery, "renew the committed gallery under figures/ from the results")
    added.add_argument(
        "experiments", nargs="*", help="those whose sections to renew; default: all of config/config.yaml"
    )
    cli_arguments.add_scale(added)
    added.add_argument("--force", action="store_true", help="replace also what is there of a larger scale")

    added = command("report", report, "make one page of all results that opens in a browser, without a network")
    added.add_argument("experiments", nargs="*", help="default: those of config/config.yaml")
    cli_arguments.add_scale(added)
    added.add_argument("-o", "--output", type=Path, help="default: results/report.html")

    added = command("new", new, "write a study that runs and passes all gates, to begin with")
    added.add_argument("name", metavar="NAME", help="author and year, such as pfister2006")
    added.add_argument("--doi", required=True, help="that of the publication, such as 10.1038/nn.2479")
    added.add_argument("--deterministic", action="store_true", help="nothing in it is random: one seed is all there is")
    added.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="default: the folder in REPLASTICITY_PATH; else 'studies' of the project, or of the working folder",
    )

    added = command("verify", verify, "look whether a study passes the gates that every study passes")
    added.add_argument("study", metavar="NAME")

    added = command(
        "compile",
        compile_kernels,
        "compile the kernels of a protocol, and of those that use the same, into numba's cache",
    )
    added.add_argument("protocol")
    added.add_argument("-o", "--output", type=Path, required=True, help="a JSON file that says what was compiled")

    added = command("init", init, "make the folder of a project: what to make, own experiments, and a Snakefile")
    added.add_argument("folder", nargs="?", type=Path, default=Path(), help="default: the working folder")
    command("schema", schema, "write the JSON schemas of the YAML files to config/schema/")
    return parser


def simulate(options: argparse.Namespace) -> int:
    """Simulate seeds and write their runs."""
    from replasticity.definitions.parameters import LARGEST_INT
    from replasticity.making import marks
    from replasticity.pipeline import jobs
    from replasticity.storage import files, project

    changes = cli_arguments.changes(options.set)
    if options.seed is not None and not 0 <= options.seed <= LARGEST_INT:
        raise UserError(
            f"--seed {options.seed}: has to be {'0 or more' if options.seed < 0 else f'{LARGEST_INT} or less'}"
        )
    if changes and options.output is None:
        raise UserError("--set: give the changed run a name of its own with -o FILE")
    if options.seeds and options.output is not None:
        raise UserError("--seeds: each run gets its own file under results/runs; -o FILE is for one --seed")
    resolved = cli_arguments.resolve(options, options.experiment, changes)
    if options.output is not None:
        files.check_output(options.output)
    if options.seeds:
        seeds = cli_arguments.seeds(options.seeds)
        jobs.simulate(resolved, seeds)
        marks.record(resolved, seeds).set_mark_of_command()
    else:
        seed = resolved.experiment.first_seed if options.seed is None else options.seed
        jobs.simulate_one(resolved, seed, options.output or project.run_file(resolved.name, seed))
    return 0


def aggregate(options: argparse.Namespace) -> int:
    """Gather the statistics of all seeds."""
    from replasticity.making import marks, steps
    from replasticity.storage import files, project

    resolved = cli_arguments.resolve(options, options.experiment)
    seeds = cli_arguments.seeds(options.seeds) if options.seeds else resolved.seeds
    runs = [project.run_file(resolved.name, seed) for seed in seeds]
    if options.output is not None:
        files.check_output(options.output, runs)
    output = options.output or project.ensemble_file(resolved.name)
    steps.gather(resolved, seeds, output)
    made = marks.ensemble(resolved.model_copy(update={"seeds": seeds}))
    if output.resolve() == made.outputs[0].resolve():
        made.set_mark_of_command()
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Judge the claims."""
    from replasticity.definitions import experiments
    from replasticity.making import marks, steps
    from replasticity.reporting.results import Results
    from replasticity.storage import project

    resolved = cli_arguments.resolve(options, options.experiment)
    others = options.others
    if others is None:
        family = experiments.in_one_figure(
            resolved.name, {name: experiments.load(name) for name in experiments.names()}
        )
        others = [name for name in family if project.ensemble_file(name).is_file()]
    steps.judge(resolved, others, Results())
    together = others if resolved.name in others else [resolved.name, *others]
    marks.evaluation(resolved, [cli_arguments.resolve(options, name) for name in together]).set_mark_of_command()
    return 0


def _import_matplotlib() -> None:
    from replasticity.making import steps

    steps.import_matplotlib()


def plot(options: argparse.Namespace) -> int:
    """Draw a figure."""
    from replasticity.definitions import experiments
    from replasticity.making import marks, steps
    from replasticity.reporting.results import Results
    from replasticity.storage import files, project

    steps.import_matplotlib()
    drawn = experiments.drawn_figure(options.figure)
    roles = {"main": options.figure, **drawn.beside}
    outputs = [options.output] if options.output else _pictures(options)
    if options.output or options.files:
        inputs = options.files or [project.ensemble_file(name) for name in roles.values()]
        for path in outputs:
            files.check_output(path, inputs)
    if options.files:
        ensembles = _ensembles_of_files(options.files, roles)
    else:
        results = Results()
        if options.others is None:
            there = [name for name in roles.values() if project.ensemble_file(name).is_file()]
        else:
            there = options.others
        roles = {role: name for role, name in roles.items() if role == "main" or name in there}
        ensembles = {role: results.ensemble(name) for role, name in roles.items()}
    if warning := steps.scales_that_differ(ensembles.values()):
        print(f"warning: {warning}", file=sys.stderr)
    shown = options.files or [project.ensemble_file(name) for name in roles.values()]
    steps.draw(options.figure, drawn.module, ensembles, outputs, shown, options.panel)
    if not (options.output or options.files or options.panel):
        marks.figure(experiments.resolve(options.figure), drawn, list(roles.values())).set_mark_of_command()
    for path in outputs:
        terminal.say(project.shown(path))
    return 0


def figure(options: argparse.Namespace) -> int:
    """Make one figure with all that it shows."""
    from replasticity.making import figures
    from replasticity.reporting import tables
    from replasticity.storage import project

    if options.cores < 1:
        raise UserError(f"--cores {options.cores}: has to be 1 or more")
    seeds = cli_arguments.seeds(options.seeds) if options.seeds else None
    made = figures.make(
        options.figure, options.scale, seeds, cli_arguments.changes(options.set), options.output, cores=options.cores
    )
    for evaluation in made.evaluations:
        tables.show_claims(evaluation)
    for path in made.pictures:
        terminal.say(project.shown(path))
    return 0


def _pictures(options: argparse.Namespace) -> list[Path]:
    """Return what `plot` writes by default: beside the first of the given files, or in results/figures."""
    from replasticity.plotting import drawn_data, rendering
    from replasticity.storage import project

    first: Path = options.files[0] if options.files else project.figure_file(options.figure, "png")
    # What is drawn is kept of the workflow's figures only.
    more = () if options.files or options.panel else (drawn_data.SUFFIX,)
    name = f"{first.stem}_{options.panel}" if options.panel else first.stem
    return [first.with_name(f"{name}.{suffix}") for suffix in (*rendering.FORMATS, *more)]


def _ensembles_of_files(paths: list[Path], roles: dict[str, str]) -> "dict[str, xr.Dataset]":
    """Return role -> ensemble from files of runs and ensembles; runs of one experiment are gathered."""
    from replasticity.definitions import experiments
    from replasticity.pipeline import simulation
    from replasticity.storage import datasets

    role_of = {name: role for role, name in roles.items()}
    ensembles: dict[str, xr.Dataset] = {}
    runs: dict[str, list[Path]] = {}
    for path in paths:
        kind = datasets.open_attributes(path).get("kind")
        if kind not in ("run", "ensemble"):
            found = "not a file of replasticity" if kind is None else f"attribute 'kind' is '{kind}'"
            raise UserError(
                f"{path}: {found}; a figure is drawn from runs or ensembles: "
                f"'python -m replasticity simulate {roles['main']} -o my.nc' makes a run"
            )
        is_run = kind == "run"
        dataset = datasets.read(path, "run") if is_run else simulation.read_ensemble(path)
        name = dataset.attrs["experiment"]
        if name not in role_of:
            raise UserError(f"{path}: is of experiment '{name}'; this figure shows {', '.join(role_of)}")
        if is_run:
            runs.setdefault(name, []).append(path)
        else:
            ensembles[role_of[name]] = dataset
    for name, of_one in runs.items():
        recorded = experiments.resolve_recorded(datasets.read(of_one[0], "run").attrs, of_one[0])
        ensembles[role_of[name]] = simulation.aggregate(recorded, of_one)
    if "main" not in ensembles:
        raise UserError(f"{paths[0]}: no file of experiment '{roles['main']}' is given, which this figure needs")
    return ensembles


def _selected(options: argparse.Namespace) -> "list[Resolved]":
    from replasticity.definitions import configuration

    names = getattr(options, "experiments", None) or configuration.resolve_all(configuration.read())
    return [cli_arguments.resolve(options, name) for name in names]


def check(options: argparse.Namespace) -> int:
    """Compare with the reference statistics, and what the figures draw with what the committed ones do."""
    _import_matplotlib()
    from replasticity.reporting.results import Results

    selected, results = _selected(options), Results()
    return cli_arguments.status_of_all(
        [
            *(partial(_statistics_hold, each, results) for each in selected),
            *(partial(_drawing_holds, each.name, results) for each in selected if each.experiment.figure),
        ]
    )


def _statistics_hold(resolved: "Resolved", results: "Results") -> bool:
    """Print how an ensemble compares with its reference; return False if it moved, or too few seeds tell."""
    from replasticity.judging import regression
    from replasticity.reporting import tables
    from replasticity.storage import datasets, project

    _require_sound(results, [resolved])
    reference = regression.reference_file(resolved)
    if not reference.is_file():
        command = f"accept-reference {resolved.name} --scale {resolved.scale}"
        remedy = f"'python -m replasticity {command}' makes it from the present ensemble"
        print(f"{resolved.name}: no reference yet; {remedy}")
        return True
    with datasets.content_of(project.ensemble_file(resolved.name), reference):
        outcome = regression.check(resolved, results.ensemble(resolved.name))
    tables.show_check(outcome)
    return outcome.passes


def _drawing_holds(figure: str, results: "Results") -> bool:
    """Print how a figure's drawn data compare with the committed ones; return False if they moved."""
    from replasticity.reporting import tables

    differences = _drawing_differences(figure, results)
    tables.show_drawing(figure, differences)
    return not differences


def _require_sound(results: "Results", selected: "list[Resolved]", with_verdicts: bool = True) -> None:
    """Raise a `UserError` that names all that is wrong with the evidence on some experiments."""
    if problems := [problem for resolved in selected for problem in results.problems(resolved, with_verdicts)]:
        raise UserError("; ".join(dict.fromkeys(problems)))


def _drawing_differences(name: str, results: "Results") -> list[str] | None:
    """Return how a figure's drawn data differ from the committed ones; None where these show other runs, or none."""
    from replasticity.definitions import experiments
    from replasticity.plotting import drawn_data
    from replasticity.storage import project

    now = project.figure_file(name, drawn_data.SUFFIX)
    committed = experiments.reference_file(name, drawn_data.SUFFIX)
    if not now.exists() or not committed.exists():
        return None
    drawn, reference = results.drawing(name), drawn_data.read(committed)
    return drawn_data.differences(drawn, reference) if drawn_data.same_origin(drawn, reference) else None


def accept_reference(options: argparse.Namespace) -> int:
    """Make the present ensembles the reference, or such as are made for it."""
    from replasticity.judging import regression
    from replasticity.making import references
    from replasticity.reporting.results import Results
    from replasticity.storage import project

    selected, results = _selected(options), Results()
    for resolved in selected:
        regression.require_own(resolved)
    there = {resolved.name for resolved in selected if references.has_results(resolved)}
    # Statistics are what they are, whatever has been judged.
    _require_sound(results, [resolved for resolved in selected if resolved.name in there], with_verdicts=False)
    for resolved in selected:
        is_there = resolved.name in there
        ensemble = results.ensemble(resolved.name) if is_there else references.make_ensemble(resolved)
        path = regression.write_reference(resolved, ensemble)
        print(f"{project.shown(path)}: reference of {ensemble.sizes['seed']} seeds; commit it with the reason")
    return 0


def replay(options: argparse.Namespace) -> int:
    """Replay recordings of other simulators."""
    from replasticity.peers import replays
    from replasticity.reporting import tables
    from replasticity.storage import datasets, files

    saved = [] if options.save is None else [options.save / path.name for path in options.files]
    for path in [*saved, *([] if options.json is None else [options.json])]:
        files.check_output(path, options.files)
        if saved.count(path) > 1:
            raise UserError(f"{path}: --save would write it more than once; give files of one name one by one")
    summaries = []
    for path in options.files:
        ours, deviations = replays.replay(path)
        tables.show_replay(str(path), deviations)
        summary = replays.summary(path, deviations)
        compared = sum(row.holds is not None for row in deviations)
        terminal.say(f"{path}: {'holds' if summary['holds'] else 'DOES NOT HOLD'} ({compared} quantities compared)\n")
        summaries.append(summary)
        if options.save is not None:
            datasets.write(ours, options.save / path.name)
    if options.json is not None:
        files.write_bytes((json.dumps(summaries, indent=1) + "\n").encode(), options.json)
    return 0 if all(summary["holds"] for summary in summaries) else 1


def claims(options: argparse.Namespace) -> int:
    """Show the verdicts."""
    from replasticity.definitions import experiments
    from replasticity.reporting import tables
    from replasticity.reporting.results import Results
    from replasticity.storage import project

    names = options.experiments or [name for name in experiments.names() if project.evaluation_file(name).is_file()]
    if not names:
        raise UserError(
            "results/evaluations: nothing has been evaluated yet; 'snakemake --cores all' does it, and "
            "for one figure 'python -m replasticity figure NAME'"
        )
    for name in names:
        experiments.file_of(name)
    results, evaluations, problems = Results(), [], []
    for name in names:
        try:
            evaluations.append(results.evaluation(name))
        except UserError as error:
            # Those that hold are shown nevertheless: one that another scale has left behind is in nobody's way.
            problems.append(str(error))
    if options.json:
        print(json.dumps(evaluations, indent=1))
    else:
        for evaluation in evaluations:
            tables.show_claims(evaluation)
    if problems:
        raise UserError("; ".join(dict.fromkeys(problems)))
    return 0


def list_experiments(options: argparse.Namespace) -> int:
    """List the experiments."""
    from replasticity.definitions import experiments
    from replasticity.reporting import tables

    loaded = {name: experiments.load(name) for name in experiments.names()}
    tables.show(
        "Experiments",
        ("experiment", "title", "protocol", "seeds quick/standard/full", "figure"),
        (
            (
                name,
                experiment.title,
                experiment.protocol,
                "/".join(
                    str(scale.seeds if isinstance(scale.seeds, int) else len(scale.seeds))
                    for scale in experiment.scales.all()
                ),
                "own" if experiment.figure else "-",
            )
            for name, experiment in loaded.items()
        ),
    )
    return 0


def info(options: argparse.Namespace) -> int:
    """Show an experiment or the origin of a file."""
    from replasticity.definitions import experiments
    from replasticity.reporting import tables
    from replasticity.storage import datasets

    if options.subject.endswith(".nc"):
        attributes = datasets.open_attributes(Path(options.subject))
        rows = [(name, str(value)) for name, value in attributes.items()]
        tables.show(options.subject, ("attribute", "value"), rows)
        header = datasets.open_header(Path(options.subject))
        tables.show("Variables", ("variable", "dimensions", "type", "units", "meaning"), header)
        return 0
    from replasticity.interface import catalogue

    experiment = experiments.load(options.subject)
    terminal.say(experiment.title)
    for reference in experiment.references:
        terminal.say(f"  {reference.citation}{f' doi:{reference.doi}' if reference.doi else ''}")
    tables.show(
        f"{options.subject}, protocol {experiment.protocol}",
        ("parameter", "value", "units", "symbol", "meaning", "source"),
        (
            (str(name), json.dumps(row["value"]), row["units"], row["symbol"], row["description"], row["source"])
            for name, row in catalogue.parameters(options.subject, scale="full").iterrows()
        ),
    )
    return 0


def gallery(options: argparse.Namespace) -> int:
    """Renew the committed gallery."""
    _import_matplotlib()
    from replasticity.reporting import gallery as pages
    from replasticity.reporting.results import Results
    from replasticity.storage import project

    figures = [resolved for resolved in _selected(options) if resolved.experiment.figure is not None]
    results = Results()
    for path in pages.renew(figures, results.evaluation, results.drawing, options.force):
        terminal.say(project.shown(path))
    return 0


def report(options: argparse.Namespace) -> int:
    """Make the report."""
    _import_matplotlib()
    from replasticity.reporting import page
    from replasticity.reporting.results import Results
    from replasticity.storage import files, project

    selected, results = _selected(options), Results()
    output = options.output or project.report_file()
    if options.output is not None:
        inputs = (project.ensemble_file, project.evaluation_file)
        files.check_output(output, (of(each.name) for each in selected for of in inputs))
    content = page.render(selected, results.evaluation, results.ensemble, results.drawing)
    files.write_bytes(content.encode(), output)
    terminal.say(project.shown(output))
    return 0


def new(options: argparse.Namespace) -> int:
    """Write a study to begin with, and print what to do next."""
    import shlex

    from replasticity import templates
    from replasticity.storage import places, project

    into: Path = options.into or templates.default_folder()
    kind = "deterministic" if options.deterministic else "random"
    folder = templates.write_study(options.name, options.doi, kind, into)
    name = folder.name
    terminal.say(f"{project.shown(folder)}: a study that runs; its own model goes into model.py. Next:")
    if name not in places.studies():
        paths = [*places.named_in_variable(), into.resolve()]
        terminal.say(f"  export {places.VARIABLE}={shlex.quote(os.pathsep.join(map(str, paths)))}")
    for command in (f"figure {name} --scale quick", f"verify {name}"):
        terminal.say(f"  python -m replasticity {command}")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Print what each gate says of a study."""
    _import_matplotlib()
    from collections import Counter

    from replasticity import testing

    statuses, said = Counter[str](), set[str]()
    for outcome in testing.verify(options.study):
        statuses[outcome.status] += 1
        if outcome.status == testing.NOT_LOOKED_AT:
            terminal.say(f"{'':8}{outcome.gate.name:13}not looked at: what is wrong above ends it, too")
            continue
        note = f" ({outcome.note})" if outcome.note else ""
        terminal.say(f"{outcome.status:8}{outcome.gate.name:13}{outcome.gate.says}{note}")
        lines = dict.fromkeys(map(terminal.one_line, outcome.findings))
        for line in lines:
            terminal.say(f"{'':8}{'as above' if line in said else line}")
        said |= lines.keys()
        # It may take a while until the next one.
        sys.stdout.flush()
    counts = ", ".join(f"{count} {status}" for status, count in statuses.items() if status != testing.NOTHING)
    terminal.say(f"{options.study}: {counts}")
    return 0 if statuses.keys() <= {testing.OK, testing.NOTHING} else 1


def compile_kernels(options: argparse.Namespace) -> int:
    """Compile the kernels of a protocol."""
    from replasticity.making import steps
    from replasticity.storage import files
    from replasticity.study import protocols

    protocols.get(options.protocol)
    files.check_output(options.output)
    steps.compile_kernels(options.protocol, options.output)
    return 0


def init(options: argparse.Namespace) -> int:
    """Make the folder of a project."""
    from importlib.util import find_spec

    from replasticity.making import new_project

    for path in new_project.make(options.folder):
        terminal.say(path)
    if find_spec("snakemake") is None:
        print("Snakemake is not installed: \"pip install 'replasticity[workflow]'\"")
    return 0


def schema(options: argparse.Namespace) -> int:
    """Write the JSON schemas."""
    from replasticity.definitions import schemas
    from replasticity.storage import files, project

    for path, content in schemas.all_schemas().items():
        files.write_bytes(content.encode(), path)
        terminal.say(project.shown(path))
    return 0
