"""Tasks in files of one's own, and the configurations of runs on them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from core.plan import make_plan
from core.spec.file import spec_from_json
from core.user_code import TRUST_ENV, load_user_file

HEAD = """
import random
from dataclasses import dataclass
import numpy
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, TensorDataset, random_split
from core.component import (
    DataSet, DataShape, Loaders, LoaderTask, ModelInfo, ModelRecipe, Split, TaskInfo, TaskRecipe
)

def points():
    inputs = torch.linspace(-1, 1, 90).reshape(45, 2)
    return inputs, inputs.sum(1, keepdim=True).sin()

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Dropout(0.2))
        self.last = torch.nn.Linear(5, 1)
    def forward(self, inputs, shift=None):
        return self.last(self.layers(inputs if shift is None else inputs + shift))

@dataclass(frozen=True, kw_only=True)
class MyNet(ModelRecipe):
    def build(self, shape):
        return Net()

@dataclass(frozen=True, kw_only=True)
class Mine(LoaderTask):
    def train_size(self):
        return 32
    def loss(self, outputs, targets):
        return torch.nn.functional.mse_loss(outputs, targets)
"""

SHUFFLE = """
    def loaders(self, data_dir, batch_size, seed):
        train, validation = random_split(TensorDataset(*points()), [32, 13])
        return Loaders(train=DataLoader(train, batch_size, shuffle=True), validation=DataLoader(validation, 5))
"""

OWN_GENERATOR = """
    def loaders(self, data_dir, batch_size, seed):
        chance = torch.Generator().manual_seed(seed)
        train, validation = random_split(TensorDataset(*points()), [32, 13], generator=chance)
        train = DataLoader(train, batch_size, shuffle=True, generator=chance)
        return Loaders(train=train, validation=DataLoader(validation, 5, generator=chance))
"""

BATCH_SAMPLER = """
    def loaders(self, data_dir, batch_size, seed):
        train, validation = random_split(TensorDataset(*points()), [32, 13])
        order = RandomSampler(train, generator=torch.Generator().manual_seed(seed))
        train = DataLoader(train, batch_sampler=BatchSampler(order, batch_size, drop_last=False))
        return Loaders(train=train, validation=DataLoader(validation, 5))
"""

DRAWING = """
    def loaders(self, data_dir, batch_size, seed):
        class Noisy(Dataset):
            def __len__(self):
                return 32
            def __getitem__(self, index):
                noise = torch.rand(2) + random.random() + numpy.random.rand()
                inputs, targets = points()
                return inputs[index] + noise.float() / 100, targets[index]
        validation = TensorDataset(*(part[32:] for part in points()))
        return Loaders(train=DataLoader(Noisy(), batch_size, shuffle=True), validation=DataLoader(validation, 5))
"""

IN_PROCESSES = DRAWING.replace("shuffle=True", "shuffle=True, num_workers=2")

TUPLES = """
    def loaders(self, data_dir, batch_size, seed):
        inputs, targets = points()
        train, validation = random_split(TensorDataset(inputs, inputs / 2, targets), [32, 13])
        return Loaders(train=DataLoader(train, batch_size, shuffle=True), validation=DataLoader(validation, 5))
    def unpack(self, batch):
        inputs, shift, targets = batch
        return (inputs, shift), targets
    def predict(self, model, inputs):
        return model(*inputs)
"""

DICTS = """
    def loaders(self, data_dir, batch_size, seed):
        inputs, targets = points()
        rows = [{"x": x, "shift": x / 2, "wanted": {"y": y}} for x, y in zip(inputs, targets)]
        train, validation = random_split(rows, [32, 13])
        return Loaders(train=DataLoader(train, batch_size, shuffle=True), validation=DataLoader(validation, 5))
    def unpack(self, batch):
        wanted = batch.pop("wanted")
        return batch, wanted
    def predict(self, model, inputs):
        return model(inputs["x"], shift=inputs["shift"])
    def loss(self, outputs, targets):
        return torch.nn.functional.mse_loss(outputs, targets["y"])
    def metrics(self, outputs, targets):
        return {"mae": (outputs - targets["y"]).abs().mean()}
"""

IN_MEMORY = """
calls = []
evaluated = []

@dataclass(frozen=True, kw_only=True)
class InMemory(TaskRecipe):
    def train_size(self):
        return 32
    def load(self, data_dir):
        inputs, targets = points()
        return DataSet(inputs=inputs, targets=targets, shape=DataShape(kind="mine"), checksum="c")
    def partition(self, data, generator):
        order = torch.randperm(45, generator=generator)
        return Split(train=order[:32], validation=order[32:40], test=order[40:])
    def augment(self, inputs, generator):
        calls.append(inputs.clone())
        return inputs + torch.randn(inputs.shape, generator=generator) / 100
    def predict(self, model, inputs):
        if not model.training:
            evaluated.append(inputs.clone())
        return model(inputs)
    def loss(self, outputs, targets):
        return torch.nn.functional.mse_loss(outputs, targets)

Mine = InMemory
"""

TAIL = """
TASK = TaskInfo(name="mine", kind="mine", model="MyNet", recipe=Mine)
MODEL = ModelInfo(name="MyNet", kind="mine", recipe=MyNet)
"""


def write(folder: Path, body: str) -> Path:
    """A trusted file with the task; trust it by the variable, which the caller's monkeypatch takes back."""
    path = folder / "mine.py"
    path.write_text(HEAD + body + TAIL)
    os.environ[TRUST_ENV] = str(folder)
    return path


def configuration(
    path: Path, *, batch_size: int = 5, epochs: int = 4, optimizer: str = "AdamW", lr: float = 0.01
) -> Any:
    document = {
        "experiment": {"name": "own", "mode": "run"},
        "task": {"file": str(path)},
        "training": {"epochs": epochs, "batch_size": batch_size, "lr": lr, "seeds": [3]},
        "methods": {"optimizers": [optimizer], "schedulers": ["OC"]},
    }
    (run,) = make_plan(spec_from_json(json.dumps(document), "test")).fixed_runs
    return run.config


def module(path: Path) -> Any:
    return load_user_file(path).module
