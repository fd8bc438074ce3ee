from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from core.storage.engine import StorageError, open_database
from core.storage.mounts import network_type

MOUNTS = [
    ("/", "ext4"),
    ("/home", "nfs4"),
    ("/home/ann/local", "xfs"),
    ("/mnt/share", "cifs"),
    ("/mnt/share2", "ext4"),
    ("/win", "smb3"),
    ("/scratch", "lustre"),
    ("/remote", "fuse.sshfs"),
    ("/snap", "fuse.squashfuse"),
    ("/over", "nfs"),
    ("/over", "tmpfs"),
]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/hlr", None),
        ("/home/ann/hlr", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/ann", None),
        ("/home/ann/local/hlr", None),
        ("/mnt/share/x", "cifs"),
        ("/mnt/share2/x", None),
        ("/win/x", "smb3"),
        ("/scratch/ann", "lustre"),
        ("/remote", "fuse.sshfs"),
        ("/snap/x", None),
        ("/over/x", None),
    ],
)
def test_the_deepest_and_latest_mount_decides(folder: str, kind: str | None) -> None:
    assert network_type(PurePosixPath(folder), MOUNTS) == kind


def test_without_any_mounts_a_folder_counts_as_local() -> None:
    assert network_type(PurePosixPath("/work"), []) is None


def test_a_database_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.storage.mounts.mounted", lambda: [("/", "ext4"), (str(tmp_path.resolve()), "nfs4")])
    with pytest.raises(StorageError, match=r"hlr\.db: lies on a network file system \(nfs4\).*postgresql://"):
        open_database(str(tmp_path / "new" / "hlr.db"))
    assert not (tmp_path / "new").exists()
