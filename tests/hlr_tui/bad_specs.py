"""Specs with one mistake each, and what the message says of it; … between spaces stands for anything."""

from __future__ import annotations

from typing import Any

Tables = dict[str, Any]

BASE: Tables = {
    "experiment": {"name": "bad", "mode": "compare"},
    "task": {"name": "digits"},
    "training": {"epochs": 3, "seeds": 1},
    "methods": {"schedulers": ["N"]},
}
SEARCH: Tables = {
    "experiment": {"mode": "optimize"},
    "training": {"epochs": 10},
    "methods": {"schedulers": ["EH", "OC", "WH"]},
}
OSC: Tables = {"task": {"name": "osc"}}


def merged(below: Tables, above: Tables) -> Tables:
    tables = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(tables.get(key), dict)
        tables[key] = merged(tables[key], value) if both else value
    return tables


def search(**ranges: Any) -> Tables:
    return merged(SEARCH, {"optimize": {"search": ranges}})


def method(schedulers: list[str], **params: Any) -> Tables:
    return {"methods": {"schedulers": schedulers, "params": params}}


TYPES: list[tuple[Tables, str]] = [
    ({"training": {"epochs": "3"}}, 'training.epochs = "3": must be a whole number >= 1 and <= 1e6'),
    ({"training": {"epochs": 2.5}}, "training.epochs = 2.5: must be a whole number >= 1 and <= 1e6"),
    ({"training": {"epochs": True}}, "training.epochs = true: must be a whole number >= 1 and <= 1e6"),
    ({"training": {"epochs": 0}}, "training.epochs = 0: must be >= 1 and <= 1e6"),
    ({"training": {"epochs": 10**400}}, "training.epochs = 0x1 … : must be >= 1 and <= 1e6"),
    ({"training": {"epochs": [3]}}, "training.epochs = [3]: must be a whole number … "),
    ({"training": {"epochs": {"n": 3}}}, "training.epochs = { n = 3 }: must be a whole number … "),
    ({"training": {"lr": "high"}}, 'training.lr = "high": must be a finite number > 0'),
    ({"training": {"lr": False}}, "training.lr = false: must be a finite number > 0"),
    ({"training": {"lr": float("nan")}}, "training.lr = nan: must be a finite number > 0"),
    ({"training": {"lr": float("inf")}}, "training.lr = inf: must be a finite number > 0"),
    ({"training": {"lr": 10**400}}, "training.lr = 0x1 … : must be a finite number > 0"),
    ({"training": {"lr": 0}}, "training.lr = 0.0: must be > 0"),
    ({"training": {"lr": -1e-3}}, "training.lr = -0.001: must be > 0"),
    (
        {"training": {"device": "gpu"}},
        'training.device = "gpu": must be one of auto, cpu, cuda, cuda:N, mps',
    ),
    ({"experiment": {"name": 7}}, "experiment.name = 7: must be 1 to 64 letters … "),
    ({"experiment": {"name": "a b"}}, 'experiment.name = "a b": must be 1 to 64 letters … '),
    ({"experiment": {"name": "../up"}}, 'experiment.name = "../up": must be 1 to 64 letters … '),
    ({"experiment": {"name": ""}}, 'experiment.name = "": must be 1 to 64 letters … '),
    ({"experiment": {"mode": "Compare"}}, 'experiment.mode = "Compare": must be one of … (did you mean "compare"?)'),
    ({"experiment": {"mode": 3}}, "experiment.mode = 3: must be one of run, compare, … "),
    ({"optimize": {"pruner": "medain"}}, 'optimize.pruner = "medain": must be one of … (did you mean "median"?)'),
    (method(["OC"], OC={"cycle_momentum": 1}), "methods.params.OC.cycle_momentum = 1: must be true or false"),
    ({"training": {"seeds": []}}, "training.seeds = []: must be a list of distinct whole numbers … (it is empty)"),
    ({"training": {"seeds": 0}}, "training.seeds = 0: must be … or a count from 1 to 1000: n means 1 … n"),
    ({"training": {"seeds": 10**12}}, "training.seeds = 1000000000000: must be … or a count from 1 to 1000 … "),
    ({"training": {"seeds": [1, 2, 1]}}, "training.seeds = [1, 2, 1]: must be … (1 stands twice)"),
    ({"training": {"seeds": [1, -2]}}, "training.seeds = [1, -2]: must be … >= 0 and <= 4294967295, … (-2 is not)"),
    ({"training": {"seeds": [1, "2"]}}, 'training.seeds = [1, "2"]: must be … ("2" is not)'),
    ({"compare": {"budgets": []}}, "compare.budgets = []: must be … (it is empty)"),
    ({"compare": {"budgets": [5, 5]}}, "compare.budgets = [5, 5]: must be … (5 stands twice)"),
    ({"compare": {"budgets": 5}}, "compare.budgets = 5: must be a list of distinct whole numbers >= 1 and <= 1e6"),
    ({"execution": {"workers": "four"}}, 'execution.workers = "four": must be "auto" or a whole number >= 1 … '),
    (
        {"tracking": {"wandb": "on"}},
        'tracking.wandb = "on": must be one of disabled, offline, online (did you mean "online"?)',
    ),
    ({"tracking": {"project": "a\nb"}}, 'tracking.project = "a\\nb": must be 1 to 128 characters on one line'),
]

