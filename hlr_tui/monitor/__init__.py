"""What the monitor shows, without Textual: the runs of an experiment, their curves, and how they are grouped."""
