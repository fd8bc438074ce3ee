"""cifar100: 60,000 photographs of 32x32 pixels in 100 classes, downloaded through torchvision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import TaskInfo
from core.tasks._cifar import Cifar

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cifar100(Cifar):
    NAME = "cifar100"
    CLASSES = 100
    MEAN = (0.5071, 0.4867, 0.4408)
    STD = (0.2675, 0.2565, 0.2761)

    def published(self) -> type[CIFAR10]:
        from torchvision.datasets import CIFAR100

        return CIFAR100  # type: ignore[no-any-return]  # torchvision is not typed


TASK = TaskInfo(
    name="cifar100",
    code="cifar100",
    kind="image",
    summary="60,000 photographs of 32x32 pixels in 100 classes; downloaded once, 169 MB",
    reference="Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images, University of Toronto",
    model="ResNetCIFAR",
    lr=0.01,
    batch_size=128,
    recipe=Cifar100,
)
