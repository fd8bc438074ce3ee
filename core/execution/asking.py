"""The search of one method: asks Optuna for trials in fixed batches, reports, prunes, and tells in ask order.

Nothing here depends on when a run ends or how many workers there are, so that a seeded search is the same search
however it was scheduled, interrupted or resumed:

* a trial is drawn by a fresh sampler, seeded from the experiment, the study and the trial's number, which sees the
  trials told so far and the open ones of its batch;
* a batch is told, in ask order, once all of its runs have ended, and only then the next one is asked;
* the pruner compares a trial with the trials of earlier batches only.

A study may hold trials of other programs, as the experiment code of the paper left them. Those that are finished and
fit the experiment count as if they were ours. The others keep their numbers, and are nothing else to the search.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.plan import StudyPlan, search_runs
from core.plan.fit import misfit
from core.search import MARK, distributions, is_ours, left_out, make_pruner, make_sampler
from core.seeding import derived_seed
from core.spec import ExperimentSpec

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

FINISHED = ("complete", "failed", "diverged", "pruned")


@dataclass(slots=True)
class OpenTrial:
    """A trial that has been asked and not told.

    Attributes:
        number: within its study.
        trial_id: Optuna's id.
        run_ids: one per seed.
        reported: epochs of which the objective has been reported.
        arena: the study in which the pruner judges it, None without a pruner.
        pruned_at: epoch at which it was pruned.
    """

    number: int
    trial_id: int
    params: dict[str, Any]
    run_ids: list[str]
    reported: int = 0
    arena: optuna.Study | None = None
    pruned_at: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended, as the search needs it."""

    state: str
    value: float | None


