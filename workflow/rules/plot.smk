# From ensembles and verdicts to figures, and from figures to the committed gallery.


rule plot:
    input:
        ensembles=lambda wildcards: expand(
            "results/ensembles/{experiment}.nc",
            experiment=shown_experiments(wildcards),
        ),
    output:
        report(
            expand("results/figures/{{figure}}.{suffix}", suffix=FORMATS),
            caption="../report/figure.rst",
            category="Figures",
            subcategory="{figure}",
        ),
        drawn_data="results/figures/{figure}.nc",
    log:
        "results/logs/plot/{figure}.log",
    benchmark:
        "results/benchmarks/plot/{figure}.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        others=lambda wildcards: shown_experiments(wildcards)[1:],
        roles=lambda wildcards: FIGURES[wildcards.figure].experiment.figure.beside,
        code=lambda wildcards: provenance.figure_digest(
            FIGURES[wildcards.figure].experiment.figure.module
        ),
    message:
        "Drawing figure {wildcards.figure}"
    shell:
        "python -m replasticity plot {wildcards.figure} --with {params.others} > {log} 2>&1"


rule gallery:
    input:
        expand(
            "results/figures/{figure}.{suffix}",
            figure=FIGURES,
            suffix=(*FORMATS, "nc"),
        ),
    log:
        "results/logs/gallery.log",
    benchmark:
        "results/benchmarks/gallery.tsv"
    conda:
        "../envs/replasticity.yml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        figures=list(FIGURES),
        scale=CONFIGURATION.scale,
    message:
        "Renewing the committed gallery under figures/"
    shell:
        "python -m replasticity gallery {params.figures} --scale {params.scale} > {log} 2>&1"
        " || {{ cat {log} >&2; exit 1; }}"
