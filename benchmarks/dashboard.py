"""What the pages of `hlr-tui dashboard` wait for, beside the program `optuna-dashboard` on the same database.

One study of many finished trials with learning curves. Both applications are asked in turn, without a socket between,
for what the browser asks for: the whole study when its page is opened, and every few seconds what is new. The page's
server keeps trials in hand for 10 s; refreshes are measured after that, when it asks the storage again.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from wsgiref.util import setup_testing_defaults

import optuna
import optuna_dashboard
import sqlalchemy as sa

from core.storage.engine import Database, open_database, optuna_storage
from hlr_tui.dashboard.app import DashboardApp

KEPT_SECONDS = 10.5


def fill(db: Database, trials: int, epochs: int) -> None:
    """One trial by Optuna, and the others as copies of its rows: Optuna alone would take minutes."""
    study = optuna.create_study(study_name="benchmark-AdamW-EH", storage=optuna_storage(db))
    space = {
        "lr": optuna.distributions.FloatDistribution(1e-4, 5e-2, log=True),
        "upper_bound": optuna.distributions.IntDistribution(200, 400, step=50),
    }
    curve = {epoch: 1 / epoch for epoch in range(1, epochs + 1)}
    first = optuna.trial.create_trial(
        params={"lr": 0.01, "upper_bound": 250}, distributions=space, value=1 / epochs, intermediate_values=curve
    )
    study.add_trial(first)
    tables = sa.MetaData()
    with db.write() as connection:
        tables.reflect(connection)
        trial = connection.execute(sa.select(tables.tables["trials"])).mappings().one()
        copies = [dict(trial) | {"trial_id": number + 1, "number": number} for number in range(1, trials)]
        connection.execute(tables.tables["trials"].insert(), copies)
        for name in ("trial_params", "trial_values", "trial_intermediate_values"):
            table = tables.tables[name]
            (key,) = table.primary_key.columns
            rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for row in rows:
                del row[key.name]
            connection.execute(table.insert(), [row | {"trial_id": c["trial_id"]} for c in copies for row in rows])


def seconds(app: object, path: str, query: str = "") -> float:
    environ: dict[str, object] = {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    began = time.perf_counter()
    status = []
    body = b"".join(app(environ, lambda *given: status.append(given[0])))  # type: ignore[operator]  # two WSGI apps
    assert status == ["200 OK"], (status, body)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(f"{folder}/hlr.db")
        fill(db, args.trials, args.epochs)
        apps = {"ours": DashboardApp(db), "optuna-dashboard": optuna_dashboard.wsgi(db.url)}
        asked = {
            "list of studies": ("/api/studies", ""),
            "study, page opened again": ("/api/studies/1", ""),
            "study, what is new": ("/api/studies/1", f"after={args.trials - 1}"),
        }
        print(f"{args.trials} trials of {args.epochs} epochs; seconds, medians of {args.rounds} rounds")
        row = "{:28} {:>8} {:>17} {:>7}"
        print(row.format("request", *apps, "ratio"))
        first = [seconds(app, "/api/studies/1") for app in apps.values()]
        print(row.format("study, first time", *(f"{each:.3f}" for each in first), f"{first[1] / first[0]:.1f}"))
        for label, (path, query) in asked.items():
            times: dict[str, list[float]] = {name: [] for name in apps}
            for _ in range(args.rounds):
                time.sleep(KEPT_SECONDS)
                for name, app in apps.items():
                    times[name].append(seconds(app, path, query))
            found = [statistics.median(values) for values in times.values()]
            print(row.format(label, *(f"{each:.3f}" for each in found), f"{found[1] / found[0]:.1f}"), flush=True)
        db.close()


if __name__ == "__main__":
    main()
