# From an experiment to its ensemble: compile once, simulate each seed, gather the statistics.


rule compile_kernels:
    output:
        COMPILED,
    params:
        code=provenance.kernels_digest(),
    log:
        "results/logs/compile_kernels.log",
    benchmark:
        "results/benchmarks/compile_kernels.tsv"
    message:
        "Compiling all kernels into numba's cache"
    resources:
        mem_mb=1500,
        runtime=10,
    conda:
        "../../environment.yml"
    shell:
        "python -m replasticity compile -o {output} > {log} 2>&1"


rule simulate:
    input:
        # Compiled before the first run, so that parallel jobs do not all compile; no reason to run again.
        ancient(COMPILED),
    output:
        "results/runs/{experiment}/seed-{seed}.nc",
    params:
        arguments=arguments,
        parameters=parameters_digest,
        code=code_digest,
    log:
        "results/logs/simulate/{experiment}/seed-{seed}.log",
    benchmark:
        "results/benchmarks/simulate/{experiment}/seed-{seed}.tsv"
    message:
        "Simulating {wildcards.experiment}, seed {wildcards.seed}"
    resources:
        mem_mb=lambda wildcards: EXPERIMENTS[wildcards.experiment].experiment.resources.mem_mb,
        runtime=lambda wildcards: EXPERIMENTS[wildcards.experiment].experiment.resources.runtime_min,
    conda:
        "../../environment.yml"
    shell:
        "python -m replasticity simulate {params.arguments} --seed {wildcards.seed} -o {output} > {log} 2>&1"


rule aggregate:
    input:
        lambda wildcards: expand(
            "results/runs/{experiment}/seed-{seed}.nc",
            experiment=wildcards.experiment,
            seed=EXPERIMENTS[wildcards.experiment].seeds,
        ),
    output:
        "results/ensembles/{experiment}.nc",
    params:
        arguments=arguments,
        seeds=lambda wildcards: configuration.seed_ranges(EXPERIMENTS[wildcards.experiment].seeds),
        code=code_digest,
    log:
        "results/logs/aggregate/{experiment}.log",
    benchmark:
        "results/benchmarks/aggregate/{experiment}.tsv"
    message:
        "Gathering the statistics of {wildcards.experiment}, seeds {params.seeds}"
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../../environment.yml"
    shell:
        "python -m replasticity aggregate {params.arguments} --seeds {params.seeds} -o {output} > {log} 2>&1"
