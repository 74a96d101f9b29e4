"""Models: the state of a simulation, its per-step constants and its time loop, built from kernels."""
