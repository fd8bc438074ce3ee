"""Over a real sshd on loopback: a connection that breaks takes the UI with it and nothing that trains."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from campaign import PROGRAM, Campaign, until, wait_dead
from terminal import ENTER, F5, Terminal, frozen, terminal, ui_argv

EPOCHS = 300
HOST = "127.0.0.1"
SEPARATION = Path("/run/sshd")
"""Where Debian's sshd, as root, wants an empty folder."""


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex((HOST, port)) == 0


@contextmanager
def ssh_server(folder: Path) -> Iterator[list[str]]:
    """An sshd of our own, which lets us in; the command that runs another one on a terminal of its far side."""
    sshd, ssh, keygen = tool("sshd"), tool("ssh"), tool("ssh-keygen")
    if os.getuid() == 0 and not SEPARATION.exists():
        try:
            SEPARATION.mkdir(mode=0o755)
        except OSError as error:
            pytest.skip(f"sshd needs {SEPARATION}: {error}")
    folder.mkdir()
    host_key, key = folder / "host_key", folder / "key"
    for path in (host_key, key):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    port = free_port()
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress {HOST}\nHostKey {host_key}\nPidFile {folder}/pid\n"
        f"AuthorizedKeysFile {key}.pub\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "StrictModes no\nUsePAM no\nPermitRootLogin yes\n"
    )
    log = folder / "log"
    server = psutil.Popen([sshd, "-D", "-f", config, "-E", log], stdin=subprocess.DEVNULL)
    try:
        until(lambda: answers(port) or server.poll() is not None, "sshd", seconds=20)
        assert server.poll() is None, log.read_text()
        yield [
            *(ssh, "-tt", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "LogLevel=ERROR", "-i", str(key)),
            *("-p", str(port), f"{getpass.getuser()}@{HOST}"),
        ]
    finally:
        for process in [*server.children(recursive=True), server]:
            process.kill()
        server.wait()


def far_side(made: Campaign) -> str:
    """The shell command that starts the UI there, deaf to hang-ups as under nohup."""
    own = f"XDG_CONFIG_HOME={shlex.quote(str(made.folder))} XDG_STATE_HOME={shlex.quote(str(made.folder))}"
    return f"cd {shlex.quote(str(made.folder))} && trap '' HUP && {own} exec {shlex.join(ui_argv(made))}"


def ui_pid(made: Campaign) -> int:
    """The UI's process on the far side: what trains has other command lines."""

    def look() -> int | None:
        return next((one.pid for one in made.processes() if str(PROGRAM) in one.cmdline()), None)

    return until(look, "the UI on the far side")


def test_a_broken_connection_ends_the_ui_and_nothing_that_trains(
    make_campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    made = make_campaign(
        experiment__name="far-away", training__epochs=EPOCHS, methods__schedulers=["N", "C"], compare__budgets=[EPOCHS]
    )
    made.write()
    with ssh_server(tmp_path / "ssh") as ssh:
        argv: Sequence[str] = [*ssh, far_side(made)]
        with terminal(made, argv) as ui:
            launch(ui)
            worker = made.worker_pid(made.wait_training())
            with frozen(worker):
                ui.wait(rf"running .*?\d+/{EPOCHS}")
                far = ui_pid(made)
                os.kill(ui.process.pid, signal.SIGKILL)  # the connection breaks
                wait_dead(far)
                seen = trained(made)
        assert psutil.pid_exists(made.conductor_pid())
        until(lambda: trained(made) > seen, "more epochs")
        made.wait_training()
        with frozen(worker), terminal(made, argv) as ui:
            ui.wait("far-away")
            ui.press(ENTER)
            running = made.runs("running")[0]
            ui.wait(rf"running .*?\b{running.epoch}/{EPOCHS}")
            os.kill(worker, signal.SIGCONT)
            ui.wait("far-away +complete")
            assert made.attempts() == {run.id: 1 for run in made.runs("complete")}
            assert trained(made) == 2 * EPOCHS
            ui.press("q")
            assert ui.end() == 0
    made.wait_quiet()


def trained(made: Campaign) -> int:
    """Epochs in the database, over all runs."""
    return sum(run.epoch for run in made.runs())


def launch(ui: Terminal) -> None:
    """Load the spec beside the workspace into the form and start it."""
    ui.wait("Experiments")
    ui.press("2")
    ui.wait("Launch")
    ui.press("\x0c")  # ctrl+l
    ui.wait("Load a spec.*")
    ui.wait("spec.toml")
    ui.press(ENTER)
    ui.wait("2 runs")
    ui.press(F5)
    ui.wait("validation loss")
