# Do claims hold around the printed parameters? Off by default: thousands of runs of each experiment, of which nothing
# but the claims' statistics is kept.


rule robustness_parts:
    input:
        compiled=lambda wildcards: compiled(
            EXPERIMENTS[wildcards.experiment].experiment.protocol
        ),
    output:
        # The record of the files that it writes. Not these files themselves: Snakemake would delete those that a killed
        # job has made, and a larger budget could not share them.
        "results/robustness/{experiment}/parts-{parts}.json",
    log:
        "results/logs/robustness_parts/{experiment}/{parts}.log",
    benchmark:
        "results/benchmarks/robustness_parts/{experiment}/{parts}.tsv"
    priority: 1
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * EXPERIMENTS[wildcards.experiment].experiment.resources.mem_mb,
        runtime=lambda wildcards, attempt: attempt * robustness_runtime_min(wildcards),
    params:
        arguments=lambda wildcards: robustness_request(wildcards.experiment).arguments,
        parameters=parameters_digest,
        parts=robustness_parts,
        code=code_of_stage(provenance.simulation_digest),
        statistics=code_of_stage(provenance.statistics_digest),
    message:
        "Simulating {wildcards.experiment} around its printed parameters, parts {wildcards.parts}"
    shell:
        "python -m replasticity robustness {params.arguments} --parts {wildcards.parts} > {log} 2>&1"


rule robustness_of:
    input:
        lambda wildcards: robustness_records(wildcards.experiment),
    output:
        "results/robustness/{experiment}.json",
    log:
        "results/logs/robustness_of/{experiment}.log",
    benchmark:
        "results/benchmarks/robustness_of/{experiment}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        arguments=lambda wildcards: robustness_request(wildcards.experiment).arguments,
        judged=lambda wildcards: EXPERIMENTS[wildcards.experiment].judged_digest,
        code=lambda wildcards: provenance.code_digest("replasticity.robustness.work"),
    message:
        "Gathering what was found about {wildcards.experiment} around its printed parameters"
    shell:
        "python -m replasticity robustness {params.arguments} --gather > {log} 2>&1"


rule robustness:
    input:
        # Asked for by themselves: Snakemake does not miss a lost part as long as what was found is there.
        lambda wildcards: robustness_records(*robustness_experiments()),
        lambda wildcards: expand(
            "results/robustness/{name}.json", name=robustness_experiments()
        ),
