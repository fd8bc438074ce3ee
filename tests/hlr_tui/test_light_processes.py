"""What a user waits for at the prompt must not load what only training needs; nothing headless loads textual."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TRAINING = {"torch", "torchvision", "optuna", "wandb", "pandas", "textual", "matplotlib.pyplot"}

SPEC = """
[experiment]
name = "light"
mode = "run"
[task]
name = "digits"
[training]
epochs = 1
seeds = 1
[methods]
schedulers = ["C"]
"""


def loaded_by(argv: list[str], folder: Path) -> set[str]:
    program = (
        "import sys\n"
        "from hlr_tui.__main__ import main\n"
        f"code = main({argv!r})\n"
        "assert code == 0, code\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("light")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "argv",
    [
        ["--batch", "spec.toml", "--dry-run"],
        ["list", "schedulers", "--json"],
        ["preview", "EH", "--epochs", "10"],
        ["init", "digits"],
    ],
)
def test_before_anything_runs(workplace: Path, argv: list[str]) -> None:
    assert loaded_by(argv, workplace) & (TRAINING | {"sqlalchemy", "numpy", "sklearn"}) == set()


def test_around_an_experiment(workplace: Path) -> None:
    for argv in (["--batch", "spec.toml"], ["status"], ["show", "light", "--json"], ["export", "light"]):
        assert loaded_by(argv, workplace) & TRAINING == set(), argv