@dataclass(slots=True)
class Search:
    """The search of one study; `storage` is Optuna's. Trials of other programs are told, those among them that do not
    count are named in `ignored`: number → reason."""

    spec: ExperimentSpec
    plan: StudyPlan
    storage: optuna.storages.BaseStorage
    study: optuna.Study
    told: list[FrozenTrial] = field(default_factory=list)
    open: list[OpenTrial] = field(default_factory=list)
    ignored: dict[int, str] = field(default_factory=dict)

    @classmethod
    def resume(cls, spec: ExperimentSpec, plan: StudyPlan, storage: optuna.storages.BaseStorage) -> Search:
        """The search where the database left it."""
        import optuna

        study = optuna.create_study(study_name=plan.name, storage=storage, direction="minimize", load_if_exists=True)
        search = cls(spec, plan, storage, study)
        search._take_up(study.get_trials(deepcopy=False))
        return search

    def _take_up(self, trials: Sequence[FrozenTrial]) -> None:
        """Hold our open trials and count the ended ones; an open trial of somebody else has nobody to train it."""
        from optuna.trial import TrialState

        for trial in trials:
            running = trial.state == TrialState.RUNNING and trial.params.keys() == self.plan.space.keys()
            if running and is_ours(trial):
                self._hold(trial.number, trial._trial_id, dict(trial.params))  # the id has no public name
                continue
            if not trial.state.is_finished():
                self.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
                trial = self.storage.get_trial(trial._trial_id)
            reason = "" if is_ours(trial) else left_out(self.spec, self.plan, trial)
            if reason:
                self.ignored[trial.number] = reason
            self.told.append(trial)

    @property
    def asked(self) -> int:
        """Trials in the study, and so the number of the next one."""
        return len(self.told) + len(self.open)

    @property
    def _wanted(self) -> int:
        return self.spec.optimize.trials + len(self.ignored)

    @property
    def done(self) -> bool:
        return not self.open and self.asked >= self._wanted

    def best(self) -> FrozenTrial | None:
        """The told trial with the lowest finite objective that can be compared; the earliest one of equals."""
        from optuna.trial import TrialState

        finished = [
            trial
            for trial in self.told
            if trial.state == TrialState.COMPLETE and trial.value is not None and math.isfinite(trial.value)
        ]
        finished.sort(key=lambda trial: (trial.value, trial.number))
        return next((trial for trial in finished if not misfit(self.spec, self.plan, trial.params)), None)

    def ask_batch(self) -> list[OpenTrial]:
        """Ask what is missing of the batch in hand, or of the next one; returns the trials that are open now."""
        first = self.open[0].number if self.open else self.asked
        end = min(self._batch_start(first) + self.spec.optimize.batch, self._wanted)
        if self.asked < end:
            mirror = self._mirror(self.told)
            mirror.add_trials([self._running(trial.params) for trial in self.open])
            while self.asked < end:
                self._ask(mirror)
        return self.open

    def _batch_start(self, number: int) -> int:
        return number // self.spec.optimize.batch * self.spec.optimize.batch

    def _ask(self, mirror: optuna.Study) -> None:
        number = self.asked
        seed = derived_seed(self.spec.experiment.seed, self.plan.name, number)
        mirror.sampler = make_sampler(self.spec.optimize, seed)
        params = mirror.ask(distributions(self.plan.space)).params
        # Drawn aside and written in one transaction: a conductor killed here leaves no half-drawn trial behind.
        study_id = self.storage.get_study_id_from_name(self.plan.name)
        trial_id = self.storage.create_new_trial(study_id, template_trial=self._running(params))
        given = self.storage.get_trial_number_from_id(trial_id)
        if given != number:  # somebody else has added trials meanwhile
            self._take_up(self.study.get_trials(deepcopy=False)[number:given])
        self._hold(given, trial_id, params)

    def _running(self, params: dict[str, Any]) -> FrozenTrial:
        from optuna.trial import TrialState, create_trial

        space = distributions(self.plan.space)
        own = {name: space[name] for name in params}
        # Marked as it is made: a conductor that is killed now must know it again.
        return create_trial(state=TrialState.RUNNING, params=params, distributions=own, system_attrs={MARK: True})

    def _hold(self, number: int, trial_id: int, params: dict[str, Any]) -> None:
        runs = search_runs(self.spec, self.plan, number, params)
        trial = OpenTrial(number, trial_id, params, [run.id for run in runs])
        pruner = make_pruner(self.spec.optimize, self.spec.training.epochs)
        if pruner is not None:
            trial.arena = self._arena(trial, pruner)
        self.open.append(trial)

    def _mirror(self, trials: Sequence[FrozenTrial | None]) -> optuna.Study:
        """A study in memory that holds `trials`, and place-holders for those that it must not see."""
        import optuna
        from optuna.trial import TrialState, create_trial

        mirror = optuna.create_study(study_name=self.plan.name, direction="minimize")
        nothing = create_trial(state=TrialState.FAIL)
        # Optuna refuses trials that have ended without having begun, which samplers and pruners pass over anyway.
        mirror.add_trials(
            [one if one and one.datetime_start and one.number not in self.ignored else nothing for one in trials]
        )
        return mirror

    def _arena(self, trial: OpenTrial, pruner: optuna.pruners.BasePruner) -> optuna.Study:
        """The trials of earlier batches, place-holders up to the trial's number (Hyperband's bracket goes by it), and
        the trial."""
        start = self._batch_start(trial.number)
        earlier = {told.number: told for told in self.told if told.number < start}
        arena = self._mirror([earlier.get(number) for number in range(trial.number)])
        arena.pruner = pruner
        arena.add_trial(self._running(trial.params))
        return arena

    def report(self, curves: Mapping[str, Sequence[float]]) -> list[OpenTrial]:
        """Report the objective of open trials, epoch by epoch, as far as all of a trial's seeds have come.

        Args:
            curves: run id → objective at epochs 1, 2, ….

        Returns:
            The trials that the pruner has just ended.
        """
        pruned = []
        for trial in self.open:
            reached = min(len(curves.get(run_id, ())) for run_id in trial.run_ids)
            while trial.reported < reached and trial.pruned_at is None:
                epoch = trial.reported + 1
                value = math.fsum(curves[run_id][epoch - 1] for run_id in trial.run_ids) / len(trial.run_ids)
                trial.reported = epoch
                if not math.isfinite(value):
                    continue
                self.storage.set_trial_intermediate_value(trial.trial_id, epoch, value)
                if trial.arena is not None and self._judge(trial, epoch, value):
                    trial.pruned_at = epoch
                    pruned.append(trial)
        return pruned

    def _judge(self, trial: OpenTrial, epoch: int, value: float) -> bool:
        import optuna

        arena = trial.arena
        assert arena is not None
        arena_id = arena.get_trials(deepcopy=False)[trial.number]._trial_id  # has no public name
        judged = optuna.Trial(arena, arena_id)
        judged.report(value, epoch)
        return epoch < self.spec.training.epochs and judged.should_prune()

    def tell_batch(self, outcomes: Mapping[str, Outcome]) -> bool:
        """Tell the batch, in ask order, if each of its runs has ended; True where it was told."""
        from optuna.trial import TrialState

        if not self.open or any(
            run_id not in outcomes or outcomes[run_id].state not in FINISHED
            for trial in self.open
            for run_id in trial.run_ids
        ):
            return False
        for trial in list(self.open):
            ended = [outcomes[run_id] for run_id in trial.run_ids]
            states = {"pruned"} if trial.pruned_at is not None else {outcome.state for outcome in ended}
            self._keep_rungs(trial)
            if "failed" in states:
                self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            elif "diverged" in states:
                # the worst there is, so that samplers stay away from it
                self.study.tell(trial.number, math.inf, skip_if_finished=True)
            elif "pruned" in states:
                self.study.tell(trial.number, state=TrialState.PRUNED, skip_if_finished=True)
            else:
                values = [outcome.value for outcome in ended if outcome.value is not None]
                self.study.tell(trial.number, math.fsum(values) / len(values), skip_if_finished=True)
            self.told.append(self.storage.get_trial(trial.trial_id))
            self.open.remove(trial)
        return True

    def _keep_rungs(self, trial: OpenTrial) -> None:
        """Hyperband writes the rungs that a trial reached into it; later trials are compared with them."""
        if trial.arena is None:
            return
        for key, value in trial.arena.get_trials(deepcopy=False)[trial.number].system_attrs.items():
            self.storage.set_trial_system_attr(trial.trial_id, key, value)
