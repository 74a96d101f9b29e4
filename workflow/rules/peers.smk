# Other simulators beside ours. Off by default: nothing else needs them, and each has an environment of its own, which
# `python -m replasticity peers install` makes and our command calls.


rule conform_with:
    output:
        "results/conform/{comparison}.json",
    log:
        "results/logs/conform/{comparison}.log",
    benchmark:
        "results/benchmarks/conform/{comparison}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        experiment=lambda wildcards: comparisons()[wildcards.comparison].experiment,
        peer=lambda wildcards: comparisons()[wildcards.comparison].peer,
        version=lambda wildcards: comparisons()[wildcards.comparison].label,
        parameters=lambda wildcards: live.kept(
            live.shortened(comparisons()[wildcards.comparison].experiment)
        ).digest,
        code=lambda wildcards: provenance.conformance_digest(
            wildcards.comparison.partition("-")[0]
        ),
    message:
        "Running {params.experiment} in {params.version} beside ours"
    shell:
        # A comparison that does not agree has status 1, too, and is a result that the report shows.
        "python -m replasticity conform {params.experiment} --short --peer {params.peer} --json {output} > {log} 2>&1"
        " || test -f {output}; grep . {log} | tail -n 1; test -f {output}"


rule conform:
    input:
        lambda wildcards: expand(
            "results/conform/{name}.json",
            name=chosen.require(comparisons(), EXPERIMENTS),
        ),


rule run_peer:
    output:
        "results/peers/{peer_ensemble}/seed-{peer_seed}.nc",
    log:
        "results/logs/run_peer/{peer_ensemble}/seed-{peer_seed}.log",
    benchmark:
        "results/benchmarks/run_peer/{peer_ensemble}/seed-{peer_seed}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        experiment=lambda wildcards: peer_ensemble(wildcards).experiment,
        peer=lambda wildcards: peer_ensemble(wildcards).peer,
        version=lambda wildcards: peer_ensemble(wildcards).label,
        parameters=lambda wildcards: peer_ensemble(wildcards).digest,
        code=code_of_peer_ensemble,
    message:
        "Running {params.experiment}, seed {wildcards.peer_seed}, in {params.version}"
    shell:
        "python -m replasticity peers run {params.experiment} --peer {params.peer} --seeds {wildcards.peer_seed}"
        " > {log} 2>&1"


rule gather_peer:
    input:
        lambda wildcards: expand(
            "results/peers/{{peer_ensemble}}/seed-{seed}.nc",
            seed=peer_ensemble(wildcards).seeds,
        ),
    output:
        "results/peers/{peer_ensemble}.nc",
    log:
        "results/logs/gather_peer/{peer_ensemble}.log",
    benchmark:
        "results/benchmarks/gather_peer/{peer_ensemble}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        experiment=lambda wildcards: peer_ensemble(wildcards).experiment,
        peer=lambda wildcards: peer_ensemble(wildcards).peer,
        version=lambda wildcards: peer_ensemble(wildcards).label,
        seeds=lambda wildcards: seed_ranges(peer_ensemble(wildcards).seeds),
    message:
        "Gathering the seeds of {params.experiment} in {params.version}"
    shell:
        "python -m replasticity peers gather {params.experiment} --peer {params.peer} --seeds {params.seeds}"
        " > {log} 2>&1"


rule peers:
    input:
        lambda wildcards: expand(
            "results/peers/{name}.nc",
            name=chosen.require(peer_ensembles(), EXPERIMENTS),
        ),
