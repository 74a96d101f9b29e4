# From an experiment to its ensemble: compile once, simulate each seed, gather the statistics.


rule compile_kernels:
    output:
        # Named after a digest of the kernels' code: other kernels are another file, and the same ones no reason to
        # simulate again. Beside the results, not in the cache: nor is a deleted cache.
        "results/compiled/{kernels}.json",
    log:
        "results/logs/compile_kernels/{kernels}.log",
    benchmark:
        "results/benchmarks/compile_kernels/{kernels}.tsv"
    # Compiling first, then all runs, then the rest: no core waits for a long run that begins last.
    priority: 2
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        protocol=protocol_with,
    message:
        "Compiling the kernels of {params.protocol} and of those that use the same into numba's cache"
    shell:
        "python -m replasticity compile {params.protocol} -o {output} > {log} 2>&1"


localrules:
    list_seeds,


rule list_seeds:
    output:
        "results/seeds/{experiment}/{seeds}.txt",
    log:
        "results/logs/list_seeds/{experiment}/{seeds}.log",
    params:
        seeds=lambda wildcards: seed_ranges(seeds_of(wildcards)),
    message:
        "Listing seeds of {wildcards.experiment}, too many for a command line"
    run:
        jobs.write_seeds(seeds_of(wildcards), Path(output[0]))


rule simulate:
    input:
        # Compiled once before the first run, so that parallel jobs do not all compile. Not `ancient`: Snakemake
        # then skips a changed `code` of this rule whenever the kernels are compiled in the same call.
        compiled=lambda wildcards: compiled(
            EXPERIMENTS[wildcards.experiment].experiment.protocol
        ),
        seeds=file_of_seeds,
    output:
        # The record of the runs that it writes, results/runs/{experiment}/seed-N.nc, with the SHA-256 of each. Not the
        # runs themselves: Snakemake would delete those that a killed job has made, and scales could not share them.
        "results/runs/{experiment}/seeds-{seeds}.json",
    log:
        "results/logs/simulate/{experiment}/seeds-{seeds}.log",
    benchmark:
        "results/benchmarks/simulate/{experiment}/seeds-{seeds}.tsv"
    priority: 1
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * EXPERIMENTS[wildcards.experiment].experiment.resources.mem_mb,
        runtime=lambda wildcards, attempt: attempt
        * jobs.runtime_min(EXPERIMENTS[wildcards.experiment], seeds_of(wildcards)),
    params:
        arguments=arguments,
        seeds=seeds_argument,
        parameters=parameters_digest,
        code=code_of_stage(provenance.simulation_digest),
    message:
        "Simulating {wildcards.experiment}, seeds {wildcards.seeds}"
    shell:
        "python -m replasticity simulate {params.arguments} --seeds {params.seeds} > {log} 2>&1"


rule aggregate:
    input:
        records=lambda wildcards: records(wildcards.experiment),
        seeds=file_of_seeds,
    output:
        "results/ensembles/{experiment}.nc",
    log:
        "results/logs/aggregate/{experiment}.log",
    benchmark:
        "results/benchmarks/aggregate/{experiment}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        arguments=arguments,
        seeds=seeds_argument,
        code=code_of_stage(provenance.statistics_digest),
    message:
        "Gathering the statistics of {wildcards.experiment}, seeds {params.seeds}"
    shell:
        "python -m replasticity aggregate {params.arguments} --seeds {params.seeds} -o {output} > {log} 2>&1"
