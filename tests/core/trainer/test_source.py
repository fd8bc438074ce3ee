"""Batches of a user's own: whatever loader they come from, an interruption must not be seen in the results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import own_parts
import pytest
import torch
from own_parts import configuration, module, write
from small_runs import CPU, Kept, cache, run_all, weights

from core.catalog import catalog
from core.errors import UsageError
from core.trainer.assemble import DataCache, assemble
from core.trainer.checkpoint import load_checkpoint, save_checkpoint
from core.trainer.loop import Stopped, train
from core.user_code import TRUST_ENV

LOADERS = ["SHUFFLE", "OWN_GENERATOR", "BATCH_SAMPLER", "DRAWING", "IN_PROCESSES", "TUPLES", "DICTS"]


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(TRUST_ENV, "")
    catalog.cache_clear()
    yield
    catalog.cache_clear()


@pytest.mark.parametrize("body", [*LOADERS, "IN_MEMORY"])
def test_an_interrupted_run_ends_as_an_undisturbed_one(body: str, tmp_path: Path) -> None:
    path = write(tmp_path, getattr(own_parts, body))
    config = configuration(path)
    whole, undisturbed, results = run_all(config)
    checkpoint = tmp_path / "checkpoint.pt"
    for stop_at in (1, 3):
        before = Kept(stop_at)
        with pytest.raises(Stopped):
            train(assemble(config, cache, CPU), config, before)
        save_checkpoint(checkpoint, "r", before.states[stop_at])
        torch.rand(7)
        parts, after = assemble(config, cache, CPU), Kept()
        assert train(parts, config, after, load_checkpoint(checkpoint, "r", CPU)) == results
        assert before.points | after.points == undisturbed.points
        assert weights(parts) == weights(whole)
    other = run_all(config | {"seed": 4})[1]
    assert other.points != undisturbed.points


@pytest.mark.parametrize("body", ["SHUFFLE", "OWN_GENERATOR", "BATCH_SAMPLER"])
def test_every_epoch_has_an_order_of_its_own(body: str, tmp_path: Path) -> None:
    source = assemble(configuration(write(tmp_path, getattr(own_parts, body))), cache, CPU).source
    orders = []
    for epoch in (0, 1, 0):
        torch.manual_seed(epoch)  # as the loop does
        orders.append(torch.cat([inputs for inputs, _, _ in source.train(epoch)])[:, 0].tolist())
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_means_weigh_a_smaller_last_batch_by_its_size(tmp_path: Path) -> None:
    """13 validation samples in batches of 5, 5 and 3, and their targets in dicts of dicts."""
    parts, kept, results = run_all(configuration(write(tmp_path, own_parts.DICTS)))
    parts.model.eval()
    outputs, targets = [], []
    for inputs, wanted, _ in parts.source.validation():
        outputs.append(parts.model(inputs["x"], shift=inputs["shift"]).detach())
        targets.append(wanted["y"])
    error = (torch.cat(outputs) - torch.cat(targets)).double()
    assert len(error) == 13
    assert results["val_loss"] == pytest.approx(float((error**2).mean()), rel=1e-5)
    assert results["val_mae"] == kept.points["val_mae", 4] == pytest.approx(float(error.abs().mean()), rel=1e-5)


REFUSED = {
    "another size": (
        ("return 32", "return 40"),
        r"Mine\.train_size\(\) = 40 makes 8 batches of 5, but the loader has 7: train_size must be the number",
    ),
    "a dropped batch": (
        ("shuffle=True", "shuffle=True, drop_last=True"),
        r"Mine\.train_size\(\) = 32 makes 7 batches of 5, but the loader has 6: .* must not be dropped",
    ),
    "no validation": (("DataLoader(validation, 5)", "[]"), r"Mine\.loaders\(\): validation has no batches"),
    "no length": (
        ("DataLoader(validation, 5)", "iter([])"),
        r"Mine\.loaders\(\): validation must have a length, its number of batches: object of type .* has no len",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_loaders_that_cannot_serve_are_refused(mistake: str, tmp_path: Path) -> None:
    (old, new), said = REFUSED[mistake]
    path = write(tmp_path, own_parts.SHUFFLE)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UsageError, match=said):
        assemble(configuration(path), cache, CPU)


def test_training_samples_are_augmented_and_no_others(tmp_path: Path) -> None:
    path = write(tmp_path, own_parts.IN_MEMORY)
    parts, _, _ = run_all(configuration(path))
    calls, evaluated = module(path).calls, module(path).evaluated
    samples = module(path).points()[0]
    assert [len(batch) for batch in calls] == [5, 5, 5, 5, 5, 5, 2] * 4, "whole batches, once a step"
    split = parts.source.split  # type: ignore[attr-defined]
    assert len({tuple(sorted(batch[:, 0].tolist())) for batch in calls}) > 20
    seen = {tuple(row) for row in torch.cat(calls).tolist()}
    assert seen == {tuple(row) for row in samples[split.train].tolist()}, "as they lie in memory"
    unseen = {tuple(row) for row in samples[torch.cat([split.validation, split.test])].tolist()}
    assert {tuple(row) for row in torch.cat(evaluated).tolist()} == unseen, "evaluated as they are"


def test_augmentation_moves_the_results_and_repeats_itself(tmp_path: Path) -> None:
    path = write(tmp_path, own_parts.IN_MEMORY)
    first, again = (run_all(configuration(path))[1].points for _ in range(2))
    assert first == again
    source = assemble(configuration(path), cache, CPU).source
    totals = [float(sum(inputs.sum() for inputs, _, _ in source.train(epoch))) for epoch in (0, 1, 0)]
    assert totals[0] == totals[2] != pytest.approx(totals[1], abs=1e-4), "each epoch draws anew"
    path.write_text(path.read_text().replace("/ 100", "/ 50"))
    assert run_all(configuration(path))[1].points != first


def test_a_warm_worker_tells_the_data_of_two_files_apart(tmp_path: Path) -> None:
    """Tasks that are called alike, with the same parameters: two copies of a folder, one of them edited."""
    held, sums = DataCache(tmp_path), []
    for number in (1, 2, 1):
        folder = tmp_path / str(number)
        folder.mkdir(exist_ok=True)
        path = write(tmp_path, own_parts.IN_MEMORY)
        path = path.rename(folder / "mine.py")
        path.write_text(path.read_text().replace("-1, 1, 90", f"-1, {number}, 90"))
        sums.append(float(assemble(configuration(path), held, CPU).source.data.inputs.max()))  # type: ignore[attr-defined]
    assert sums == [1, 2, 1]
