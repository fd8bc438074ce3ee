"""cifar10: 60,000 photographs of 32x32 pixels in 10 classes, downloaded through torchvision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import TaskInfo
from core.tasks._cifar import Cifar

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cifar10(Cifar):
    NAME = "cifar10"
    CLASSES = 10
    MEAN = (0.4914, 0.4822, 0.4465)
    STD = (0.2023, 0.1994, 0.2010)

    def published(self) -> type[CIFAR10]:
        from torchvision.datasets import CIFAR10

        return CIFAR10  # type: ignore[no-any-return]  # torchvision is not typed


TASK = TaskInfo(
    name="cifar10",
    code="cifar10",
    kind="image",
    summary="60,000 photographs of 32x32 pixels in 10 classes; downloaded once, 170 MB",
    reference="Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images, University of Toronto",
    model="ResNetCIFAR",
    lr=0.01,
    batch_size=128,
    recipe=Cifar10,
)
