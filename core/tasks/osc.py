"""osc: continue the motion of an oscillator from its recent past (arXiv:2407.15200)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.component import DataSet, DataShape, Split, TaskInfo, TaskRecipe
from core.errors import Problem
from core.params import choice, whole

if TYPE_CHECKING:
    import torch

    from core.tasks.stored import Array

MASS, STIFFNESS = 1.0, 200.0
START = (0.1, 0.0, -20.0)
"""Displacement, velocity and acceleration at t = 0; the acceleration is -k·x/m."""
DT, STEPS = 1e-3, 10_000
GAMMA, BETA = 0.5, 0.25
"""Newmark's parameters for constant average acceleration: second order, and no numerical damping."""

DAMPING = {"simple": (0.0,), "damped": (0.01,), "total": (0.0, 0.01, 0.02)}
"""Damping ratios ζ of the trajectories of each data set."""

COLUMNS = {"S": (1, 1), "MS": (3, 1), "M": (3, 3)}
"""How many of the columns x, v, a go in and come out."""

ROWS = STEPS + 1
TRAIN_ROWS = ROWS * 8 // 10
"""Rows of a trajectory before the cut of the split by time."""


def newmark(damping_ratio: float, dt: float = DT, steps: int = STEPS) -> list[tuple[float, float, float]]:
    """Displacement, velocity and acceleration of m·a + c·v + k·x = 0 with c = 2ζ√(km), at 0, dt, … steps·dt.

    Newmark (1959), A Method of Computation for Structural Dynamics. Plain float arithmetic without any function beyond
    a square root: the same bits on every machine.
    """
    m, k = MASS, STIFFNESS
    c = 2 * damping_ratio * math.sqrt(k * m)
    from_v = c + k * dt
    from_a = (1 - GAMMA) * c * dt + 0.5 * (1 - 2 * BETA) * k * dt**2
    inertia = m + c * GAMMA * dt + k * BETA * dt**2
    x, v, a = START
    rows = [(x, v, a)]
    for _ in range(steps):
        a_next = -(k * x + from_v * v + from_a * a) / inertia
        x += dt * v + 0.5 * dt**2 * ((1 - 2 * BETA) * a + 2 * BETA * a_next)
        v += (1 - GAMMA) * dt * a + GAMMA * dt * a_next
        a = a_next
        rows.append((x, v, a))
    return rows


