"""One file per scheduler: its declaration and its formula, a pure function of the tick."""

ORDER = (
    "none",
    "polynomial",
    "cosine",
    "exponential",
    "linear",
    "step",
    "one_cycle",
    "cyclic",
    "hyperbolic",
    "exp_hyperbolic",
    "warmup_hyperbolic",
    "warmup_exp_hyperbolic",
    "warmup_cosine",
)
"""The order of lists and tables; a scheduler not named here follows in alphabetical order."""
