"""Declarations are cheap to import: lists, forms and specs must not wait for torch."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "numpy", "sklearn", "prodigyopt", "dadaptation", "optuna", "sqlalchemy", "textual")
SINGLE = [
    *("core.errors", "core.params", "core.values", "core.component", "core.catalog", "core.metrics", "core.seeding"),
    *("core.spec", "core.spec.reader", "core.spec.file", "core.plan", "core.search", "hlr_tui.cli"),
]


def loaded_by(statement: str) -> set[str]:
    program = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in done.stdout.split()} & set(HEAVY)


@pytest.mark.parametrize("module", SINGLE)
def test_module_loads_nothing_heavy(module):
    assert loaded_by(f"import {module}") == set()


def test_the_whole_catalogue_loads_nothing_heavy():
    reading = (
        "from core.catalog import catalog\n"
        "from core.component import parameters_class\n"
        "from core.params import params_of\n"
        "shelves = catalog()\n"
        "kinds = (shelves.schedulers, shelves.optimizers, shelves.models, shelves.tasks)\n"
        "infos = [info for shelf in kinds for info in shelf.all()]\n"
        "assert len(infos) > 10\n"
        "for info in infos: list(params_of(parameters_class(info))); parameters_class(info)()"
    )
    assert loaded_by(reading) == set()


def test_the_check_sees_what_is_heavy():
    assert loaded_by("import numpy.linalg") == {"numpy"}
