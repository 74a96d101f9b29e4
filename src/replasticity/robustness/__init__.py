"""How a verdict depends on what was chosen: parameters, the time step, the size of a network, the number of seeds."""
