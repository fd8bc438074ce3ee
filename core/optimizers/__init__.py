"""One file per optimizer: its declaration, and the torch optimizer that it builds."""

ORDER = ("adam", "adamw", "sgd", "prodigy", "dadapt_adam")
"""The order of lists and tables; an optimizer not named here follows in alphabetical order."""
