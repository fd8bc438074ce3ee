"""Files of the user's: an old text stays until the new one is there, whatever happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hlr_tui.whole_files import write_whole

FULL = """
import resource, signal, sys
from pathlib import Path
from hlr_tui.whole_files import write_whole

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    write_whole(Path(sys.argv[1]), "x" * 5000)
except OSError as error:
    print(error.strerror)
"""


def test_a_disk_that_is_full_leaves_the_old_text_and_nothing_else(tmp_path: Path) -> None:
    """The limit of a file's size is the nearest to a full disk that one process can have for itself."""
    path = tmp_path / "spec.toml"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["spec.toml"]


def test_folders_are_made_links_stay_and_so_do_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "spec.toml"
    write_whole(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    write_whole(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