NAMES: list[tuple[Tables, str]] = [
    ({"trainin": {"epochs": 3}}, 'trainin: unknown section; must be one of … (did you mean "training"?)'),
    ({"epochs": 3}, "epochs = 3: unknown section; must be one of … (epochs is a key of [training])"),
    ({"compare": 3}, "compare = 3: must be a table, written [compare]"),
    ({"training": {"epoch": 3}}, 'training.epoch = 3: unknown key; must be one of … (did you mean "epochs"?)'),
    ({"task": {"name": "digit"}}, 'task.name = "digit": must be one of digits, osc … (did you mean "digits"?)'),
    ({"task": {"name": 5}}, "task.name = 5: must be one of digits, … "),
    ({"task": {"lable_smoothing": 0}}, 'task.lable_smoothing = 0: … (did you mean "label_smoothing"?)'),
    ({"task": {"label_smoothing": 1}}, "task.label_smoothing = 1.0: must be >= 0 and < 1"),
    ({"model": {"name": "MLPP"}}, 'model.name = "MLPP": must be one of … (did you mean "MLP"?)'),
    (
        {"model": {"name": "LSTM_Seq2Seq"}},
        'model.name = "LSTM_Seq2Seq": does not fit the image data of task digits; must be one of MLP, … ',
    ),
    ({"model": {"hidden_size": 0}}, "model.hidden_size = 0: must be >= 1"),
    ({"methods": {"optimizers": "AdamW"}}, 'methods.optimizers = "AdamW": must be … (write ["AdamW"])'),
    ({"methods": {"optimizers": [1]}}, 'methods.optimizers = [1]: must be a list of names of optimizers, or "all"'),
    ({"methods": {"optimizers": ["AdmaW"]}}, 'methods.optimizers = "AdmaW": must be one of … (did you mean "AdamW"?)'),
    (
        {"methods": {"optimizers": ["Prodigy"]}},
        'methods.optimizers = "Prodigy": must be one of … (Prodigy belongs to methods.lr_free)',
    ),
    (
        {"methods": {"lr_free": ["AdamW"]}},
        'methods.lr_free = "AdamW": must be one of Prodigy, DAdapt (AdamW belongs to methods.optimizers)',
    ),
    ({"methods": {"schedulers": ["EHX"]}}, 'methods.schedulers = "EHX": must be one of N, … (did you mean "EH"?)'),
    (
        {"methods": {"schedulers": ["hyperbolik"]}},
        'methods.schedulers = "hyperbolik": must be one of … (did you mean "hyperbolic"?)',
    ),
    ({"methods": {"schedulers": ["N", "N"]}}, 'methods.schedulers = ["N", "N"]: must be … ("N" stands twice)'),
    ({"methods": {"schedulers": ["H", "hyperbolic"]}}, 'methods.schedulers = "hyperbolic": names H a second time'),
    (
        {"methods": {"schedulers": ["all", "N"]}},
        'methods.schedulers = "all": must be one of … (alone it means all of them: schedulers = "all")',
    ),
    ({"methods": {"schedulers": []}}, "methods: no method is left: name optimizers and schedulers, or lr_free … "),
    ({"methods": {"params": 3}}, "methods.params = 3: must be tables, written [methods.params.CODE]"),
    (method(["N"], Q={"x": 1}), "methods.params.Q: must be the code of a scheduler or an optimizer: N, … "),
    (method(["EH"], EH=3), "methods.params.EH = 3: must be a table of parameters, written [methods.params.EH]"),
    (method(["N"], EH={}), "methods.params.EH: no method of this spec uses it; the methods use AdamW, N"),
    (
        method(["EH"], EH={}, exp_hyperbolic={}),
        "methods.params.exp_hyperbolic: names EH a second time",
    ),
    (
        method(["EH"], EH={"upper_bond": 3}),
        'methods.params.EH.upper_bond = 3: unknown key; must be one of … (did you mean "upper_bound"?)',
    ),
    (method(["N"], N={"gamma": 1}), "methods.params.N.gamma = 1: unknown key; there are no parameters here"),
    (
        {"methods": {"optimizers": ["SGD"], "params": {"SGD": {"nesterov": True, "momentum": 0}}}},
        "methods.params.SGD.momentum = 0.0: must be > 0 with nesterov = true",
    ),
]

