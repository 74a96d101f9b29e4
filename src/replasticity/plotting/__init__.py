"""What all figures share: the common look, panels, and the data that a figure draws."""
