"""Seconds per epoch of the six models of the paper, against a checkout of its experiment code, in turn.

    git clone https://github.com/Axect/HyperbolicLR
    pip install polars    # which its data module imports
    python benchmarks/original.py HyperbolicLR/paper

Both sides train the same number of batches of the same size on the same device, with the very functions that train an
epoch: `train_epoch` of its trainer and the one of `core.trainer.loop`; the time of a full epoch follows from the
number of samples. Images are random, in the shapes of CIFAR-10. Its data loader for the integral task mixes up inputs
and targets, so that it is given the intended batches instead. The training part alone is timed: our epochs are shorter
besides, because they hold images out.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
import torchvision
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset
from torchvision import transforms

from core.component import DataSet, DataShape, Split
from core.lr_scheduler import ScheduleLR
from core.spec.reader import build_spec
from core.trainer.assemble import Parts
from core.trainer.loop import _train_epoch
from core.trainer.source import TensorSource

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
IMAGES = 50_000


@dataclass(frozen=True)
class Case:
    """One model: task, batch size, training samples of a full epoch, batches that are timed."""

    task: str
    model: str
    batch_size: int
    samples: int
    batches: int


CASES = (
    Case("cifar10", "SimpleCNN", 128, IMAGES, 2),
    Case("cifar10", "ResNetCIFAR", 128, IMAGES, 1),
    Case("cifar10", "SimpleViT", 128, IMAGES, 1),
    Case("osc", "LSTM_Seq2Seq", 64, 7921, 4),
    Case("integral", "DeepONet", 128, 8000, 2),
    Case("integral", "TFONet", 128, 8000, 1),
)


SHAPES = {
    "cifar10": DataShape(kind="image", inputs=(3, 32, 32), outputs=(10,)),
    "osc": DataShape(kind="sequence", inputs=(50, 1), outputs=(50, 1)),
    "integral": DataShape(kind="function", inputs=(100,), outputs=(100,)),
}


class NoOrders:
    """A recorder that never interrupts."""

    def add(self, metric: str, step: int, value: float) -> None: ...

    def checkpoint(self, epoch: int, state: dict[str, Any]) -> None: ...

    def orders(self, epoch: int) -> None: ...


def random_data(case: Case, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets as our tasks keep them."""
    chance = torch.Generator().manual_seed(0)
    if case.task == "cifar10":
        images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=chance)
        return images, torch.randint(0, 10, (count,), generator=chance)
    shape = (50, 1) if case.task == "osc" else (100,)
    return torch.randn(count, *shape, generator=chance), torch.randn(count, *shape, generator=chance)


def our_epoch(case: Case, count: int, device: torch.device) -> Callable[[], None]:
    document = {
        "experiment": {"name": "benchmark", "mode": "run"},
        "task": {"name": case.task},
        "model": {"name": case.model},
        "training": {"batch_size": case.batch_size},
        "methods": {"optimizers": ["AdamW"], "schedulers": ["C"]},
    }
    spec = build_spec(document, "benchmark")
    inputs, targets = (tensor.to(device) for tensor in random_data(case, count))
    shape = SHAPES[case.task]
    samples = torch.arange(count, device=device)
    source = TensorSource(
        spec.task,
        DataSet(inputs=inputs, targets=targets, shape=shape, checksum=""),
        Split(train=samples, validation=samples[:0], test=samples[:0]),
        case.batch_size,
        1,
    )
    model = spec.model.build(shape).to(device)
    (method,) = spec.methods
    optimizer = method.recipe.build(model.parameters(), 1e-4)
    parts = Parts(
        task=spec.task,
        source=source,
        checksum="",
        model=model,
        recipe=method.recipe,
        lr_free=False,
        optimizer=optimizer,
        scheduler=ScheduleLR(optimizer, method.schedule, epochs=1000, steps_per_epoch=source.steps),
        tick="epoch",
    )
    epochs = iter(range(1000))
    return lambda: _train_epoch(parts, NoOrders(), next(epochs), time.monotonic) and None


class Images(Dataset[Any]):
    """Random images under the original's chain of transforms, one at a time as torchvision's CIFAR-10 gives them."""

    def __init__(self, count: int) -> None:
        images, self.targets = random_data(CASES[0], count)
        self.images = numpy.ascontiguousarray(images.permute(0, 2, 3, 1).numpy())
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = torchvision.transforms.functional.to_pil_image(self.images[index])
        return self.transform(image), int(self.targets[index])


def original_epoch(case: Case, count: int, device: torch.device) -> Callable[[], None]:
    models, util = importlib.import_module("model"), importlib.import_module("util")
    kind = getattr(models, case.model)
    hparams = dict(kind.default_hparams)
    inputs, targets = random_data(case, count)
    data: Dataset[Any]
    if case.task == "cifar10":
        net, data = kind(hparams, num_classes=10), Subset(Images(count), range(count))
    elif case.task == "osc":
        net, data = kind(hparams, pred=50, device=str(device)), TensorDataset(inputs, targets)
    else:
        grid = torch.linspace(0, 1, 100).expand(count, 100).contiguous()
        net, data = kind(hparams, device=str(device)), TensorDataset(inputs, grid, targets)
    optimizer = torch.optim.AdamW(net.to(device).parameters(), lr=1e-4)
    if case.task == "integral":
        trainer = util.OperatorTrainer(net, optimizer, None, device=device)
    else:
        loss = {"cifar10": torch.nn.CrossEntropyLoss(label_smoothing=0.1), "osc": torch.nn.HuberLoss()}[case.task]
        trainer = util.Trainer(net, optimizer, None, criterion=loss, device=device)
    workers = 4 if device.type == "cuda" and case.task == "cifar10" else 0
    loader = DataLoader(data, case.batch_size, shuffle=True, num_workers=workers, pin_memory=device.type == "cuda")
    return lambda: trainer.train_epoch(loader)


def timed(action: Callable[[], None], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="folder with the original's model.py and util.py")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=None, help="batches that are timed, for every model")
    parser.add_argument("--models", nargs="*", default=[case.model for case in CASES])
    args = parser.parse_args()
    sys.path.insert(0, str(args.checkout.resolve()))
    device = torch.device(args.device)
    torch.set_num_threads(1)
    print(
        f"{'model':13} {'batch':>5} {'batches':>7} {'ours':>9} {'original':>9} {'original / ours':>16}  (s per epoch)"
    )
    for case in CASES:
        if case.model not in args.models:
            continue
        batches = args.batches or case.batches
        count = batches * case.batch_size
        both = (our_epoch(case, count, device), original_epoch(case, count, device))
        for action in both:
            action()  # the first steps pay for allocations and autotuning
        rounds = [[timed(action, device) * case.samples / count for action in both] for _ in range(args.rounds)]
        ours, original = (statistics.median(column) for column in zip(*rounds, strict=True))
        row = f"{case.model:13} {case.batch_size:5} {batches:7} {ours:9.1f} {original:9.1f}"
        print(f"{row} {original / ours:16.2f}", flush=True)


if __name__ == "__main__":
    main()
