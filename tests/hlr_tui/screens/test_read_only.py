"""A database of somebody else: it is shown, and what would change it is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import visible
from watched_experiment import begin, make

WATCH = """
import asyncio, sys
from pathlib import Path

from visible import seen, settle
from hlr_tui.app import HlrApp
from hlr_tui.config import Config
from hlr_tui.desk import Desk
from hlr_tui.settings import Settings

folder = Path(sys.argv[1])

async def main():
    places = Settings(workspace=folder, storage=f"sqlite:///{folder}/hlr.db", data_dir=folder, plugins=())
    app = HlrApp(Desk(places), chosen="watched", config=Config(refresh=60.0))
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        for keys in ([], ["3"], ["s", "y"]):
            await pilot.press(*keys)
            await settle(pilot)
            print(" ".join(seen(app).split()))
        print([notification.message for notification in app._notifications][-1])

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "theirs"
    place.mkdir()
    yield place
    place.chmod(0o755)


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="permissions do not bind root")
def test_a_database_that_is_not_ours_to_write_is_shown_and_says_so(folder: Path) -> None:
    db, _ = make(folder)
    begin(db)[0].write([1.0, 0.5])
    db.close()
    (folder / "hlr.db").chmod(0o444)
    folder.chmod(0o555)
    paths = os.pathsep.join([str(Path(visible.__file__).parent), os.environ.get("PYTHONPATH", "")])
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    child = subprocess.run(
        [*bound, sys.executable, "-c", WATCH, str(folder)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.stderr == ""
    assert list(folder.iterdir()) == [folder / "hlr.db"]
    experiments, monitor, _, said = child.stdout.splitlines()
    assert f"read-only: {folder}/hlr.db is not yours to write" in experiments
    assert "watched" in experiments
    assert "0/9" in experiments
    assert "read-only:" in monitor
    assert "AdamW + C" in monitor
    assert "nothing can be started or changed" in monitor
    assert said.startswith(f"{folder}/hlr.db: the database cannot be written; check the permissions")
