"""Reading experiments: every mistake is told in one line with file, key and what is allowed."""

import json

import pytest

from replasticity.definitions import configuration, experiments, yaml_files
from replasticity.definitions.experiments import parameters_digest
from replasticity.definitions.seeds import seed_ranges
from replasticity.errors import UserError
from replasticity.study import protocols

FILE = "src/replasticity/studies/zenke2015/experiments/zenke2015.yaml"


@pytest.fixture
def project(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    return project_copy


@pytest.mark.parametrize(
    "scalar",
    [
        *("yes", "no", "on", "off", "true", "False", "~", "null", "", "a", "'1'", "|\n text\n", "é"),
        *("1", "-0", "010", "0o10", "0x1F", "0b1", "1_000", "1e3", "1.e3", "1e-3", "1e400", ".inf", "-.INF", ".nan"),
        *("12:30:45", "2001-12-14", "!!str 3", "!!float 3", "[1, 2]", "{a: 1}", "&a [1]"),
    ],
)
def test_both_parsers_read_the_same(scalar):
    # The second of these texts is too long for the parser in C.
    padding = "# " + yaml_files._MOST_NESTED * "-"
    assert repr(yaml_files.parse_yaml(f"key: {scalar}", "")) == repr(
        yaml_files.parse_yaml(f"{padding}\nkey: {scalar}", "")
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("tau_H_ms: {value", "tau_h_ms: {value", "parameters.tau_h_ms: unknown key (did you mean 'tau_H_ms'?)"),
        ("tau_H_ms: {value", "tau_H_s: {value", "parameters.tau_H_s: unknown key"),
        ("title: ", "titel: ", "titel: unknown key (did you mean 'title'?)"),
        ("[0.0, 2.5, 5.0, 7.5, 10.0]", "10.0", "rates_Hz.value: has to be a list, such as [10.0] (it is 10.0)"),
        ("{value: 100.0", "{value: -100.0", "parameters.tau_H_ms.value: has to be greater than 0 (it is -100.0)"),
        ("{value: 100.0", "{value: 100 ms", 'parameters.tau_H_ms.value: has to be a valid number (it is "100 ms")'),
        ("{value: 100.0", "{value: .nan", "parameters.tau_H_ms.value: has to be a finite number"),
        ("{value: 100.0", "{value: .inf", "parameters.tau_H_ms.value: has to be a finite number"),
        ("{value: 100.0", "{value: true", "parameters.tau_H_ms.value: has to be a valid number (it is true)"),
        (
            "{value: 1000, source",
            "{value: 1000.5, source",
            "parameters.population_size.value: has to be a valid integer",
        ),
        ("{value: as_published", "{value: eq16", "parameters.rule.value: has to be 'as_published' or 'eq15'"),
        (
            'source: "example script: N"',
            "note: none",
            "parameters.population_size.note: unknown key; allowed: value, source",
        ),
        ("quick: {seeds: 3}", "quick: {seeds: [1, 2, 2]}", "scales.quick.seeds: each seed once, but 2 is there more"),
        ("quick: {seeds: 3}", "quick: {seeds: []}", "scales.quick.seeds: at least one seed"),
        ("quick: {seeds: 3}", "quick: {seeds: -1}", "scales.quick.seeds: has to be greater than or equal to 0"),
        ("quick: {seeds: 3}", "quick: {seeds: [1, -2]}", "scales.quick.seeds.1: has to be greater than or equal to 0"),
        (
            "quick: {seeds: 3}",
            "quick: {seeds: 3, parameters: {tau_H_ms: -1}}",
            "scales.quick.parameters: tau_H_ms: has",
        ),
        (
            "quick: {seeds: 3}",
            "quick: {seeds: 3, parameters: {epoch_ms: 300}}",
            "scales.quick.parameters: pre_times_ms",
        ),
        ("quick: {seeds: 3}", "fast: {seeds: 3}", "scales.fast: unknown key; allowed: quick, standard, full"),
        ("statistic: slope_ratio", "statistic: slope", "claims.linear-slope.statistic: no statistic 'slope'"),
        (
            "statistic: slope_ratio",
            "statistic: dw_nS",
            "claims.linear-slope.at: has to name these dimensions of dw_nS: p",
        ),
        ("id: linear-fit", "id: linear-slope", "claims.linear-slope: each id once"),
        ("    lower: 0.99\n    upper: 1.01\n", "", "claims.0: 'lower', 'upper' or both are needed"),
        ("lower: 0.99\n", "lower: 1.99\n", "claims.0: 'lower' has to be less than 'upper'"),
        ("test: mean_in_range", "test: looks_right", "claims.0.test: has to be"),
        (
            "statistic: slope_sampled_nS_per_Hz",
            "statistic: slope",
            "errata.exchanged-traces.measured_by.statistic: no statistic 'slope'",
        ),
        (
            "at: {epoch: 4}",
            "at: {}",
            "errata.short-tau-h-and-epochs.measured_by.at: has to name these dimensions of G_late_sd_Hz",
        ),
        (
            "at: {epoch: 4}",
            "at: {epochs: 4}",
            "of G_late_sd_Hz: epoch; 'epochs' is none (did you mean 'epoch'?)",
        ),
        (
            "corrected: zenke2015_eq15, statistic",
            "corrected: beats, statistic",
            "errata.exchanged-traces.measured_by.corrected: 'beats' is no experiment of this protocol beside it in its "
            "figure; allowed: zenke2015_eq15, zenke2015_paper, zenke2015_long_tau, ",
        ),
        ("id: sampled-abscissa", "id: reversed-sign", "errata.reversed-sign: each id once"),
        (
            "paper: zenke2015_paper",
            "paper: zenke2016",
            "figure.beside.paper: no experiment 'zenke2016' (did you mean 'zenke2015'?); allowed: ",
        ),
        ("zenke_summary.nc", "none.nc", "peer.summary: no file 'recordings/none.nc'"),
        (
            "protocol: zenke2015",
            "protocol: zenke2014",
            "protocol: no protocol 'zenke2014' (did you mean 'zenke2015'?); allowed: ",
        ),
        ("protocol: zenke2015", "protocol: homeostasis", "protocol: no protocol 'homeostasis'; allowed: "),
        ("title: Homeo", "title: [Homeo", "no valid YAML: line "),
        ("references:\n", "references:\nreferences:\n", "no valid YAML: line "),
        ("title: Homeo", 'title: !!python/object/apply:os.system ["true"]\ntitle2: Homeo', "YAML"),
    ],
)
def test_mistake_is_told_in_one_line(project, old, new, text):
    project.edit(FILE, old, new)
    with pytest.raises(UserError) as error:
        experiments.load("zenke2015")
    message = str(error.value)
    assert message.startswith(f"{FILE}: ")
    assert text in message
    assert "\n" not in message


