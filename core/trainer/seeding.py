"""One generator per purpose: a run is a function of its configuration, whatever the worker trained before."""

from __future__ import annotations

import random

import numpy
import torch

from core.seeding import derived_seed


def generator(seed: int, *purpose: object, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator for one purpose (``"split"``, ``"order", epoch``) of the run with `seed`."""
    return torch.Generator(device).manual_seed(derived_seed(seed, *purpose))


def seed_global(seed: int, *purpose: object) -> None:
    """Seed the global generators: torch's, which initialisation and dropout draw from, and those of Python and numpy,
    which a plug-in may draw from."""
    derived = derived_seed(seed, *purpose)
    torch.manual_seed(derived)
    random.seed(derived)
    numpy.random.seed(derived)  # the legacy generator is the only global one there is
