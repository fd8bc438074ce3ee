"""digits: 1,797 handwritten digits of 8x8 pixels, installed with scikit-learn; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from core.component import DataSet, DataShape, Split, TaskInfo, TaskRecipe
from core.errors import EnvironmentFailure
from core.params import real

if TYPE_CHECKING:
    import torch
    from numpy import float64
    from numpy.typing import NDArray

CLASS_COUNTS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
"""Images of each digit in the published set."""

MEAN, STD = 0.3053, 0.3760
"""Mean and standard deviation of all pixels, scaled to [0, 1]: one fixed map, whatever the split."""

CHECKSUM = "1f36afba0eb19e0e62d878da04b92376a1d23fe1a120938b370b2add53f8e921"
"""SHA-256 of the loaded data set, see `core.tasks.stored.fingerprint`."""

TEST_SEED = 1797
"""Of the draw of the test part, which belongs to the task and not to a run."""


def held_out(count: int) -> int:
    """How many of `count` images of a class go to the test part, and again to the validation part: a fifth."""
    return round(count / 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits(TaskRecipe):
    label_smoothing: float = real(
        0.0, low=0.0, below=1.0, help="probability spread over all classes in the targets of the cross-entropy"
    )

    def train_size(self) -> int:
        return sum(count - 2 * held_out(count) for count in CLASS_COUNTS)

    def load(self, data_dir: Path) -> DataSet:
        """Inputs float32 [1797, 1, 8, 8], targets int64 [1797]; `data_dir` is not used.

        Raises:
            EnvironmentFailure: the installed scikit-learn carries other data.
        """
        import numpy
        import torch

        from core.tasks.stored import fingerprint

        images, digits = _installed()
        pixels = ((images / 16 - MEAN) / STD).astype(numpy.float32)
        inputs = torch.from_numpy(pixels).reshape(-1, 1, 8, 8)
        targets = torch.from_numpy(digits.astype(numpy.int64))
        checksum = fingerprint(inputs, targets)
        if checksum != CHECKSUM:
            raise EnvironmentFailure(
                "digits: scikit-learn's data differ from the published set: reinstall scikit-learn"
            )
        shape = DataShape(kind="image", inputs=(1, 8, 8), outputs=(len(CLASS_COUNTS),))
        return DataSet(inputs=inputs, targets=targets, shape=shape, checksum=checksum)

    def partition(self, data: DataSet, generator: torch.Generator) -> Split:
        """60/20/20, stratified by digit. The test part is the same for every generator, so that results of different
        seeds are measured on the same images; training and validation are drawn from the rest."""
        import numpy
        import torch

        # RandomState's stream is frozen by NumPy's compatibility policy; torch's may change between releases.
        fixed = numpy.random.RandomState(TEST_SEED)
        digits = data.targets.cpu()
        parts: tuple[list[torch.Tensor], ...] = ([], [], [])
        for digit, count in enumerate(CLASS_COUNTS):
            members = torch.nonzero(digits == digit).flatten()
            members = members[torch.from_numpy(fixed.permutation(count))]
            size = held_out(count)
            rest = members[size:]
            rest = rest[torch.randperm(len(rest), generator=generator)]
            for part, indices in zip(parts, (rest[size:], rest[:size], members[:size]), strict=True):
                part.append(indices)
        train, validation, test = (torch.cat(part).sort().values for part in parts)
        return Split(train=train, validation=validation, test=test)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of logits [batch, 10] against digits [batch], in nats."""
        from torch.nn import functional

        return functional.cross_entropy(outputs, targets, label_smoothing=self.label_smoothing)

    def metrics(self, outputs: torch.Tensor, targets: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """`accuracy`: share of images whose largest logit is the right one, 0 … 1."""
        return {"accuracy": (outputs.argmax(dim=1) == targets).float().mean()}


def _installed() -> tuple[NDArray[float64], NDArray[float64]]:
    """Pixels 0 … 16, [1797, 64], and digits, [1797], as scikit-learn's `load_digits` gives them."""
    import numpy

    # From its file where that is in its usual place: to import scikit-learn takes longer than to train on the data.
    found = find_spec("sklearn")
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder, "datasets", "data", "digits.csv.gz")
        if path.is_file():
            rows = numpy.loadtxt(path, delimiter=",")
            return rows[:, :-1], rows[:, -1]
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    return images, digits


TASK = TaskInfo(
    name="digits",
    code="digits",
    kind="image",
    summary="1,797 handwritten digits of 8x8 pixels, with a fixed test part; nothing to download",
    reference="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository",
    model="MLP",
    lr=0.01,
    batch_size=64,
    installed_with="scikit-learn",
    recipe=Digits,
)