def test_unknown_experiment_names_those_that_exist(in_project):
    with pytest.raises(UserError, match=r"zenke2051: no such experiment \(did you mean 'zenke2015'\?\); allowed: "):
        experiments.load("zenke2051")


def test_experiment_name_cannot_leave_the_folder(in_project):
    with pytest.raises(UserError, match="no such experiment"):
        experiments.load("../config")


def test_based_on_takes_what_the_file_leaves_out(in_project):
    base, derived = experiments.load("zenke2015"), experiments.load("zenke2015_all_together")
    assert derived.parameters.rule.value == "eq15"
    assert derived.parameters.tau_stdp_ms == base.parameters.tau_stdp_ms
    assert derived.claims == base.claims
    assert derived.figure is None


def test_an_experiment_belongs_to_its_own_figure_or_to_the_one_that_shows_it(in_project):
    family = ["zenke2015", *experiments.load("zenke2015").figure.beside.values()]
    loaded = {name: experiments.load(name) for name in (*family, "beats")}
    for name in family:
        assert experiments.in_one_figure(name, loaded) == family
    # The scale leaves some out.
    for name in set(family) - {"zenke2015_paper"}:
        del loaded[name]
    assert experiments.in_one_figure("zenke2015_paper", loaded) == ["zenke2015_paper"]
    assert experiments.in_one_figure("beats", loaded) == ["beats"]


