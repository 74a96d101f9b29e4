# From all results to one page, and from recordings of other simulators to their agreement with ours.


rule replay:
    input:
        recording=lambda wildcards: recordings()[wildcards.recording],
        compiled=lambda wildcards: compiled(replayed_protocol(wildcards)),
    output:
        "results/replays/{recording}.json",
    log:
        "results/logs/replay/{recording}.log",
    benchmark:
        "results/benchmarks/replay/{recording}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(replays.REPLAY_RESOURCES.mem_mb),
        runtime=growing(round(replays.REPLAY_RESOURCES.most_seconds / 60)),
    params:
        code=lambda wildcards: provenance.replay_digest(replayed_protocol(wildcards)),
    message:
        "Replaying {wildcards.recording}"
    shell:
        # A replay that does not hold has status 1, too, and is a result that the report shows.
        "python -m replasticity replay {input.recording} --json {output} > {log} 2>&1 || test -f {output}"


rule report:
    input:
        expand(
            "results/figures/{figure}.{suffix}", figure=FIGURES, suffix=("png", "nc")
        ),
        expand("results/ensembles/{experiment}.nc", experiment=EXPERIMENTS),
        expand("results/evaluations/{experiment}.json", experiment=EXPERIMENTS),
        lambda wildcards: expand(
            "results/replays/{recording}.json", recording=recordings()
        ),
    output:
        report("results/report.html", caption="../report/report.rst", category="Report"),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        experiments=list(EXPERIMENTS),
        scale=CONFIGURATION.scale,
        conformances=lambda wildcards: [
            (str(path), integrity.of_file(path))
            for path in conformed.files_of(
                {each.experiment.protocol for each in EXPERIMENTS.values()}
            )
        ],
        robustness=lambda wildcards: [
            (str(path), integrity.of_file(path))
            for path in project.robustness_files(EXPERIMENTS)
        ],
        described=[each.described_digest for each in EXPERIMENTS.values()],
        code=provenance.report_digest(),
    message:
        "Writing the report: results/report.html"
    shell:
        "python -m replasticity report {params.experiments} --scale {params.scale} -o {output} > {log} 2>&1"
