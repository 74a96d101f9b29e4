"""What makes files without Snakemake: the steps after simulating, a whole figure, and the folder of a new project."""
