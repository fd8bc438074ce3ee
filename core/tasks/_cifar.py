"""What CIFAR-10 and CIFAR-100 share: parameters, files, split, augmentation, loss and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from core.component import DataSet, DataShape, Split, TaskRecipe
from core.params import choice, real, whole

if TYPE_CHECKING:
    import torch
    from torchvision.datasets import CIFAR10

    from core.tasks.stored import StoredFile

HOLDOUT_SEED = 50_000
"""Of the draw of the held-out images, which belong to the task and not to a run."""

PADDING = 4
"""Black pixels around an image before it is cropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cifar(TaskRecipe):
    """The recipe of both; a subclass says in its constants which data set it is, and `published` where it comes from.

    `TRAIN` and `TEST` are the images of the published parts; `MEAN` and `STD` those of each channel, scaled to [0, 1].
    """

    NAME: ClassVar[str]
    CLASSES: ClassVar[int]
    MEAN: ClassVar[tuple[float, float, float]]
    STD: ClassVar[tuple[float, float, float]]
    TRAIN: ClassVar[int] = 50_000
    TEST: ClassVar[int] = 10_000

    subset_ratio: float = real(
        1.0, above=0.0, high=1.0, help="share of the training and of the validation images that a run uses"
    )
    augmentation: str = choice(
        "standard",
        "standard",
        "none",
        help="standard: a random 32x32 crop of the image padded by 4 black pixels, mirrored half of the time",
    )
    validation: str = choice(
        "holdout",
        "holdout",
        "test",
        help="holdout: validate on held-out training images and test on the test images; test: validate on the test "
        "images as in the original, so that the reported result is the one that was selected on",
    )
    holdout: int = whole(5000, low=1, high=25_000, help='number of training images held out for validation = "holdout"')
    label_smoothing: float = real(
        0.1, low=0.0, below=1.0, help="probability spread over all classes in the targets of the cross-entropy"
    )

    def published(self) -> type[CIFAR10]:
        """torchvision's class of the data set: archive, files, MD5s and URL.

        A subclass with other files, `TRAIN` and `TEST` reads another data set in the same format.
        """
        raise NotImplementedError

    def train_size(self) -> int:
        return self._share(self.TRAIN if self.validation == "test" else self.TRAIN - self.holdout)

    def _share(self, images: int) -> int:
        return max(1, round(self.subset_ratio * images))

    def files(self, data_dir: Path) -> list[StoredFile]:
        from core.tasks._download import downloaded_files

        if not any(data_dir.glob("cifar*")):
            return []  # importing torchvision takes seconds
        return downloaded_files(self.published(), data_dir)

    def load(self, data_dir: Path) -> DataSet:
        """The training images, then the test images: inputs uint8 [60000, 3, 32, 32], targets int64 [60000].

        Raises:
            EnvironmentFailure: the data cannot be downloaded, are damaged, or `data_dir` cannot be used.
        """
        import torch

        from core.tasks._download import read_parts
        from core.tasks.stored import fingerprint

        parts = read_parts(self.published(), self.NAME, data_dir)
        assert [len(part.data) for part in parts] == [self.TRAIN, self.TEST]
        # torchvision gives uint8 [images, 32, 32, 3].
        inputs = torch.cat([torch.from_numpy(part.data).permute(0, 3, 1, 2) for part in parts]).contiguous()
        targets = torch.tensor([label for part in parts for label in part.targets])
        shape = DataShape(kind="image", inputs=tuple(inputs.shape[1:]), outputs=(self.CLASSES,))
        return DataSet(inputs=inputs, targets=targets, shape=shape, checksum=fingerprint(inputs, targets))

    def partition(self, data: DataSet, generator: torch.Generator) -> Split:
        """Training, validation and test samples.

        Which images are held out is fixed, the same for every generator, and a smaller `holdout` takes some of those
        of a larger one: different seeds are measured on the same images. The test part is whole. Only where
        `subset_ratio` < 1, that share of the training and of the validation images is drawn from `generator`.
        """
        import numpy
        import torch

        everything = torch.arange(self.TRAIN + self.TEST)
        published_test = everything[self.TRAIN :]
        if self.validation == "test":
            train, validation, test = everything[: self.TRAIN], published_test, published_test[:0]
        else:
            # RandomState's stream is frozen by NumPy's compatibility policy; torch's may change between releases.
            fixed = torch.from_numpy(numpy.random.RandomState(HOLDOUT_SEED).permutation(self.TRAIN))
            train, validation, test = fixed[self.holdout :], fixed[: self.holdout], published_test

        def drawn(images: torch.Tensor) -> torch.Tensor:
            order = torch.randperm(len(images), generator=generator)
            return images[order[: self._share(len(images))]].sort().values

        return Split(train=drawn(train), validation=drawn(validation), test=test)

    def augment(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """uint8 [batch, 3, height, width] to the same; every image has an offset and a side of its own.

        The distribution of torchvision's RandomCrop(32, padding=4) and RandomHorizontalFlip: each of the 9 x 9 offsets
        is as likely as the others, mirrored or not.
        """
        import torch
        from torch.nn import functional

        if self.augmentation == "none":
            return inputs
        images, _, height, width = inputs.shape
        padded = functional.pad(inputs, (PADDING,) * 4)
        crops = padded.unfold(2, height, 1).unfold(3, width, 1)  # a view: [batch, 3, 9, 9, height, width]

        def drawn(sides: int) -> torch.Tensor:
            return torch.randint(sides, (images,), generator=generator, device=inputs.device)

        each = torch.arange(images, device=inputs.device)
        offsets = 2 * PADDING + 1
        chosen = crops[each, :, drawn(offsets), drawn(offsets)]
        mirrored = drawn(2).bool()[:, None, None, None]
        return torch.where(mirrored, chosen.flip(3), chosen)

    def prepare(self, inputs: torch.Tensor) -> torch.Tensor:
        """uint8 [batch, 3, height, width] to float32, normalised with the channels' `MEAN` and `STD`."""
        mean, std = _channels(self.MEAN, inputs.device), _channels(self.STD, inputs.device)
        return inputs.float().div(255).sub_(mean).div_(std)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of logits [batch, classes] against classes [batch], in nats."""
        from torch.nn import functional

        return functional.cross_entropy(outputs, targets, label_smoothing=self.label_smoothing)

    def metrics(self, outputs: torch.Tensor, targets: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """`accuracy`: share of images whose largest logit is the right one, 0 … 1."""
        return {"accuracy": (outputs.argmax(dim=1) == targets).float().mean()}


@cache
def _channels(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """A value per channel on `device`; made once, because each copy to a GPU would wait for it."""
    import torch

    return torch.tensor(values, device=device).reshape(-1, 1, 1)
