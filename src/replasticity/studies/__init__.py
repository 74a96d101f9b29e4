"""Studies: one folder per paper. See `replasticity.study` for the files of a study and what each of them holds."""
