"""Studies and trials out of the database, read again and again while a search goes on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from hlr_tui.search_view.trials import Search, Study, Trial, mean_of, state_of

if TYPE_CHECKING:
    from core.analysis.extrapolate import Guess
    from core.plan import Plan, StudyPlan
    from core.storage.engine import Database
    from core.storage.experiments import Experiment
    from core.storage.runs import Run

OBJECTIVE = "val_loss"

Legal = tuple[float | None, float | None]


class SearchReader:
    """Reads the searches of experiments. Keeps what does not change between two looks: plans, the guess of a curve that
    has not grown, trials of other programs while their number stays. Trials and studies that are as they were are the
    same objects, so that what was made of them can be kept. For one thread at a time."""

    def __init__(self) -> None:
        self._plan: tuple[str, Plan | None, str] = ("", None, "")
        self._guesses: dict[str, tuple[int, Guess | None]] = {}
        self._foreign: tuple[object, dict[str, list[Any]]] = (None, {})
        self._params: dict[int, dict[str, float]] = {}
        self._studies: dict[str, Study] = {}

    def read(self, db: Database, experiment: Experiment) -> Search:
        """One look.

        Raises:
            StorageError: the database is out of reach.
        """
        from core.storage.experiments import IMPORT
        from core.storage.runs import runs_of

        plan, unread = (None, "") if experiment.mode == IMPORT else self._planned(experiment)
        runs = runs_of(db, experiment.id, stage="search")
        planned = {study.name: study for study in plan.studies} if plan is not None and plan.searches else {}
        theirs = self._elsewhere(db, planned) if plan is not None else {}
        ours = _grouped(runs)
        trained = [run for run in runs if run.state not in ("complete", "queued")]
        latest, guesses = self._latest(db, trained), self._guess(db, [run for run in runs if run.state == "running"])
        studies = []
        for name in [*planned, *sorted(ours.keys() - planned.keys())]:
            study, own = planned.get(name), ours.get(name, {})
            trials = [self._trial(db, group, study, latest, guesses) for group in own.values()]
            if plan is not None and study is not None:
                foreign = (trial for trial in theirs.get(name, []) if trial.number not in own)
                trials += _foreign_trials(plan, study, foreign)
            first = next(iter(own.values()))[0] if own else None
            studies.append(
                self._same(
                    name=name,
                    method=_method(study, first),
                    trials=sorted(trials, key=lambda trial: trial.number),
                    wanted=plan.spec.optimize.trials if plan is not None and study is not None else None,
                    space=study.space if study is not None else {},
                    legal=_legal(plan, study) if plan is not None and study is not None else {},
                    codes=_codes(study) if study is not None else {},
                )
            )
        return Search(
            name=experiment.name,
            mode=experiment.mode,
            state=experiment.state,
            studies=tuple(studies),
            searches=bool(studies) or (plan is not None and plan.searches),
            unread=unread,
            spec=experiment.spec,
        )

    def _same(self, *, name: str, trials: Sequence[Trial], **others: Any) -> Study:
        """A study, made of the trials that are known wherever they have not changed; the known one if none has."""
        was = self._studies.get(name)
        known = {trial.number: trial for trial in was.trials} if was is not None else {}
        kept = tuple(old if (old := known.get(trial.number)) == trial else trial for trial in trials)
        new = Study(name=name, trials=kept, **others)
        self._studies[name] = study = was if was is not None and was == new else new
        return study

    def _planned(self, experiment: Experiment) -> tuple[Plan | None, str]:
        from core.plan import make_plan
        from core.spec.file import spec_from_json

        if self._plan[0] != experiment.spec:
            try:
                plan = make_plan(spec_from_json(experiment.spec, f"experiment {experiment.name}"))
            except UsageError as error:  # a file or a plug-in that the spec names is not there, or may not run
                self._plan = (experiment.spec, None, str(error))
            else:
                self._plan = (experiment.spec, plan, "")
        return self._plan[1], self._plan[2]

    def _elsewhere(self, db: Database, names: Iterable[str]) -> dict[str, list[Any]]:
        from core.storage.foreign import ended_elsewhere, foreign_trials

        number = ended_elsewhere(db, list(names))
        if self._foreign[0] != number:  # Optuna is asked, and loaded, only where another program has left trials
            self._foreign = (number, foreign_trials(db, list(number)) if number else {})
        return self._foreign[1]

    def _latest(self, db: Database, runs: Sequence[Run]) -> dict[str, float]:
        from core.storage.reader import last_values

        found = last_values(db, [run.id for run in runs], [OBJECTIVE])
        return {run_id: values[OBJECTIVE] for run_id, values in found.items()}

    def _guess(self, db: Database, runs: Sequence[Run]) -> dict[str, Guess]:
        from core.analysis.extrapolate import extrapolate
        from core.storage.reader import curves

        known = {run.id: self._guesses[run.id] for run in runs if run.id in self._guesses}
        grown = [run for run in runs if run.id not in known or known[run.id][0] != run.epoch]
        if grown:
            found = curves(db, [run.id for run in grown], OBJECTIVE)
            for run in grown:
                steps, values = found.get(run.id, ([], []))
                known[run.id] = (run.epoch, extrapolate(steps, values, run.budget))
        self._guesses = known
        return {run_id: guess for run_id, (_, guess) in known.items() if guess is not None}

    def _trial(
        self,
        db: Database,
        runs: Sequence[Run],
        study: StudyPlan | None,
        latest: dict[str, float],
        guesses: dict[str, Guess],
    ) -> Trial:
        from core.analysis.results import searched
        from core.storage.study_rows import trial_params

        first, state = runs[0], state_of([run.state for run in runs])
        params: dict[str, float] = {}
        if study is not None:
            params = searched(first.config, study.space)
        elif first.trial_id is not None:
            if first.trial_id not in self._params:
                self._params[first.trial_id] = trial_params(db, first.trial_id)
            params = self._params[first.trial_id]
        seen = [latest.get(run.id, run.value) for run in runs]
        return Trial(
            number=first.trial if first.trial is not None else 0,
            state=state,
            value=mean_of([run.value for run in runs]) if state == "complete" else None,
            latest=mean_of([value for value in seen if value is not None]),
            params=params,
            epoch=min(run.epoch for run in runs),
            budget=first.budget,
            run_ids=tuple(run.id for run in runs),
            seeds=tuple(run.seed for run in runs),
            error=next((run.error for run in runs if run.error), ""),
            guess=_joined(runs, guesses) if state == "running" else None,
        )


def _grouped(runs: Iterable[Run]) -> dict[str, dict[int, list[Run]]]:
    """Study → trial → its runs in the order of seeds."""

    def key(run: Run) -> tuple[str, int]:
        return run.study, run.trial if run.trial is not None else 0

    found: dict[str, dict[int, list[Run]]] = {}
    for (study, trial), group in groupby(sorted(runs, key=key), key=key):
        found.setdefault(study, {})[trial] = list(group)
    return found


def _method(study: StudyPlan | None, run: Run | None) -> str:
    from core.analysis.results import method_label

    if study is not None:
        return method_label(study.method.optimizer.code, study.method.scheduler.code)
    return method_label(run.optimizer, run.scheduler) if run is not None else ""


def _codes(study: StudyPlan) -> dict[str, str]:
    codes = {"training": "", "scheduler": study.method.scheduler.code, "optimizer": study.method.optimizer.code}
    return {name: codes[dimension.owner] for name, dimension in study.space.items()}


def _legal(plan: Plan, study: StudyPlan) -> dict[str, Legal]:
    from core.params import Real, Whole, params_of

    method = study.method
    parts: dict[str, Any] = {
        "training": plan.spec.training,
        "scheduler": method.schedule,
        "optimizer": method.recipe,
    }
    found: dict[str, Legal] = {}
    for name, dimension in study.space.items():
        param = dict(params_of(parts[dimension.owner]))[name]
        if isinstance(param, (Whole, Real)):
            found[name] = (param.low, param.high)
    return found


def _foreign_trials(plan: Plan, study: StudyPlan, trials: Iterable[Any]) -> list[Trial]:
    from core.search import left_out

    found = []
    for trial in trials:
        if left_out(plan.spec, study, trial):
            continue  # the results say why; to the search it is nothing
        complete = trial.state.name == "COMPLETE"
        value = trial.value if complete and trial.value is not None and math.isfinite(trial.value) else None
        last = trial.intermediate_values.get(max(trial.intermediate_values, default=0))
        found.append(
            Trial(
                number=trial.number,
                state=("complete" if value is not None else "diverged") if complete else "pruned",
                value=value,
                latest=last if last is not None and math.isfinite(last) else None,
                params={name: trial.params[name] for name in study.space},
                epoch=0,
                budget=0,
                elsewhere=True,
            )
        )
    return found


def _joined(runs: Sequence[Run], guesses: dict[str, Guess]) -> tuple[float, float, float] | None:
    """The guess of a trial: the mean over its seeds, ended ones with their values. None where one has no guess yet."""
    finals = []
    for run in runs:
        if run.state == "complete" and run.value is not None:
            finals.append((run.value, run.value, run.value))
        elif run.id in guesses:
            finals.append(guesses[run.id].final)
        else:
            return None
    middle, low, high = (math.fsum(part) / len(finals) for part in zip(*finals, strict=True))
    return middle, low, high