HORIZONS: list[tuple[Tables, str]] = [
    (
        merged(method(["EH"]), {"compare": {"budgets": [50, 300]}}),
        "methods.params.EH.upper_bound = 250: must be >= 300, the number of epochs of the run (its default)",
    ),
    (
        merged(method(["H"], H={"upper_bound": 2}), {}),
        "methods.params.H.upper_bound = 2: must be >= 3, the number of epochs of the run",
    ),
    (
        merged(method(["C", "EH"]), {"training": {"lr": 1e-3, "infimum_lr": 1e-3}}),
        "training.infimum_lr = 0.001: must be < 0.001, the peak learning rate",
    ),
    (
        method(["C"], C={"infimum_lr": 0.5}),
        "methods.params.C.infimum_lr = 0.5: must be < 0.01, the peak learning rate",
    ),
    (
        method(["WH"], WH={"warmup_epochs": 3}),
        "methods.params.WH.warmup_epochs = 3: must be < 3, the number of epochs of the run",
    ),
    (
        merged(method(["WC"]), {"training": {"epochs": 1}}),
        "methods.params.WC.warmup_epochs = 1: a warm-up needs a run of at least 2 epochs (its default)",
    ),
    (
        merged(OSC, {"task": {"hist": 2000, "pred": 50}}),
        "task.hist = 2000: hist + pred must be <= 2001 time steps … (pred = 50)",
    ),
    (
        merged(BASE, {"training": {"seeds": 1000}, "compare": {"budgets": list(range(1, 1001))}, **method(["N", "C"])}),
        "experiment: amounts to 2,000,000 runs: must be at most 1,000,000 … ",
    ),
    (
        merged(SEARCH, {"experiment": {"mode": "all"}, **method(["EH"]), "compare": {"budgets": [250]}}),
        "optimize.search.EH.upper_bound.low = 200: must be >= 250, the number of epochs of the run (a default range)",
    ),
]

