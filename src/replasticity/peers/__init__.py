"""Other simulators: their recordings replayed, and how they compare."""