def test_based_on_itself_is_refused(project):
    project.edit(
        "src/replasticity/studies/zenke2015/experiments/zenke2015.yaml",
        "protocol:",
        "based_on: zenke2015_eq15\nprotocol:",
    )
    with pytest.raises(UserError, match=r"based_on: 'zenke2015.*' is based on this file itself"):
        experiments.load("zenke2015_eq15")


def test_based_on_nothing_is_refused(project):
    project.edit(
        "src/replasticity/studies/zenke2015/experiments/zenke2015_eq15.yaml",
        "based_on: zenke2015",
        "based_on: zenke2014",
    )
    with pytest.raises(UserError, match="based_on: no experiment 'zenke2014'"):
        experiments.load("zenke2015_eq15")


def test_changes_are_checked_like_the_file(in_project):
    assert experiments.resolve("zenke2015", changes={"tau_H_ms": 50}).parameters.tau_H_ms == 50.0
    with pytest.raises(UserError, match="--set: tau_H_ms: has to be greater than 0"):
        experiments.resolve("zenke2015", changes={"tau_H_ms": -50})


def test_digest_depends_on_parameters_only(in_project):
    base = experiments.resolve("zenke2015")
    assert base.digest == experiments.resolve("zenke2015", "quick").digest
    assert base.digest != experiments.resolve("zenke2015", changes={"tau_H_ms": 50}).digest
    assert base.digest != experiments.resolve("zenke2015_eq15").digest
    assert parameters_digest("a", {"x": 1, "y": 2}) == parameters_digest("a", {"y": 2, "x": 1})


def test_arguments_name_the_smallest_scale_with_these_parameters(project):
    name, file = "zenke2015_paper", "src/replasticity/studies/zenke2015/experiments/zenke2015_paper.yaml"
    assert experiments.resolve(name, "quick").arguments == f"{name} --scale standard"
    project.edit(file, "quick: {seeds: 3}", "quick: {seeds: 3, parameters: {tau_H_ms: 50.0}}")
    assert experiments.resolve(name, "quick").arguments == f"{name} --scale quick"
    assert experiments.resolve(name, "full").arguments == f"{name} --scale standard"


def test_every_parameter_has_a_unit_or_none_and_a_source(in_project):
    for name in experiments.names():
        for key, entry in json.loads(experiments.load(name).parameters.model_dump_json()).items():
            assert len(entry["source"]) > 3, (name, key)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"scale": "tiny"}, "scale: has to be 'quick', 'standard' or 'full' (it is \"tiny\")"),
        ({"scael": "quick"}, "scael: unknown key (did you mean 'scale'?)"),
        (
            {"experiments": ["zenke2014"]},
            "experiments: no experiment 'zenke2014' (did you mean 'zenke2015'?); allowed: ",
        ),
        ({"seeds": {"zenke2014": 3}}, "seeds: no experiment 'zenke2014'"),
        ({"seeds": {"zenke2015": [1, 1]}}, "seeds: each seed once, but 1 is there more than once"),
        ({"seeds": 3}, "seeds: has to be"),
    ],
)
def test_configuration_is_checked(project, content, text):
    path = project.folder / "config/config.yaml"
    other = project.folder / "other.yaml"
    other.write_text(json.dumps(content))
    (assignment,) = (f"{key}={json.dumps(value)}" for key, value in content.items())
    for where, arguments in (("other.yaml", ([other],)), ("--config", ([], [assignment]))):
        with pytest.raises(UserError) as error:
            configuration.read(*arguments)
        assert str(error.value).startswith(f"{where}: {text}")
    path.write_text(json.dumps(content))
    with pytest.raises(UserError) as error:
        configuration.read()
    assert str(error.value).startswith(f"config/config.yaml: {text}")


def test_what_comes_later_wins_and_seeds_are_put_together(project):
    (project.folder / "config/config.yaml").write_text("scale: full\nseeds: {zenke2015: 3, beats: 4}\n")
    (project.folder / "other.yaml").write_text("scale: quick\nseeds: {zenke2015: 010}\n")
    read = configuration.read([project.folder / "other.yaml"], ["job_seconds=1e-3", "seeds={epsp: [7, 0o10]}"])
    assert (read.scale, read.job_seconds) == ("quick", 0.001)
    # By YAML 1.2, in which 010 is ten.
    assert read.seeds == {"zenke2015": 10, "beats": 4, "epsp": [7, 8]}


