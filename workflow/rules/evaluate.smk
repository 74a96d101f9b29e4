# From an ensemble to verdicts, and to the regression check against the committed reference.


rule evaluate:
    input:
        ensembles=lambda wildcards: expand(
            "results/ensembles/{experiment}.nc",
            experiment=judged_together(wildcards),
        ),
        peer=lambda wildcards: (
            project.shown(
                experiments.summary_file(
                    wildcards.experiment,
                    EXPERIMENTS[wildcards.experiment].experiment.peer,
                )
            )
            if EXPERIMENTS[wildcards.experiment].experiment.peer
            else []
        ),
    output:
        "results/evaluations/{experiment}.json",
    log:
        "results/logs/evaluate/{experiment}.log",
    benchmark:
        "results/benchmarks/evaluate/{experiment}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        arguments=arguments,
        together=judged_together,
        judged=lambda wildcards: EXPERIMENTS[wildcards.experiment].judged_digest,
        claims=lambda wildcards: [
            EXPERIMENTS[name].claims_digest for name in judged_together(wildcards)
        ],
        code=lambda wildcards: provenance.evaluation_digest(
            EXPERIMENTS[wildcards.experiment].experiment
        ),
    message:
        "Judging the claims of {wildcards.experiment}"
    shell:
        "python -m replasticity evaluate {params.arguments} --with {params.together} > {log} 2>&1"


rule check:
    input:
        # Also the records: what they say of the runs is compared.
        records(*EXPERIMENTS),
        expand("results/ensembles/{experiment}.nc", experiment=EXPERIMENTS),
        expand("results/evaluations/{experiment}.json", experiment=EXPERIMENTS),
        expand("results/figures/{figure}.nc", figure=FIGURES),
    log:
        "results/logs/check.log",
    benchmark:
        "results/benchmarks/check.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        scale=CONFIGURATION.scale,
        experiments=list(EXPERIMENTS),
    message:
        "Comparing every ensemble and what every figure draws with the committed references"
    shell:
        "python -m replasticity check {params.experiments} --scale {params.scale} > {log} 2>&1 && cat {log}"
