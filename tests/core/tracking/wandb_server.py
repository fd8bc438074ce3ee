"""A stand-in for a W&B server on the loopback interface: it answers the official client and keeps what arrives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0123456789" * 4
"""An API key of the form that the client accepts."""


@dataclass
class ArrivedRun:
    """A run as the server knows it.

    Attributes:
        history: rows by line number; a line that is sent again replaces the one before.
        sent: every row in the order of arrival.
        exit_code: None until the run is finished.
    """

    project: str
    name: str
    group: str = ""
    tags: list[str] = field(default_factory=list)
    job_type: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: dict[int, dict[str, Any]] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The history in order, without what the client adds by itself."""
        lines = [self.history[number] for number in sorted(self.history)]
        return [{name: value for name, value in line.items() if not name.startswith("_")} for line in lines]


class StandIn:
    """Answers the client's GraphQL, file stream and uploads.

    Attributes:
        runs: what has arrived, by run id.
        accepts: whether keys are accepted; a server that does not answers 401.
        requests: operations and paths in the order of arrival.
    """

    def __init__(self) -> None:
        self.runs: dict[str, ArrivedRun] = {}
        self.accepts = True
        self.requests: list[str] = []
        self._lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if not stand_in.accepts or not self.headers.get("Authorization"):
                    self._answer(401, {"errors": [{"message": "user is not logged in"}]})
                    return
                self._answer(200, stand_in.answer(self.path, json.loads(body)))

            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._answer(200, {})

            def do_GET(self) -> None:
                self._answer(200, {})

            def _answer(self, code: int, document: dict[str, Any]) -> None:
                data = json.dumps(document).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """The client leaves without a word."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if path.endswith("/graphql"):
                return self._graphql(body)
            if path.endswith("/file_stream"):
                self.requests.append("file_stream")
                return self._file_stream(path.split("/")[-2], body)
            self.requests.append(path)
            return {}

    def _graphql(self, body: dict[str, Any]) -> dict[str, Any]:
        query, given = body["query"], body.get("variables") or {}
        operation = body.get("operationName") or query.split("(")[0].split("{")[0].split()[-1]
        self.requests.append(operation)
        entity = {"id": "RW50", "name": "me"}
        data: dict[str, Any] = {}
        if "upsertBucket" in query:
            made = given["name"] not in self.runs
            run = self.runs.setdefault(given["name"], ArrivedRun(given["project"], given["name"]))
            run.name = given.get("displayName") or run.name
            run.group = given.get("groupName") or run.group
            run.tags = given.get("tags") or run.tags
            run.job_type = given.get("jobType") or run.job_type
            if given.get("config"):
                config = json.loads(given["config"])
                run.config |= {key: value["value"] for key, value in config.items() if key != "_wandb"}
            project = {"id": "UHJv", "name": run.project, "entity": entity}
            bucket = {"id": "QnVj", "name": given["name"], "displayName": run.name, "description": "", "config": "{}"}
            bucket |= {"sweepName": None, "project": project, "historyLineCount": len(run.history)}
            data = {"upsertBucket": {"bucket": bucket, "inserted": made}}
        elif "createRunFiles" in query:
            files = [{"name": name, "uploadUrl": f"{self.url}/upload/{name}"} for name in given["files"]]
            data = {"createRunFiles": {"runID": "QnVj", "uploadHeaders": [], "files": files}}
        elif "historyTail" in query:
            known = self.runs.get(given["name"])
            data = {"model": {"id": "UHJv", "name": given["project"], "entity": entity, "bucket": _resumable(known)}}
        elif "RunFragment" in query:
            arrived = self.runs.get(given["name"])
            data = {"project": {"run": None if arrived is None else _shown(arrived, given["name"])}}
        elif "viewer" in query:
            viewer = {"id": "VXNl", "entity": "me", "username": "me", "email": "me@example.org", "flags": "{}"}
            data = {"viewer": viewer | {"teams": {"edges": []}}}
        return {"data": data}

    def _file_stream(self, run_id: str, body: dict[str, Any]) -> dict[str, Any]:
        run = self.runs[run_id]
        for name, part in (body.get("files") or {}).items():
            rows = [json.loads(text) for text in part["content"]] if name.endswith(("jsonl", "summary.json")) else []
            if name == "wandb-history.jsonl":
                run.sent += rows
                run.history |= dict(enumerate(rows, part["offset"]))
            elif name == "wandb-summary.json" and rows:
                run.summary = rows[-1]
        if body.get("complete"):
            run.exit_code = body.get("exitcode")
        return {"exitcode": None, "limits": {}}


def _resumable(run: ArrivedRun | None) -> dict[str, Any] | None:
    """What the server tells a client that takes up a run."""
    if run is None or not run.history:
        return None
    last = run.history[max(run.history)]
    return {
        "name": run.name,
        "summaryMetrics": json.dumps(run.summary),
        "displayName": run.name,
        "id": "QnVj",
        "config": json.dumps({key: {"value": value} for key, value in run.config.items()}),
        "tags": run.tags,
        "historyLineCount": len(run.history),
        "eventsLineCount": 0,
        "logLineCount": 0,
        "historyTail": json.dumps([json.dumps(last)]),
        "eventsTail": "[]",
        "wandbConfig": '{"t": 1}',
    }


def _shown(run: ArrivedRun, run_id: str) -> dict[str, Any]:
    """What the client's own API reads of a run."""
    texts = dict.fromkeys(("sweepName", "commit", "createdAt", "heartbeatAt", "description", "notes", "jobType"))
    return texts | {
        "id": "QnVj",
        "projectId": "1",
        "tags": run.tags,
        "name": run_id,
        "displayName": run.name,
        "state": "running" if run.exit_code is None else "finished",
        "config": "{}",
        "group": run.group,
        "readOnly": False,
        "systemMetrics": "{}",
        "summaryMetrics": json.dumps(run.summary),
        "historyLineCount": len(run.history),
        "user": {"name": "me", "username": "me"},
        "historyKeys": None,
    }


@contextmanager
def wandb_server() -> Iterator[StandIn]:
    """A stand-in that ends with the block."""
    server = StandIn()
    try:
        yield server
    finally:
        server.close()