def trajectory(data_dir: Path, damping_ratio: float) -> Array:
    """`newmark` as float64 [10001, 3], kept in ``data_dir/osc``.

    Raises:
        EnvironmentFailure: `data_dir` cannot be read or written.
    """
    import numpy

    from core.tasks.stored import stored_array

    # The name stands for the constants above: whoever changes one of them changes the name.
    path = data_dir / "osc" / f"newmark-zeta-{damping_ratio:g}.npy"
    return stored_array(path, lambda: numpy.array(newmark(damping_ratio)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Oscillator(TaskRecipe):
    dtype: str = choice(
        "simple",
        *DAMPING,
        help="simple: undamped; damped: damping ratio 0.01; total: trajectories with ratios 0, 0.01 and 0.02",
    )
    mode: str = choice(
        "S", *COLUMNS, help="S: x from x; MS: x from x, v, a; M: x, v, a from x, v, a (displacement, velocity, …)"
    )
    hist: int = whole(50, low=1, help="time steps that the model sees")
    pred: int = whole(50, low=1, help="time steps that it predicts")
    split: str = choice(
        "time",
        "time",
        "windows",
        help="time: train on the first 80 % of each trajectory, validate on the rest; windows: a random 80 % of the "
        "sliding windows as in the original, where training and validation windows overlap in time",
    )

    def check(self) -> list[Problem]:
        # The shorter part must hold one window; a random split needs two of them, one for each part.
        longest = ROWS - TRAIN_ROWS if self.split == "time" else ROWS - 1
        if self.hist + self.pred <= longest:
            return []
        key, other = ("hist", "pred") if self.hist > self.pred else ("pred", "hist")
        part = "validation part of a trajectory" if self.split == "time" else "trajectory"
        legal = f"hist + pred must be <= {longest} time steps to leave a window in the {part}"
        return [Problem(key, getattr(self, key), legal, f"{other} = {getattr(self, other)}")]

    def train_size(self) -> int:
        trajectories = len(DAMPING[self.dtype])
        if self.split == "time":
            return trajectories * self._windows(TRAIN_ROWS)
        return trajectories * self._windows(ROWS) * 8 // 10

    def _windows(self, rows: int) -> int:
        return rows - (self.hist + self.pred) + 1

    def load(self, data_dir: Path) -> DataSet:
        """All sliding windows of all trajectories, one trajectory after another.

        Inputs float32 [windows, hist, 1 or 3], targets float32 [windows, pred, 1 or 3]; columns x, v, a. Each column is
        min-max scaled: split by windows over everything, as in the original; split by time over the rows that serve
        for training, so that nothing of the later motion is known beforehand.

        Raises:
            EnvironmentFailure: `data_dir` cannot be read or written.
        """
        import numpy
        import torch

        from core.tasks.stored import fingerprint

        trajectories = numpy.stack([trajectory(data_dir, ratio) for ratio in DAMPING[self.dtype]])
        known = trajectories[:, :TRAIN_ROWS] if self.split == "time" else trajectories
        low, high = known.min(axis=(0, 1)), known.max(axis=(0, 1))
        rows = torch.from_numpy(((trajectories - low) / (high - low)).astype(numpy.float32))

        # [trajectories, windows, columns, hist + pred] → [trajectories · windows, hist + pred, columns]
        windows = rows.unfold(1, self.hist + self.pred, 1).flatten(0, 1).transpose(1, 2)
        features_in, features_out = COLUMNS[self.mode]
        inputs = windows[:, : self.hist, :features_in].contiguous()
        targets = windows[:, self.hist :, :features_out].contiguous()
        shape = DataShape(kind="sequence", inputs=(self.hist, features_in), outputs=(self.pred, features_out))
        return DataSet(inputs=inputs, targets=targets, shape=shape, checksum=fingerprint(inputs, targets))

    def partition(self, data: DataSet, generator: torch.Generator) -> Split:
        """Training and validation windows, no test part.

        By time the split is the same for every generator and the windows that straddle the cut serve for neither part,
        so no time step is seen by both. By windows it is a random 80/20, drawn from `generator`.
        """
        import torch

        nothing = torch.empty(0, dtype=torch.int64)
        if self.split == "windows":
            order = torch.randperm(len(data.inputs), generator=generator)
            size = self.train_size()
            return Split(train=order[:size].sort().values, validation=order[size:].sort().values, test=nothing)
        per_trajectory = self._windows(ROWS)
        first = torch.arange(len(DAMPING[self.dtype]))[:, None] * per_trajectory
        train = first + torch.arange(self._windows(TRAIN_ROWS))
        validation = first + torch.arange(TRAIN_ROWS, per_trajectory)
        return Split(train=train.flatten(), validation=validation.flatten(), test=nothing)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Huber loss, δ = 1, of scaled values."""
        from torch.nn import functional

        return functional.huber_loss(outputs, targets, delta=1.0)

    def metrics(self, outputs: torch.Tensor, targets: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """`mae`: mean absolute error of scaled values, so 0.01 is 1 % of a column's range."""
        return {"mae": (outputs - targets).abs().mean()}


TASK = TaskInfo(
    name="osc",
    code="osc",
    kind="sequence",
    summary="continue the motion of a simple or damped oscillator; generated here",
    reference="Kim (2024), HyperbolicLR: Epoch insensitive learning rate scheduler, arXiv:2407.15200",
    model="LSTM_Seq2Seq",
    lr=0.01,
    batch_size=64,
    recipe=Oscillator,
)
