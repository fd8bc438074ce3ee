"""One file per task: its declaration, its data, their split, the loss and the metrics."""

ORDER = ("digits", "osc")
"""The order of lists and tables; a task not named here follows in alphabetical order."""
