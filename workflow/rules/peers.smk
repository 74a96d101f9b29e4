# Other simulators beside ours. Off by default: nothing else needs them, and each has an environment of its own, which
# `python -m replasticity peers install` makes and our command calls.


def made_with_peers(pattern, found):
    """Function of what `found` finds to the files of a pattern; without a simulator it stops and says what helps."""

    def targets(wildcards):
        try:
            return expand(pattern, name=chosen.require(found(), EXPERIMENTS))
        except UserError as error:
            raise WorkflowError(terminal.one_line(error)) from None

    return targets


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
        " || test -f {output}; tail -n 1 {log}; test -f {output}"


rule conform:
    input:
        made_with_peers("results/conform/{name}.json", comparisons),
