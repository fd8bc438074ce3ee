"""Which file systems cannot carry a SQLite database in WAL mode."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

NETWORK_TYPES = frozenset(
    {
        "9p",
        "afp",
        "afpfs",
        "afs",
        "auristorfs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "lustre_lite",
        "mfs",
        "moosefs",
        "ncp",
        "ncpfs",
        "nfs",
        "nfs3",
        "nfs4",
        "orangefs",
        "panfs",
        "pvfs2",
        "quobyte",
        "s3fs",
        "sshfs",
        "webdav",
        "wekafs",
    }
)


def network_type(folder: PurePath, mounts: Iterable[tuple[str, str]]) -> str | None:
    """The type of the network file system that `folder` lies on, None where it is a local one.

    Args:
        folder: absolute, with its links resolved.
        mounts: mount point and file system type, in the order of mounting.
    """
    kind = file_system(folder, mounts)
    bare = kind.removeprefix("fuse.").removeprefix("fuse-")
    return kind if bare in NETWORK_TYPES or bare.startswith("smb") else None


def file_system(folder: PurePath, mounts: Iterable[tuple[str, str]]) -> str:
    """The type of the file system that `folder` lies on, in lower case, "" where it is unknown; see `network_type`."""
    best = 0, ""
    for point, kind in mounts:
        where = PurePath(point)
        if folder.is_relative_to(where) and len(where.parts) >= best[0]:
            best = len(where.parts), kind.lower()
    return best[1]


def mounted() -> list[tuple[str, str]]:
    """The mount table of this machine: mount point and file system type."""
    import psutil

    return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]


def nearest_folder(path: Path) -> Path:
    """The deepest folder above `path` that exists, with its links resolved."""
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    return folder.resolve()