SEARCHES: list[tuple[Tables, str]] = [
    (search(lr={"low": 0.1, "high": 0.01}), "optimize.search.lr.low = 0.1: low < high must hold, but high = 0.01"),
    (search(lr={"low": 0.1, "high": 0.1}), "optimize.search.lr.low = 0.1: low < high must hold, but high = 0.1"),
    (search(lr={"low": 0, "high": 0.1}), "optimize.search.lr.low = 0.0: must be > 0"),
    (
        search(pct_start={"low": 0, "high": 0.5, "log": True}),
        "optimize.search.pct_start.low = 0.0: must be > 0 where log = true",
    ),
    (
        search(pct_start={"low": 0.1, "high": 0.5, "log": True, "step": 0.1}),
        "optimize.search.pct_start.step = 0.1: must be left out where log = true",
    ),
    (search(pct_start={"low": 0.5, "high": 1.5}), "optimize.search.pct_start.high = 1.5: must be >= 0 and <= 1"),
    (search(pct_start={"low": 0.5}), "optimize.search.pct_start.high: is missing; must be >= 0 and <= 1"),
    (
        search(pct_start={"low": 0.1, "high": 0.5, "logg": True}),
        'optimize.search.pct_start.logg = true: unknown key; must be one of … (did you mean "log"?)',
    ),
    (
        search(pct_start={"low": 0.1, "high": 0.5, "log": 1}),
        "optimize.search.pct_start.log = 1: must be true or false",
    ),
    (
        search(EH={"upper_bound": {"low": 200, "high": 400, "step": 0}}),
        "optimize.search.EH.upper_bound.step = 0: must be >= 1",
    ),
    (
        search(EH={"upper_bound": {"low": 200, "high": 400, "step": 1.5}}),
        "optimize.search.EH.upper_bound.step = 1.5: must be a whole number >= 1",
    ),
    (
        search(EH={"upper_bound": {"low": 200, "high": 390, "step": 50}}),
        "optimize.search.EH.upper_bound.step = 50: must divide high - low = 190, so that high is reached",
    ),
    (
        search(upper_bound={"low": "x", "high": 390}),
        'optimize.search.upper_bound.low = "x": must be a whole number >= 1 and <= 1e9',
    ),
    (
        search(upper_bound="many"),
        'optimize.search.upper_bound = "many": must be a whole number >= 1 and <= 1e9, or a range { low = …, … }',
    ),
    (
        search(uper_bound=300),
        'optimize.search.uper_bound = 300: no such parameter to search; must be one of lr, … (did you mean "upper … ',
    ),
    (
        search(H={"upper_bound": 300}),
        "optimize.search.H = { upper_bound = 300 }: no such parameter to search; must be one of lr, … ",
    ),
    (
        search(EH={"gamma": {"low": 0.1, "high": 0.5}}),
        "optimize.search.EH.gamma = { low = 0.1, high = 0.5 }: no such … ; must be one of upper_bound, infimum_lr",
    ),
    (search(EH=3), "optimize.search.EH = 3: must be a table of ranges by parameter"),
    (merged(SEARCH, {"optimize": {"search": 3}}), "optimize.search = 3: must be a table of ranges"),
    (
        search(EH={"infimum_lr": {"low": 0.1, "high": 0.5}}, WH={"infimum_lr": 1e-5}),
        "optimize.search.EH.infimum_lr.low = 0.1: must be < 0.0001 … (the lowest lr of the search is 0.0001)",
    ),
    (
        merged(search(lr=1e-3), {**method(["EH"]), "optimize": {"search": {"infimum_lr": 2e-3}}}),
        "optimize.search.infimum_lr = 0.002: must be < 0.001, the peak learning rate",
    ),
    (
        merged(search(upper_bound={"low": 5, "high": 20}), method(["EH"])),
        "optimize.search.upper_bound.low = 5: must be >= 10, the number of epochs of the run",
    ),
    (
        merged(
            SEARCH,
            {
                "methods": {"optimizers": ["SGD"], "schedulers": ["N"], "params": {"SGD": {"nesterov": True}}},
                "optimize": {"search": {"momentum": {"low": 0.0, "high": 0.9}}},
            },
        ),
        "optimize.search.momentum.low = 0.0: must be > 0 with nesterov = true",
    ),
]
