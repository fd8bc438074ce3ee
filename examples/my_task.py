"""A task of one's own: any PyTorch module, any DataLoader. Its spec is my-task.toml; docs/own-task.md explains it."""

from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, TensorDataset, random_split

from core.component import Loaders, LoaderTask, ModelInfo, ModelRecipe, TaskInfo
from core.params import real, whole


@dataclass(frozen=True, kw_only=True)
class Spirals(LoaderTask):
    noise: float = real(0.1, low=0.0, high=1.0, help="standard deviation of the points around their spiral")

    def train_size(self):
        return 800

    def loaders(self, data_dir, batch_size, seed):
        arm, turn = torch.arange(1000) % 2, torch.linspace(0, 6, 1000)
        angle = turn + torch.pi * arm
        points = torch.stack([angle.cos(), angle.sin()], 1) * turn[:, None] + self.noise * torch.randn(1000, 2)
        train, rest = random_split(TensorDataset(points, arm), [800, 200])
        return Loaders(train=DataLoader(train, batch_size, shuffle=True), validation=DataLoader(rest, 200))

    def loss(self, outputs, targets):
        return torch.nn.functional.cross_entropy(outputs, targets)


@dataclass(frozen=True, kw_only=True)
class Network(ModelRecipe):
    width: int = whole(64, low=1, help="units of the hidden layer")

    def build(self, shape):
        return torch.nn.Sequential(torch.nn.Linear(2, self.width), torch.nn.Tanh(), torch.nn.Linear(self.width, 2))


TASK = TaskInfo(name="spirals", kind="spirals", model="SpiralNet", recipe=Spirals)
MODEL = ModelInfo(name="SpiralNet", kind="spirals", recipe=Network)
