# Start here: snakemake --cores all. The workflow itself is workflow/Snakefile.


include: "workflow/Snakefile"


# Snakemake takes no default target from an included file.
rule default:
    default_target: True
    input:
        rules.all.input,
