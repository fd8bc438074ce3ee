"""One file per task: its declaration, its data, their split, the loss and the metrics."""

ORDER = ("digits", "osc", "integral", "cifar10", "cifar100")
"""The order of lists and tables; a task not named here follows in alphabetical order."""
