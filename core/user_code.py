"""Code of the user's own: which files may run, loading them, and saying where in them something went wrong.

A spec, a database or a folder from somebody else must not run code by being looked at. So a file that a spec names runs
only after its user has named it (``--trust``) or confirmed it; that is remembered by path, for this user.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
import traceback
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from core.errors import EnvironmentFailure, UsageError

TRUST_ENV = "HLR_TRUST"
"""Files and folders whose code may run, separated as in PATH; told to every process that this one starts."""

LAST_FRAMES = 4


class Untrusted(UsageError):
    """A file that a spec names has not been trusted; nothing of it has run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: a spec names this file, and nobody has allowed its code to run: read it, then add --trust {path}"
        )


@dataclass(frozen=True, slots=True)
class UserFile:
    """A file of the user's that has been run: its module, and the SHA-256 of its text, in hexadecimal."""

    path: Path
    sha256: str
    module: ModuleType


_loaded: dict[Path, UserFile] = {}


def trust_store() -> Path:
    """The file that remembers what this user has trusted, one absolute path per line."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hlr-tui" / "trusted"


def is_trusted(path: Path) -> bool:
    """Whether `path`, or a folder that it lies in, has been trusted."""
    words = os.environ.get(TRUST_ENV, "").split(os.pathsep)
    trusted = {Path(word).expanduser().resolve() for word in words if word}
    with suppress(OSError, UnicodeDecodeError):  # nothing remembered is nothing trusted
        # As they are: what has become a link since it was trusted is not what was trusted.
        trusted |= {Path(word) for word in trust_store().read_text(encoding="utf-8").splitlines()}
    resolved = path.resolve()
    return any(place in trusted for place in (resolved, *resolved.parents))


def trust(path: Path) -> None:
    """Allow the code of a file, or of every file below a folder, from now on and in every process of this user.

    Raises:
        UsageError: there is no such file or folder, or its name would be read as several.
        EnvironmentFailure: it cannot be remembered.
    """
    resolved = path.expanduser().resolve()
    if not resolved.exists():
        raise UsageError(f"--trust {path}: there is no such file or folder")
    if os.pathsep in str(resolved) or str(resolved).splitlines() != [str(resolved)]:
        raise UsageError(f'--trust {path}: must not contain "{os.pathsep}" or a line break, which separate paths')
    if is_trusted(resolved):
        return
    os.environ[TRUST_ENV] = os.pathsep.join(filter(None, [os.environ.get(TRUST_ENV, ""), str(resolved)]))
    store = trust_store()
    try:
        store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with store.open("a", encoding="utf-8") as file:
            file.write(f"{resolved}\n")
    except OSError as error:
        raise EnvironmentFailure(f"{store}: cannot be written: {error.strerror}") from error


def file_digest(path: Path) -> str:
    """SHA-256 of a file of the user's, in hexadecimal.

    Raises:
        UsageError: it cannot be read.
    """
    return hashlib.sha256(_read(path)).hexdigest()


def load_user_file(path: Path) -> UserFile:
    """Run a trusted file; the same text is run once in a process.

    Raises:
        Untrusted: nobody has allowed it.
        UsageError: it cannot be read, or its code raises.
    """
    path = path.resolve()
    text = _read(path)
    if not is_trusted(path):
        raise Untrusted(path)
    digest = hashlib.sha256(text).hexdigest()
    if path not in _loaded or _loaded[path].sha256 != digest:
        _loaded[path] = UserFile(path, digest, _run(path, text))
    return _loaded[path]


def run_file(path: Path) -> ModuleType:
    """Run a Python file as a module of its own; it may import its neighbours.

    Raises:
        UsageError: its code raises; the message has the last lines of the user's own that ran.
    """
    return _run(path, _read(path))


def _run(path: Path, text: bytes) -> ModuleType:
    # Compiled here and not by the import system: its cache takes a file that was edited within a second, to the same
    # length, for the former one; and what is recorded must be what has run.
    module = ModuleType(f"hlr_user_{len(sys.modules)}_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # at the end: a neighbour must not shadow a library
    try:
        with redirect_stdout(sys.stderr):  # stdout is data, which users' code would break by printing
            exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:  # the user's own code: it may raise anything
        del sys.modules[module.__name__]
        raise UsageError(f"{path}: {blame(error)}") from error
    return module


def blame(error: BaseException) -> str:
    """What an exception says, and where in the user's own code it arose.

    The lines are the last frames from the first one that is neither ours nor the library's; none where no code of the
    user's took part.
    """
    said = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [index for index, frame in enumerate(frames) if _is_users(frame.filename)]
    if not own:
        return said
    shown = frames[own[0] :]
    if len(shown) > LAST_FRAMES:  # the last line of the user's own is the one to look at
        shown = [frame for frame in shown[:-1] if _is_users(frame.filename)][1 - LAST_FRAMES :] + shown[-1:]
    lines = [f"  {frame.filename}, line {frame.lineno}, in {frame.name}: {frame.line}" for frame in shown]
    return "\n".join([said, *lines])


def _is_users(filename: str) -> bool:
    if filename.startswith("<"):
        return False
    path = Path(filename)
    paths = sysconfig.get_paths()
    libraries = (paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"])
    ours = (Path(__file__).parent, Path(__file__).parent.parent / "hlr_tui")
    return not any(path.is_relative_to(place) for place in (*map(Path, libraries), *ours))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
