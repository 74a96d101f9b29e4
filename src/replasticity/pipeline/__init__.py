"""From an experiment to its ensemble: simulate seeds, gather their statistics, and say where a file comes from."""
