"""The sections of spec.toml, declared like components: names, kinds, bounds, defaults and help."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from core.params import choice, real, span, text, whole, wholes, words

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

LONGEST = 1_000_000
"""Most epochs, trials or samples per step: far beyond use, and small enough for every column of the database."""

LARGEST_SEED = 2**32 - 1

BUDGETS_AFTER_SEARCH = (50, 100, 150, 200)
SEEDS_AFTER_SEARCH = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentSection:
    name: str = text(
        None,
        pattern=NAME_PATTERN,
        legal="must be 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first",
        help="names the experiment and its studies",
    )
    mode: str = choice(
        "compare",
        "run",
        "compare",
        "optimize",
        "optimize-compare",
        "all",
        help="run: the given methods as they are; compare: over budgets; optimize: search; "
        "optimize-compare: the best trials found so far, over budgets; all: optimize, then compare",
    )
    seed: int = whole(42, low=0, high=LARGEST_SEED, help="seed of the search")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSection:
    epochs: int = whole(50, low=1, high=LONGEST, help="budget of a run, and of each trial of a search")
    batch_size: int | None = whole(
        None, low=1, high=LONGEST, help="samples per step; the task's own where it is not given"
    )
    lr: float | None = real(
        None,
        above=0.0,
        search=span(1e-4, 5e-2, log=True),
        help="peak learning rate; the task's own where it is not given",
    )
    infimum_lr: float = real(1e-6, above=0.0, help="lowest rate of the schedulers that have one")
    seeds: tuple[int, ...] = wholes(
        (89, 231, 928, 814, 269),
        high=LARGEST_SEED,
        count=True,
        help="one run per seed in mode run, and in mode compare by default",
    )
    device: str = text(
        "auto",
        pattern=r"auto|cpu|mps|cuda(:\d+)?",
        legal="must be one of auto, cpu, cuda, cuda:N, mps",
        help="auto takes a GPU where there is one",
    )
    threads: int = whole(1, low=1, high=1024, help="CPU threads of one worker")
    loss_bound: float = real(1e6, above=0.0, help="a run whose loss passes this, or is not a number, has diverged")


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodsSection:
    optimizers: tuple[str, ...] = words(("AdamW",), kind="optimizers", help="each is paired with every scheduler")
    schedulers: tuple[str, ...] = words(("all",), kind="schedulers", help='codes or names, or "all"')
    lr_free: tuple[str, ...] = words((), kind="optimizers", help="optimizers that find their own rate, no schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizeSection:
    trials: int = whole(25, low=1, high=LONGEST, help="trials per study")
    seeds: tuple[int, ...] = wholes(
        (1,), high=LARGEST_SEED, count=True, help="one run per seed in each trial; the objective is their mean"
    )
    sampler: str = choice("tpe", "tpe", "random", help="how trials are drawn")
    pruner: str = choice("none", "none", "median", "hyperband", help="how hopeless trials are ended early")
    batch: int = whole(
        4,
        low=1,
        high=LONGEST,
        help="trials asked at once; a fixed number, so that the search does not depend on the workers",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSection:
    budgets: tuple[int, ...] = wholes(
        (),
        low=1,
        high=LONGEST,
        help="epochs; training.epochs in mode compare, 50, 100, 150 and 200 after a search, where it is not given",
    )
    seeds: tuple[int, ...] = wholes(
        (),
        high=LARGEST_SEED,
        count=True,
        help="one run per seed; training.seeds in mode compare, 1 … 5 after a search by default",
    )
    transfer: str = choice(
        "absolute",
        "absolute",
        "relative",
        help="parameters counted in ticks and found at one budget: kept, or scaled with the budget",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSection:
    executor: str = choice("local", "local", help="how workers come to life")
    workers: int | None = whole(None, low=1, high=1024, word="auto", help="worker processes; auto: one per core or GPU")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingSection:
    wandb: str = choice(
        "disabled",
        "disabled",
        "offline",
        "online",
        help="Weights & Biases; offline: in folders of the workspace, for `hlr-tui sync`; online: while runs train",
    )
    project: str | None = text(
        None,
        pattern=r"[^\x00-\x1f\x7f]{1,128}",
        legal="must be 1 to 128 characters on one line",
        help="project that runs are tracked under; the experiment's name by default",
    )


SECTIONS: dict[str, type] = {
    "experiment": ExperimentSection,
    "training": TrainingSection,
    "methods": MethodsSection,
    "optimize": OptimizeSection,
    "compare": CompareSection,
    "execution": ExecutionSection,
    "tracking": TrackingSection,
}
"""The sections with fixed keys; [task] and [model] take the parameters of the component they name."""


def compare_defaults(section: CompareSection, mode: str, training: TrainingSection) -> CompareSection:
    """`section` with the budgets, in rising order, and the seeds that hold in `mode` where it gives none."""
    alone = mode == "compare"
    budgets = section.budgets or ((training.epochs,) if alone else BUDGETS_AFTER_SEARCH)
    seeds = section.seeds or (training.seeds if alone else SEEDS_AFTER_SEARCH)
    return dataclasses.replace(section, budgets=tuple(sorted(budgets)), seeds=seeds)
