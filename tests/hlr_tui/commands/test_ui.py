"""`hlr-tui` alone: the terminal UI on a terminal, and a pointer where there is none."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
from searched_experiment import COSINE, ask, compare, end, make, open_at, power, train

from core.storage.experiments import take_conductor
from core.storage.processes import me

PROGRAM = [sys.executable, "-P", "-m", "hlr_tui"]
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("HLR_", "TEXTUAL"))}
LIMIT_SECONDS = 30


def on_terminal(folder: Path, keys: bytes, until: bytes, term: str = "xterm-256color") -> tuple[int, str]:
    """Start the program on a terminal of its own, press `keys` once `until` is shown; exit code and what was shown."""
    ours, theirs = pty.openpty()
    environment = CLEAN | {"TERM": term, "XDG_CONFIG_HOME": str(folder / "config"), "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        PROGRAM, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    pressed = False
    while select.select([ours], [], [], LIMIT_SECONDS)[0]:
        try:
            new = os.read(ours, 65536)
        except OSError:  # EIO: the program has left
            break
        if not new:
            break
        shown += new
        if until in shown and not pressed:
            os.write(ours, keys)
            pressed = True
    os.close(ours)
    return process.wait(LIMIT_SECONDS), shown.decode(errors="replace")


def test_it_shows_the_first_screen_and_leaves_without_a_trace(tmp_path: Path) -> None:
    code, shown = on_terminal(tmp_path, b"q", b"Quickstart")
    assert code == 0
    assert "Which learning-rate schedule" in shown
    assert "still training" not in shown
    assert shown.rindex("\x1b[?1049l") > shown.rindex("\x1b[?1049h")  # the shell's screen is back
    assert list(tmp_path.iterdir()) == []


def test_leaving_says_what_goes_on(tmp_path: Path) -> None:
    db = open_at(tmp_path / "hlr")
    experiment, _ = make(db)
    take_conductor(db, experiment.id, *me(), lambda *_: False)
    db.close()
    code, shown = on_terminal(tmp_path, b"q", b"running")
    assert code == 0
    after = shown.rpartition("\x1b[?1049l")[2]
    assert "tuned: still training; " in after
    assert "hlr-tui stop tuned" in after


@pytest.mark.parametrize("environment", [{"TERM": "xterm"}, {"TERM": "dumb"}, {}])
def test_without_a_terminal_it_points_elsewhere(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        PROGRAM,
        cwd=tmp_path,
        env=(CLEAN | environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hlr-tui: the terminal UI needs a terminal")
    assert "hlr-tui --batch SPEC.toml" in done.stderr


def test_a_dumb_terminal_is_none(tmp_path: Path) -> None:
    code, shown = on_terminal(tmp_path, b"", b"never", term="dumb")
    assert code == 2
    assert "needs a terminal" in shown


def test_what_the_ui_loads_before_its_first_paint_and_on_its_screens(tmp_path: Path) -> None:
    db = open_at(tmp_path)
    experiment, plan = make(db)
    ask(db, experiment, plan, COSINE, 0, 0.5)
    end(db, "complete", power(0.5, 20))
    compare(db, experiment, plan)
    train(db, power(0.3, 10))
    db.close()
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from hlr_tui.app import SCREENS, HlrApp\n"
        "from hlr_tui.desk import Desk\n"
        "from hlr_tui.settings import Settings\n"
        "def loaded(*names): return sorted(set(names) & set(sys.modules))\n"
        "first, looked = [], set()\n"
        "class Watched(HlrApp):\n"
        "    CSS_PATH = Path(sys.modules['hlr_tui.app'].__file__).with_name('hlr_tui.tcss')\n"
        "    def _display(self, screen, renderable):\n"
        "        super()._display(screen, renderable)\n"
        "        if not first and renderable is not None and not self._batch_count:\n"
        "            first.append(loaded('sqlalchemy', 'optuna'))\n"
        "folder = Path(sys.argv[1])\n"
        "places = Settings(workspace=folder, storage=f'sqlite:///{folder}/hlr.db', data_dir=folder, plugins=())\n"
        "app = Watched(Desk(places))\n"
        "async def main():\n"
        "    async with app.run_test() as pilot:\n"
        "        for key in '123456':\n"
        "            await pilot.press(key)\n"
        "            for _ in range(3): await pilot.pause(); await app.workers.wait_for_complete()\n"
        "            looked.add(app.current_mode)\n"
        "asyncio.run(main())\n"
        "assert looked == set(SCREENS), looked\n"
        "assert 'sqlalchemy' in sys.modules\n"
        "print(first, loaded('torch', 'torchvision', 'wandb', 'pandas', 'matplotlib.pyplot', 'aiohttp'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.returncode) == ("[[]] []\n", 0), done.stderr