def test_the_same_seeds_key_twice_on_the_command_line_is_told(project):
    with pytest.raises(UserError, match=r"--config seeds: no valid YAML: line 1: found duplicate key"):
        configuration.read([], ["seeds={zenke2015: 3, zenke2015: 200}"])


def test_configured_seeds_replace_those_of_the_scale(in_project):
    read = configuration.read([], ["experiments=[zenke2015]", "seeds={zenke2015: 2}"])
    resolved = configuration.resolve_all(read)
    assert {name: len(each.seeds) for name, each in resolved.items()} == {
        "zenke2015": 2,
        "zenke2015_all_together": 44,
        "zenke2015_eq15": 44,
        "zenke2015_long_tau": 44,
        "zenke2015_paper": 10,
        "zenke2015_post_pre": 44,
    }


def test_hidden_files_folders_and_broken_links_are_no_experiments(project):
    folder = project.folder / "config/experiments"
    before = experiments.names()
    (folder / ".#zenke2015.yaml").symlink_to("me@host.1234:1700000000")
    (folder / "gone.yaml").symlink_to("nowhere")
    for name in ("._zenke2015.yaml", ".yaml", "zenke2015.yaml~", ".zenke2015.yaml.swp"):
        (folder / name).write_text("no: experiment")
    (folder / "folder.yaml").mkdir()
    assert experiments.names() == before
    assert all(experiments.load(name) for name in ("zenke2015", "beats"))


@pytest.mark.parametrize(("seeds", "text"), [([1, 2, 3, 7], "1-3,7"), ([5], "5"), ([2, 1, 9, 8], "1-2,8-9")])
def test_seed_ranges(seeds, text):
    assert seed_ranges(seeds) == text


MINE = "title: {title}\nbased_on: zenke2015\nfigure: {{module: zenke2015}}\n"


@pytest.mark.parametrize(
    ("title", "read"),
    [('"two\\nlines"', "two lines"), (">\n  A folded\n  title\n", "A folded title"), ('"tab\\there "', "tab here")],
)
def test_texts_are_one_line(project, title, read):
    (project.folder / "config/experiments/mine.yaml").write_text(MINE.format(title=title))
    assert experiments.load("mine").title == read


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (r'"\e[31mred"', r"\x1b"),
        (r'"a\rb"', r"\r"),
        (r'"a\bb"', r"\x08"),
        (r'"\u202eb"', r"\u202e"),
        (r'"\x9b2J"', r"\x9b"),
        (r'"a\u2028b"', r"\u2028"),
        (r'"a\0b"', r"\x00"),
    ],
)
def test_control_characters_in_texts_are_refused(project, title, shown):
    (project.folder / "config/experiments/mine.yaml").write_text(MINE.format(title=title))
    with pytest.raises(UserError) as error:
        experiments.load("mine")
    assert f"mine.yaml: title: no control characters, but there is {shown} (" in str(error.value)


def test_doi_is_one(project):
    text = MINE.format(title="t") + "references: [{citation: c, doi: 'javascript:alert(1)'}]\n"
    (project.folder / "config/experiments/mine.yaml").write_text(text)
    with pytest.raises(UserError, match=r"references\.0\.doi: "):
        experiments.load("mine")


@pytest.mark.parametrize(
    ("upstream", "message"),
    [
        ("{where: a, state: open}", r"upstream\.state: "),
        ("{where: a, state: unreported, fixed_in: NEST 4.0}", "'fixed_in' is for the state 'fixed' only"),
    ],
)
def test_what_has_become_of_an_erratum_is_one_of_a_few_states(project_copy, monkeypatch, upstream, message):
    monkeypatch.chdir(project_copy.folder)
    erratum = f"{{id: e, place: p, printed: p, used: u, why: w, effect: e, upstream: {upstream}}}"
    mine = project_copy.folder / "config/experiments/mine.yaml"
    mine.write_text(f"title: t\nbased_on: zenke2015\nerrata: [{erratum}]\n")
    with pytest.raises(UserError, match=message):
        experiments.load("mine")
    mine.write_text(mine.read_text().replace("open", "fixed").replace("unreported", "fixed"))
    assert experiments.load("mine").errata[0].upstream.state == "fixed"


