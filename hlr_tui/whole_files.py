"""Text files that are written as a whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` in UTF-8; whoever reads it, and whatever happens meanwhile, finds the old text or the new.

    Its folder is made where there is none. A link stays one, and the permissions of a file that was there hold.

    Raises:
        OSError: it cannot be written; the old text is still there.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            if path.exists():
                os.fchmod(file.fileno(), S_IMODE(path.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
