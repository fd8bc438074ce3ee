"""One generator per purpose: a run is a function of its configuration, whatever the worker trained before."""

from __future__ import annotations

import torch

from core.seeding import derived_seed


def generator(seed: int, *purpose: object) -> torch.Generator:
    """A CPU generator for one purpose (``"split"``, ``"order", epoch``) of the run with `seed`."""
    return torch.Generator().manual_seed(derived_seed(seed, *purpose))


def seed_global(seed: int, *purpose: object) -> None:
    """Seed torch's global generators, which initialisation and dropout draw from."""
    torch.manual_seed(derived_seed(seed, *purpose))
