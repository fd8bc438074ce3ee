"""`dashboard`: what a browser gets while a search trains, from where, and for how long."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import optuna
import pytest
from campaign import Campaign, until

from core.storage.engine import Database, open_database, optuna_storage
from hlr_tui.__main__ import main
from hlr_tui.commands.dashboard import tunnel
from hlr_tui.dashboard.app import DashboardApp

SEARCH = {
    "experiment__mode": "optimize",
    "methods__schedulers": ["EH"],
    "training__epochs": 200,
    "training__batch_size": 16,
    "optimize__trials": 2,
}
"""Seconds of training at least."""


def fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def test_it_shows_a_search_while_it_trains(make_campaign: Callable[..., Campaign]) -> None:
    made = make_campaign(**SEARCH)
    made.end(made.start_batch("--detach"))
    made.wait_training()
    served = made.start("dashboard")
    assert served.stdout is not None
    url = served.stdout.readline().strip()
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/dashboard", url)
    assert found, served.communicate()
    port = int(found[1])
    page = fetch(url).decode()
    (script,) = re.findall(r'src="([^"]+\.js)"', page)
    assert len(fetch(f"http://127.0.0.1:{port}{script}")) > 100_000
    api = f"http://127.0.0.1:{port}/api/studies"
    (study,) = json.loads(fetch(api))["study_summaries"]
    assert study["study_name"] == "tiny-AdamW-EH"

    def curve() -> dict[str, Any] | None:
        trials = json.loads(fetch(f"{api}/{study['study_id']}"))["trials"]
        return next((one for one in trials if one["state"] == "Running" and one["intermediate_values"]), None)

    trial = until(curve, "the curve of a trial in training")
    assert {param["name"] for param in trial["params"]} == {"lr", "infimum_lr", "upper_bound"}
    assert all(0 < point["value"] < 10 for point in trial["intermediate_values"])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)
    taken = made.run("dashboard", "--port", str(port), code=2)
    assert f"--port {port}: another program listens there" in taken.stderr
    assert taken.stdout == ""
    served.send_signal(signal.SIGINT)
    out, err = served.communicate(timeout=30)
    assert (served.returncode, out) == (0, "")
    assert f"-L {port}:localhost:{port} " in err
    assert "Traceback" not in err
    assert made.experiment.state == "running"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--port", "65536"], 2, '--port = "65536": must be a whole number from 1 to 65535, or 0'),
        (["--port", "http"], 2, '--port = "http": must be a whole number'),
        ([], 3, "no experiments here yet"),
    ],
)
def test_what_cannot_be_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert main(["dashboard", *arguments, "--workspace", str(tmp_path / "hlr")]) == code
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("", f"ssh -L 80:localhost:80 me@{socket.gethostname()}"),
        ("10.0.0.9 50000 10.0.0.7 22", "ssh -L 80:localhost:80 me@10.0.0.7"),
        ("fe80::1 50000 fd00::7 2222", "ssh -p 2222 -L 80:localhost:80 me@fd00::7"),
    ],
)
def test_the_way_from_another_machine(monkeypatch: pytest.MonkeyPatch, connection: str, expected: str) -> None:
    monkeypatch.setenv("LOGNAME", "me")
    assert tunnel(80, {"SSH_CONNECTION": connection}) == expected


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr("core.storage.sqlite.BUSY_SECONDS", 0.0)
    database = open_database(str(tmp_path / "hlr.db"))
    yield database
    database.close()


def search(db: Database, values: list[float], name: str = "s") -> None:
    study = optuna.create_study(study_name=name, storage=optuna_storage(db))
    for value in values:
        study.tell(study.ask({"lr": optuna.distributions.FloatDistribution(0.0, 1.0)}), value)


def ask(app: DashboardApp, path: str, body: bytes = b"", **environ: str) -> tuple[str, Any]:
    """Status and JSON document of one request."""
    given: dict[str, Any] = {"PATH_INFO": path, "HTTP_HOST": "localhost:8080", "CONTENT_TYPE": "application/json"}
    given |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))} | environ
    setup_testing_defaults(given)
    status = []

    def start_response(line: str, headers: object, trouble: object = None) -> Callable[[bytes], object]:
        status.append(line)
        return lambda data: None

    text = b"".join(app(given, start_response))
    return status[0], json.loads(text) if text else None


def values(app: DashboardApp, study_id: int = 1) -> list[float]:
    status, document = ask(app, f"/api/studies/{study_id}")
    assert status == "200 OK", document
    return [trial["values"][0] for trial in document["trials"]]


def test_looking_waits_for_no_writer_and_changes_are_written(db: Database) -> None:
    search(db, [0.5])
    app = DashboardApp(db)
    with db.write():
        assert values(app) == [0.5]
    note = json.dumps({"body": "a note", "version": 1}).encode()
    assert ask(app, "/api/studies/1/note", note, REQUEST_METHOD="PUT")[0].startswith("204")
    assert ask(app, "/api/studies")[1]["study_summaries"][0]["study_name"] == "s"
    assert ask(app, "/api/studies/1")[1]["note"]["body"] == "a note"


def test_a_study_that_was_deleted_and_made_anew_is_shown_as_it_is(db: Database) -> None:
    search(db, [0.5, 0.25])
    app = DashboardApp(db)
    assert values(app) == [0.5, 0.25]
    optuna.delete_study(study_name="s", storage=optuna_storage(db))
    search(db, [0.75, 0.125])  # SQLite gives study and trials the same ids
    assert values(app) == [0.75, 0.125]
    optuna.delete_study(study_name="s", storage=optuna_storage(db))
    assert ask(app, "/api/studies/1")[0].startswith("404")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1"])
def test_names_of_this_machine(db: Database, host: str) -> None:
    assert ask(DashboardApp(db), "/api/meta", HTTP_HOST=host)[0] == "200 OK"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "localhost.evil.example", "", "10.0.0.7:8080"])
def test_a_page_from_elsewhere_is_refused(db: Database, host: str) -> None:
    search(db, [0.5])
    app = DashboardApp(db)
    assert ask(app, "/api/studies/1", HTTP_HOST=host, REQUEST_METHOD="DELETE")[0].startswith("403")
    assert app.studies() == 1


def test_a_database_that_goes_is_told_in_the_page(db: Database) -> None:
    app = DashboardApp(db)
    assert db.path is not None
    db.close()
    Path(db.path).unlink()
    status, document = ask(app, "/api/studies")
    assert status.startswith("503")
    assert "hlr.db: the database cannot be opened" in document["reason"]
