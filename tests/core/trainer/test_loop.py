from __future__ import annotations

import math
from pathlib import Path

import numpy
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
from small_runs import CPU, EPOCHS, METHODS, STEPS_PER_EPOCH, Kept, cache, configuration, run_all, weights

from core.catalog import catalog
from core.component import Trace
from core.params import Horizon
from core.trainer.assemble import Parts, assemble
from core.trainer.checkpoint import load_checkpoint, save_checkpoint
from core.trainer.loop import Diverged, Stopped, train

SCHEDULERS = [info.code for info in catalog().schedulers.all()]


@pytest.mark.parametrize(("optimizer", "scheduler"), METHODS)
def test_a_run_is_a_function_of_its_configuration(optimizer: str, scheduler: str) -> None:
    config = configuration(optimizer, scheduler)
    first = run_all(config)
    other = run_all(configuration("SGD", "N", seed=2, model={"name": "SmallCNN", "channels": 2}))
    again = run_all(config)
    assert first[1].points == again[1].points
    assert first[2] == again[2]
    assert weights(first[0]) == weights(again[0])
    assert first[1].points != other[1].points


def test_seeds_give_different_runs() -> None:
    assert run_all(configuration(seed=1))[1].points != run_all(configuration(seed=2))[1].points


@pytest.mark.parametrize(("optimizer", "scheduler"), METHODS)
def test_an_interrupted_run_ends_as_an_undisturbed_one(optimizer: str, scheduler: str, tmp_path: Path) -> None:
    config = configuration(optimizer, scheduler)
    whole, undisturbed, results = run_all(config)
    path = tmp_path / "checkpoint.pt"
    for stop_at in range(1, EPOCHS):
        before = Kept(stop_at)
        with pytest.raises(Stopped):
            train(assemble(config, cache, CPU), config, before)
        assert list(before.states) == [stop_at]
        save_checkpoint(path, "r", before.states[stop_at])
        torch.rand(7)
        parts, after = assemble(config, cache, CPU), Kept()
        assert train(parts, config, after, load_checkpoint(path, "r", CPU)) == results
        assert {step for _, step in after.points} == set(range(stop_at + 1, EPOCHS + 1))
        assert before.points | after.points == undisturbed.points
        assert weights(parts) == weights(whole)


def test_a_run_told_to_stop_within_a_long_epoch_leaves_no_half_epoch_behind() -> None:
    class Late(Kept):
        def orders(self, epoch: int) -> None:
            self.ordered.append(epoch)
            if self.ordered.count(1) == 3:  # the first time after the epoch, then within the next one
                raise Stopped

    config, kept = configuration(), Late()
    clock = iter(range(0, 100_000, 10))
    with pytest.raises(Stopped):
        train(assemble(config, cache, CPU), config, kept, clock=lambda: next(clock))
    assert {step for _, step in kept.points} == {1}
    assert set(kept.states) <= {1}


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_recorded_rate_is_the_one_that_the_preview_draws(scheduler: str) -> None:
    _, kept, _ = run_all(configuration("AdamW", scheduler, lr=0.02))
    info = catalog().schedulers.get(scheduler)
    horizon = Horizon.of(epochs=EPOCHS, lr=0.02, tick=info.tick, steps_per_epoch=STEPS_PER_EPOCH)
    trace = Trace.of(info.schedule(), horizon)
    ticks = [epoch * horizon.per_epoch for epoch in range(EPOCHS)]
    assert kept.curve("lr") == pytest.approx([trace.lr(tick) for tick in ticks], rel=1e-12)
    momenta = [trace.momentum(tick) for tick in ticks]
    assert kept.curve("momentum") == ([] if momenta[0] is None else pytest.approx(momenta, rel=1e-12))
    assert "effective_lr" not in {metric for metric, _ in kept.points}


@pytest.mark.parametrize("optimizer", ["Prodigy", "DAdapt"])
def test_the_rate_that_an_lr_free_optimizer_found_is_recorded(optimizer: str) -> None:
    _, kept, _ = run_all(configuration(optimizer), keep_states=True)
    assert kept.curve("lr") == [1.0] * EPOCHS
    groups = [kept.states[epoch]["optimizer"]["param_groups"][0] for epoch in range(1, EPOCHS)]
    found = [group["d"] * group["lr"] for group in groups]
    assert kept.curve("effective_lr")[:-1] == pytest.approx(found, rel=1e-12)
    assert found[-1] > 10 * 1e-6, "it has not adapted at all"


def test_a_run_without_numbers_has_diverged_and_keeps_its_curve() -> None:
    config, kept = configuration("SGD", "N", lr=1e6), Kept()
    with pytest.raises(Diverged, match=r"^train_loss = (nan|inf) at epoch 1; the bound is "):
        train(assemble(config, cache, CPU), config, kept)
    assert not math.isfinite(kept.points["train_loss", 1])
    assert ("val_loss", 1) in kept.points


def test_a_loss_beyond_the_bound_is_a_divergence() -> None:
    _, kept, _ = run_all(configuration())
    first, second = kept.curve("train_loss")[:2]
    assert first > second
    config, again = configuration() | {"loss_bound": second}, Kept()
    with pytest.raises(Diverged, match="at epoch 1"):
        train(assemble(config, cache, CPU), config, again)
    run_all(configuration() | {"loss_bound": max(first, *kept.curve("val_loss"))})


def outputs(parts: Parts, samples: torch.Tensor) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Probabilities and digits of `samples`, in double precision."""
    parts.model.eval()
    with torch.no_grad():
        logits = parts.model(parts.source.data.inputs[samples]).double()
    return torch.softmax(logits, dim=1).numpy(), parts.source.data.targets[samples].numpy()


def test_the_final_metrics_are_those_of_the_model_on_unseen_images() -> None:
    parts, kept, results = run_all(configuration())
    split = [
        set(part.tolist())
        for part in (parts.source.split.train, parts.source.split.validation, parts.source.split.test)
    ]
    assert sum(map(len, split)) == len(set.union(*split)) == 1797
    probabilities, digits = outputs(parts, parts.source.split.validation)
    assert results["val_accuracy"] == pytest.approx(accuracy_score(digits, probabilities.argmax(axis=1)))
    assert results["val_loss"] == pytest.approx(log_loss(digits, probabilities), rel=1e-5)
    assert results["val_loss"] == kept.points["val_loss", EPOCHS]


def test_the_test_metrics_are_those_of_the_best_validation_epoch() -> None:
    # A rate so high that the loss jumps about, so that the best epoch is not the last one.
    config = configuration("SGD", "N", lr=0.5, epochs=8)
    parts, kept, results = run_all(config, keep_states=True)
    losses = kept.curve("val_loss")
    best = 1 + losses.index(min(losses))
    assert 1 < best < 8, "the example is too easy to tell"
    assert (results["best_epoch"], results["best_val_loss"]) == (best, min(losses))
    parts.model.load_state_dict(kept.states[best]["model"])
    probabilities, digits = outputs(parts, parts.source.split.test)
    assert results["test_accuracy"] == pytest.approx(accuracy_score(digits, probabilities.argmax(axis=1)))
    assert results["test_loss"] == pytest.approx(log_loss(digits, probabilities), rel=1e-5)
    assert results["val_loss"] == losses[-1] != min(losses)
