"""Every figure of the chosen scale, from the experiments in config/. Start here: snakemake --cores all"""

from snakemake.utils import min_version

min_version("9.0")


# The introduction of `snakemake --report`, which says how each result was made.
report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/plot.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        # Asked for by themselves: Snakemake does not miss a lost record as long as the ensemble is there.
        records(*EXPERIMENTS),
        expand("results/figures/{figure}.{suffix}", figure=FIGURES, suffix=FORMATS),
        expand("results/ensembles/{experiment}.nc", experiment=EXPERIMENTS),
        expand("results/evaluations/{experiment}.json", experiment=EXPERIMENTS),


onstart:
    check_results_folder()
    # Jobs of an earlier call that was killed may still run; they are not ours any more, and ours come later.
    files.remove_partial_files(Path("results"))


onsuccess:
    files.remove_partial_files(Path("results"))
    show_results()
