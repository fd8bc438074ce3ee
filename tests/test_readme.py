"""Every hlr-tui command of the README works, in the order in which it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("hlr-tui")]


def test_every_command_works(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    listed = commands()
    assert len(listed) >= 10
    for line in listed:
        script = f'hlr-tui() {{ "{sys.executable}" -m hlr_tui "$@"; }}; {line}'
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "points.csv").read_text(encoding="utf-8").count("\n") > 100
    assert (tmp_path / "schedules.png").stat().st_size > 1000


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z]+)", readme + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert named
    for target in named - {"are"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
