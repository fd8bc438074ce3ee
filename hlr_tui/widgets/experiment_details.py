"""One experiment in detail: stages, runs, its best methods, its error, where it began."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from hlr_tui.deaths import deaths_text
from hlr_tui.overview import Entry
from hlr_tui.tables import duration_text, printable, spread_text
from hlr_tui.widgets.experiments_table import Colours, bar_text, state_text

MOST_PLACES = 12
MOST_RUNNING = 8
BAR = 10


class ExperimentDetails(VerticalScroll):
    """What is known of the experiment under the cursor."""

    DEFAULT_CSS = """
    ExperimentDetails { layout: horizontal; padding: 0 1; background: $surface; scrollbar-size-vertical: 1; }
    ExperimentDetails Static { height: auto; }
    ExperimentDetails #about { width: 1fr; }
    ExperimentDetails #ranking { width: 36; }
    """

    def __init__(self, id: str) -> None:
        super().__init__(id=id, can_focus=True)
        self._shown: Entry | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="about", markup=False)
        yield Static(id="ranking", markup=False)

    def put(self, entry: Entry | None) -> None:
        """Show an experiment; None shows nothing."""
        if entry == self._shown and self._shown is not None:
            return
        if entry is None or self._shown is None or entry.name != self._shown.name:
            self.scroll_home(animate=False)
        self._shown = entry
        about = Group(*_about(entry, self.app.theme_variables)) if entry is not None else ""
        self.query_one("#about", Static).update(about)
        self.query_one("#ranking", Static).update(Group(*_ranking(entry)) if entry is not None else "")


def _about(entry: Entry, colours: Colours) -> Iterator[Any]:
    progress = entry.progress
    experiment = progress.experiment
    head = Text.assemble((printable(entry.name), "bold"), "  ", experiment.mode, "  ")
    yield head.append_text(state_text(entry.state, colours))
    if entry.state == "abandoned":
        yield Text("its conductor is gone and work is left: r resumes it", style=colours.get("text-error", ""))
    if death := deaths_text(progress):
        yield Text(printable(death), style=colours.get("text-warning", ""))
    if experiment.error:
        yield Text(f"✗ {printable(experiment.error)}", style=colours.get("text-error", ""))
    yield from _stages(entry, colours)
    yield Text(" · ".join(_facts(entry)))
    about = about_text(experiment.spec)
    if about:
        yield Text(printable(about), style="dim")
    if progress.running:
        yield Text()
        yield _running(entry)
    from hlr_tui.commands.status import circumstances

    for line in circumstances(json.loads(experiment.provenance)):
        yield Text()
        yield Text(printable(line), style="dim")


def _ranking(entry: Entry) -> Iterator[Any]:
    if entry.ranking is None:
        yield Text("reading results …", style="dim")
    elif not entry.ranking.places:
        yield Text("no results yet", style="dim")
    else:
        yield Text(entry.ranking.basis, style="italic")
        yield _places(entry)


def _stages(entry: Entry, colours: Colours) -> Iterator[Text]:
    for stage in entry.progress.stages:
        share = stage.done_epochs / stage.planned_epochs if stage.planned_epochs else 1.0
        line = Text(f"{stage.stage:8}", no_wrap=True, overflow="ellipsis")
        line.append_text(bar_text(share, BAR, colours.get("text-primary", "")))
        line.append(f" {int(100 * share):3d}%  {stage.ended_runs}/{stage.planned_runs} runs")
        yield line.append(f"  {stage.done_epochs}/{stage.planned_epochs} epochs", style="dim")


def _facts(entry: Entry) -> Iterator[str]:
    progress = entry.progress
    signs = {"complete": "✓", "running": "●", "queued": "○", "failed": "✗", "diverged": "↑", "pruned": "✂"}
    for state, number in progress.runs.items():
        if number:
            yield f"{signs.get(state, '·')} {number} {state}"
    if progress.workers:
        devices = sorted({worker.device for worker in progress.workers if worker.device})
        number = len(progress.workers)
        on = f" on {printable(', '.join(devices))}" if devices else ""
        yield f"{number} worker{'' if number == 1 else 's'}{on}"
    if entry.active:
        yield f"to go {duration_text(progress.eta_seconds)}"


def _places(entry: Entry) -> Table:
    assert entry.ranking is not None
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    places = entry.ranking.places
    for rank, place in enumerate(places[:MOST_PLACES], start=1):
        style = "bold" if rank == 1 else ""
        value = spread_text(place.value, place.std)
        table.add_row(Text(str(rank)), Text(printable(place.method), style=style), Text(value, style=style))
    if len(places) > MOST_PLACES:
        table.add_row("", Text(f"and {len(places) - MOST_PLACES} more: 6 shows them", style="dim"), "")
    return table


def _running(entry: Entry) -> Table:
    from core.analysis.results import method_label

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    runs = entry.progress.running
    for one in runs[:MOST_RUNNING]:
        loss = one.last.get("val_loss", one.last.get("train_loss"))
        table.add_row(
            Text(f"● {printable(method_label(one.run.optimizer, one.run.scheduler))} seed {one.run.seed}"),
            f"{one.run.epoch}/{one.run.budget}",
            "" if loss is None else f"{loss:.3g}",
        )
    if len(runs) > MOST_RUNNING:
        table.add_row(Text(f"and {len(runs) - MOST_RUNNING} more in training", style="dim"), "", "")
    return table


def about_text(spec: str) -> str:
    """``digits · MLP · AdamW · EH, C · 25 trials``, from the JSON of a spec, whether it can be checked here or not."""
    document = json.loads(spec)

    def value(section: str, key: str) -> Any:
        table = document.get(section) if isinstance(document, dict) else None
        return table.get(key) if isinstance(table, dict) else None

    def listed(words: Any) -> str:
        return ", ".join(map(str, words)) if isinstance(words, list) else str(words or "")

    trials, epochs, budgets = value("optimize", "trials"), value("training", "epochs"), value("compare", "budgets")
    parts = [
        str(value("task", "name") or value("task", "file") or ""),
        str(value("model", "name") or ""),
        listed(value("methods", "optimizers")),
        listed(value("methods", "schedulers")),
        listed(value("methods", "lr_free")),
        f"{trials} trials" if trials else "",
        f"{epochs} epochs" if epochs else "",
        f"budgets {listed(budgets)}" if budgets else "",
    ]
    return " · ".join(filter(None, parts))
