"""Random streams, solvers and the compiling of kernels."""
