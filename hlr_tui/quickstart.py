"""The experiment that the home screen offers to somebody who has none: the text of ``examples/quickstart.toml``."""

from __future__ import annotations

NAME = "quickstart"

TEXT = """\
# Nine methods of six families on real images: a search for each, then the best trials over three budgets.
# About a minute on two cores.
[experiment]
name = "quickstart"
mode = "all"

[task]
name = "digits"

[training]
epochs = 10

[methods]
optimizers = ["AdamW"]
schedulers = ["N", "C", "S", "OC", "H", "EH", "WEH", "WC"]
lr_free = ["Prodigy"]

[optimize]
trials = 8

[compare]
budgets = [10, 20, 40]
seeds = 3
"""
