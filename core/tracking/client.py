"""The official W&B client, with an end to everything that waits for a server."""

from __future__ import annotations

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from core.process_log import say
from core.tracking.naming import Identity
from core.tracking.state import Ledger

if TYPE_CHECKING:
    import wandb

REACH_SECONDS = 5
"""For one answer of the server when it is looked for."""

OPEN_SECONDS = 15
FINISH_SECONDS = 15
"""For the rest of a run's data to reach the server."""

HANG_SECONDS = 60
"""A call of the client that lasts longer will not come back."""

_OURS = (
    *("WANDB_MODE", "WANDB_DISABLED", "WANDB_PROJECT", "WANDB_NAME", "WANDB_RUN_ID", "WANDB_RUN_GROUP", "WANDB_TAGS"),
    *("WANDB_JOB_TYPE", "WANDB_RESUME", "WANDB_RUN_RESUME", "WANDB_DIR", "WANDB_SERVICE", "WANDB_SWEEP_ID"),
)
"""Variables that name one run or its mode: the spec says these."""


class Lost(Exception):
    """The server has not taken a run, or the client has failed; the message says why."""


class Client:
    """Opens runs of W&B. For the main thread of a process of its own.

    Args:
        ledger: tells where the client's folders are.
    """

    def __init__(self, ledger: Ledger) -> None:
        for name in _OURS:
            os.environ.pop(name, None)
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        os.environ.setdefault("WANDB_HTTP_TIMEOUT", str(REACH_SECONDS))
        import wandb

        self._wandb = wandb
        self._ledger = ledger
        with _bounded("starting"):
            self._settings = wandb.Settings(
                silent=True,
                console="off",
                disable_code=True,
                disable_git=True,
                disable_job_creation=True,
                x_disable_stats=True,
                x_disable_meta=True,
                x_disable_machine_info=True,
                x_save_requirements=False,
                symlink=False,
                program="hlr-tui",
                init_timeout=OPEN_SECONDS,
                finish_timeout=FINISH_SECONDS,
                finish_timeout_raises=True,
                # W&B's button "stop run" would interrupt this process, and with it the tracking of all other runs.
                stop_fn=lambda: say("a run was stopped in W&B; training goes on, see `hlr-tui stop`"),
            )
            wandb.setup(wandb.Settings(silent=True))

    def problem(self) -> str:
        """Why runs cannot be tracked online, "" where they can: the server answers and takes the key."""
        url = str(self._wandb.setup().settings.base_url)
        try:
            with urllib.request.urlopen(url, timeout=REACH_SECONDS):
                pass
        except urllib.error.HTTPError:
            pass  # it answers
        except (OSError, ValueError) as error:
            return f"{url} is not reachable: {getattr(error, 'reason', error)}"
        try:
            with _bounded("logging in"):
                if not self._log_in():
                    return f"there is no API key for {url} (`wandb login`, or the variable WANDB_API_KEY)"
        except Lost as error:
            return str(error)
        return ""

    def _log_in(self) -> bool:
        from wandb.sdk.lib import wbauth

        wbauth.unauthenticate_session()  # otherwise `login` asks the server the first time alone
        return bool(self._wandb.login(verify=True, prompt=False))

    def _lines(self, path: str) -> int | None:
        """How many rows the server has of a run, None where it does not tell but takes the key."""
        try:
            lines: int | None = self._wandb.Api(timeout=REACH_SECONDS).run(path).historyLineCount
        except Exception:  # noqa: BLE001  (no closed set, and not every server tells)
            lines = None
        if lines is None and not self._log_in():
            raise Lost("there is no API key any more")
        return lines

    def open(self, identity: Identity, *, online: bool) -> OpenRun:
        """Open a run: on the server, where it is taken up again if it is there, or in a fresh folder.

        Raises:
            Lost: the server or the client does not do it.
        """
        with _bounded("opening a run"):
            run = self._wandb.init(
                id=identity.id,
                project=identity.project,
                group=identity.group,
                name=identity.name,
                tags=identity.tags,
                job_type=identity.job_type,
                config=identity.config,
                dir=self._ledger.folder.parent,
                mode="online" if online else "offline",
                # The server says how far it is; nobody else knows after a kill, when rows on their way are lost.
                resume="allow" if online else None,
                reinit="create_new",
                settings=self._settings,
            )
        return OpenRun(run, self._lines if online else None)

    def close(self) -> None:
        """End the client's own process."""
        try:
            with _bounded("ending"):
                self._wandb.teardown()
        except Lost as error:
            say(f"the W&B client did not end: {error}")


class OpenRun:
    """A run that takes rows.

    Attributes:
        logged: epochs that are logged already.
    """

    def __init__(self, run: wandb.Run, lines: Callable[[str], int | None] | None) -> None:
        self._run = run
        self._lines = lines
        self.logged = int(run.starting_step)

    def log(self, epoch: int, row: Mapping[str, float]) -> None:
        """Log the row of an epoch, once: an epoch that is there already is left out.

        Raises:
            Lost: the client has failed.
        """
        if epoch <= self.logged:
            return
        with _bounded("logging"):
            # Steps as the original has them, which begins at 0; they also let the server say how far it is.
            self._run.log(dict(row), step=epoch - 1, commit=True)
        self.logged = epoch

    def finish(self, exit_code: int, summary: Mapping[str, Any]) -> None:
        """End the run, and make sure that the server has all of it.

        Raises:
            Lost: it has not, or the client has failed.
        """
        path = str(self._run.path)
        with _bounded("finishing a run"):
            self._run.summary.update(dict(summary))
            self._run.finish(exit_code=exit_code)
        if self._lines is None:
            return
        # The client ends without an error where the server refused rows, say since the key was withdrawn meanwhile.
        with _bounded("confirming a run"):
            lines = self._lines(path)
        if lines is not None and lines < self.logged:
            raise Lost(f"the server has {lines} of {self.logged} epochs of run {path}")


@contextmanager
def _bounded(what: str) -> Iterator[None]:
    """Turn every failure of the client, and a call that does not come back, into `Lost`."""

    def ring(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no end after {HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        yield
    except Lost:
        raise
    except Exception as error:  # what the client raises is no closed set; tracking must never end an experiment
        text = " ".join(str(error).split()) or type(error).__name__
        raise Lost(f"{what}: {text[:300]}") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def folders_synced(ledger: Ledger, run_id: str) -> None:
    """Mark the folders of a run as the client does: `wandb sync` leaves them out then, and `wandb clean` takes them."""
    for folder in ledger.folders(run_id):
        for file in folder.glob("*.wandb"):
            Path(f"{file}.synced").touch()