def test_an_erratum_is_measured_alone(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    folder = project_copy.folder / "config/experiments"
    other = folder / "other.yaml"
    other.write_text(
        "title: t\nbased_on: zenke2015\nclaims: []\n"
        "parameters: {rule: {value: equation_15, source: s}, tau_ms: {value: 21.0, source: s}}\n"
    )
    erratum = "{id: e, place: p, printed: p, used: u, why: w, effect: e, measured_by: "
    erratum += "{corrected: other, statistic: slope_ratio, parameters: PARAMETERS}}"
    text = (
        f"title: t\nbased_on: zenke2015\nfigure: {{module: zenke2015, beside: {{paper: other}}}}\nerrata: [{erratum}]\n"
    )
    mine = folder / "mine.yaml"
    mine.write_text(text.replace("PARAMETERS", "[tau_ms, rule]"))
    experiments.load("mine")
    for wrong in ("[rule]", "[rule, tau_ms, eta_nS_s]", "[tau_H_ms]"):
        mine.write_text(text.replace("PARAMETERS", wrong))
        with pytest.raises(UserError, match=r"in which 'other' differs at scale 'quick', and no others: rule, tau_ms$"):
            experiments.load("mine")
    # What differs at one scale only counts there.
    other.write_text(
        f"{other.read_text()}scales: {{quick: {{seeds: 3}}, standard: {{seeds: 3}}, full: {{seeds: 3, "
        "parameters: {target_rate_Hz: 6.0}}}}}\n".replace("}}}}}", "}}}")
    )
    mine.write_text(text.replace("PARAMETERS", "[tau_ms, rule]"))
    with pytest.raises(UserError, match=r"differs at scale 'full', and no others: rule, target_rate_Hz, tau_ms$"):
        experiments.load("mine")


@pytest.mark.parametrize("seeds", ["1-", "x", "1-40,", "-3"])
def test_seeds_that_were_seen_are_written_as_ranges(project_copy, monkeypatch, seeds):
    monkeypatch.chdir(project_copy.folder)
    mine = project_copy.folder / "config/experiments/mine.yaml"
    mine.write_text(f"title: t\nbased_on: zenke2015\nseeds_seen: '{seeds}'\n")
    with pytest.raises(UserError, match=r"mine\.yaml: seeds_seen: has to be such as 1-40 or 1,2,7"):
        experiments.load("mine")


def test_seeds_begin_with_the_first_one_of_the_experiment(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    mine = project_copy.folder / "config/experiments/mine.yaml"
    mine.write_text("title: t\nbased_on: zenke2015\nfirst_seed: 2001\n")
    assert experiments.resolve("mine", "quick").seeds == [2001, 2002, 2003]
    assert experiments.resolve("mine", seeds=2).seeds == [2001, 2002]
    assert experiments.resolve("mine", seeds=[5, 1]).seeds == [5, 1]
    assert experiments.resolve("zenke2015", "quick").seeds == [1001, 1002, 1003]


def test_former_names_of_protocols_and_figures_answer_with_the_present_ones(project):
    expected = experiments.load("zenke2015")
    project.edit(FILE, "protocol: zenke2015", "protocol: homeostatic_stdp")
    assert experiments.load("zenke2015") == expected
    assert protocols.get("clopath_network") is protocols.get("clopath2010_network")
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: t\nbased_on: clopath2010\nfigure: {module: clopath2010}\n"
    )
    assert experiments.load("mine").figure.module == "clopath2010_network"
    assert set(protocols.FORMER_NAMES.values()) <= {*protocols.names(), *protocols.figures()}
    assert not set(protocols.FORMER_NAMES) & {*protocols.names(), *protocols.figures()}
