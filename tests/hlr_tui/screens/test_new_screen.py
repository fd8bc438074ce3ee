"""The form in the app: what is typed is checked by the engine, and what it says is shown where it belongs."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

import hlr_tui
from core.user_code import TRUST_ENV, is_trusted
from hlr_tui.app import HlrApp
from hlr_tui.desk import Desk
from hlr_tui.forms.state import write
from hlr_tui.screens.confirm import ConfirmScreen
from hlr_tui.screens.load import LoadScreen
from hlr_tui.screens.new import NewScreen
from hlr_tui.screens.path import PathScreen
from hlr_tui.settings import Settings
from hlr_tui.widgets.chart import Chart
from hlr_tui.widgets.field import FieldRow
from hlr_tui.widgets.form import Form
from hlr_tui.widgets.one_of import OneOf
from hlr_tui.widgets.spec_preview import SpecPreview
from tests.visible import seen

EXAMPLES = Path(__file__).parents[3] / "examples"

OWN_TASK = """
from dataclasses import dataclass

from core.component import TaskInfo, TaskRecipe
from core.params import real

open("MARK", "w").close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Whorls(TaskRecipe):
    noise: float = real(0.1, low=0.0, help="spread")

    def train_size(self):
        return 100


TASK = TaskInfo(name="whorls", kind="image", model="MLP", recipe=Whorls)
"""

Talk = Callable[[Pilot[None], NewScreen], Awaitable[None]]


class FormApp(HlrApp):
    """The app with the form as its first screen."""

    CSS_PATH = str(Path(hlr_tui.__file__).with_name("hlr_tui.tcss"))  # else it would be looked for beside this file
    DEFAULT_MODE = "new"


def visit(workspace: Path, talk: Talk, size: tuple[int, int] = (80, 24), plugins: tuple[Path, ...] = ()) -> None:
    """Open the form, and run `talk` on it."""
    settings = Settings(
        workspace=workspace, storage=f"sqlite:///{workspace}/hlr.db", data_dir=workspace / "data", plugins=plugins
    )

    async def run() -> None:
        app = FormApp(Desk(settings))
        async with app.run_test(size=size) as pilot:
            screen = app.screen
            assert isinstance(screen, NewScreen)
            await settle(pilot, screen)
            await talk(pilot, screen)

    asyncio.run(run())


async def settle(pilot: Pilot[None], screen: NewScreen) -> None:
    """Until the engine has answered to what is in the form."""
    await pilot.pause()
    await until(pilot, lambda: screen.settled)


async def until(pilot: Pilot[None], there: Callable[[], bool]) -> None:
    for _ in range(1000):
        if there():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    pytest.fail("it never came")


def row(screen: NewScreen, key: str) -> FieldRow:
    return next(one for one in screen.query(FieldRow) if one.field.key == key)


def focused(screen: NewScreen) -> str:
    """Key of the field that the focus is in."""
    return next((one.field.key for one in screen.query(FieldRow) if one.has_focus_within), "")


def keys(screen: NewScreen) -> set[str]:
    return {one.field.key for one in screen.query(FieldRow)}


def said(screen: NewScreen, selector: str) -> str:
    return str(screen.query_one(selector, Static).render())


def document(screen: NewScreen) -> dict[str, Any]:
    assert screen.state is not None
    return write(screen.state)


async def go_to(pilot: Pilot[None], screen: NewScreen, key: str) -> None:
    await screen.query_one(Form).go_to(key)
    await pilot.pause()


def test_typing_is_checked_with_the_words_of_the_engine(tmp_path: Path) -> None:
    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        assert "13 methods · 65 runs · 3,250 epochs" in said(screen, "#summary")
        await go_to(pilot, screen, "training.epochs")
        await pilot.press(*"1x")
        await settle(pilot, screen)
        assert "1 problem" in said(screen, "#summary")
        assert 'training.epochs = "1x": must be a whole number >= 1' in said(screen, "#hint")
        assert "✗ epochs" in str(row(screen, "training.epochs").render())
        await pilot.press("backspace", "0")
        await settle(pilot, screen)
        assert "13 methods · 65 runs · 650 epochs" in said(screen, "#summary")
        assert document(screen)["training"] == {"epochs": 10}
        # The form may be laid anew between a key and what it changes, and while somebody is amid two words.
        shown = row(screen, "training.epochs")
        shown.query_one(Input).value = "12"
        shown.lay(shown.field, "10")
        await settle(pilot, screen)
        assert document(screen)["training"] == {"epochs": 12}
        await pilot.press("end", "space")
        await settle(pilot, screen)
        assert shown.query_one(Input).value == "12 "

    visit(tmp_path, talk)


def test_mode_and_task_decide_which_fields_there_are(tmp_path: Path) -> None:
    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        assert {"compare.budgets", "task.label_smoothing"} <= keys(screen)
        assert "optimize.trials" not in keys(screen)
        await go_to(pilot, screen, "experiment.mode")
        await pilot.press("right")  # compare → optimize
        await settle(pilot, screen)
        assert document(screen)["experiment"] == {"name": "digits-optimize", "mode": "optimize"}
        assert "compare.budgets" not in keys(screen)
        assert {"optimize.trials", "optimize.search.lr"} <= keys(screen)
        assert focused(screen) == "experiment.mode"  # the fields around it came and went
        assert "325 trials" in said(screen, "#summary")
        await go_to(pilot, screen, "task.name")
        await pilot.press("right")  # digits → osc
        await settle(pilot, screen)
        assert "task.hist" in keys(screen)
        assert "task.label_smoothing" not in keys(screen)
        options = row(screen, "model.name").query_one(OneOf).options
        assert "LSTM_Seq2Seq" in options
        assert "MLP" not in options
        assert document(screen)["task"] == {"name": "osc"}

    visit(tmp_path, talk)


def test_lists_are_ticked_with_the_space_bar(tmp_path: Path) -> None:
    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        await go_to(pilot, screen, "methods.schedulers")
        await pilot.press("n")
        await settle(pilot, screen)
        assert document(screen)["methods"] == {"schedulers": []}
        assert "no method is left" in said(screen, "#problem")
        await pilot.press("home", "space", "down", "down", "space")
        await settle(pilot, screen)
        assert document(screen)["methods"] == {"schedulers": ["N", "C"]}
        assert "2 methods" in said(screen, "#summary")
        assert re.search(r"decay +1 of 5", seen(screen.app))
        await pilot.press("a")  # the family of the line with the cursor: all of it, then nothing of it
        await settle(pilot, screen)
        assert document(screen)["methods"] == {"schedulers": ["N", "P", "C", "E", "L", "S"]}
        await pilot.press("a")
        await settle(pilot, screen)
        assert document(screen)["methods"] == {"schedulers": ["N"]}
        await pilot.press("A")
        await settle(pilot, screen)
        assert "methods" not in document(screen)

    visit(tmp_path, talk)


def test_every_word_to_choose_from_is_in_sight(tmp_path: Path) -> None:
    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        await go_to(pilot, screen, "experiment.mode")
        lines = seen(screen.app).splitlines()
        line = next(index for index, text in enumerate(lines) if "[compare]" in text)
        assert re.search(r"run +\[compare\] +optimize +optimize-compare", lines[line])
        assert "all" in lines[line + 1]
        await pilot.click(row(screen, "experiment.mode").query_one(OneOf), offset=(2, 1))
        await settle(pilot, screen)
        assert document(screen)["experiment"]["mode"] == "all"
        assert "[all]" in seen(screen.app)

    visit(tmp_path, talk)


def test_sections_are_walked_by_keyboard(tmp_path: Path) -> None:
    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        await pilot.press("right_square_bracket")
        assert focused(screen) == "task.name"
        await pilot.press("ctrl+down", "ctrl+down")
        assert focused(screen) == "training.epochs"
        await pilot.press("down", "up", "ctrl+up")
        assert focused(screen) == "model.name"
        await pilot.press("escape", "up", "up", "enter")
        assert focused(screen) == "experiment.name"
        await pilot.press("enter", "enter")
        assert focused(screen) == "experiment.seed"

    visit(tmp_path, talk)


def test_preview_shows_the_schedules_and_the_spec(tmp_path: Path) -> None:
    spec = {
        "experiment": {"name": "two", "mode": "run"},
        "task": {"name": "digits"},
        "training": {"epochs": 20},
        "methods": {"schedulers": ["N", "C"]},
    }

    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        form, preview = screen.query_one(Form), screen.query_one(SpecPreview)
        assert not preview.display
        screen.load(spec)
        await until(pilot, lambda: "two" in said(screen, "#summary"))
        await settle(pilot, screen)
        await pilot.press("p")
        await pilot.pause()
        assert preview.display
        assert not form.display
        assert tomllib.loads(said(screen, "#spec")) == spec
        assert said(screen, "#plan").splitlines()[-1].split() == ["run", "20", "10", "200"]
        chart = preview.query_one(Chart)
        assert chart.values_at(10)["C"] == pytest.approx(0.01 / 2, rel=1e-3)  # halfway down a cosine
        assert chart.values_at(20)["N"] == pytest.approx(0.01)
        assert not preview.query_one(".names").display  # the chart itself has room to name two curves
        await pilot.press("p")
        assert form.display
        await pilot.resize_terminal(130, 40)
        await pilot.pause()
        assert form.display
        assert preview.display
        assert preview.region.x >= form.region.right

    visit(tmp_path, talk)


def test_spec_files_are_loaded_and_written(tmp_path: Path) -> None:
    source = tomllib.loads((EXAMPLES / "quickstart.toml").read_text())
    target = tmp_path / "folder" / "copy.toml"
    (tmp_path / "bad.toml").write_text("name = [red]")

    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        await answer(pilot, screen, "ctrl+l", EXAMPLES / "quickstart.toml")
        await until(pilot, lambda: "quickstart" in said(screen, "#summary"))
        await settle(pilot, screen)
        assert "9 methods · 72 trials · 153 runs" in said(screen, "#summary")
        await answer(pilot, screen, "ctrl+w", target)
        await until(pilot, target.exists)
        await screen.app.workers.wait_for_complete()
        del source["methods"]["optimizers"]  # AdamW is the default
        assert tomllib.loads(target.read_text()) == source
        await answer(pilot, screen, "ctrl+l", tmp_path / "bad.toml")
        await until(pilot, lambda: "is not TOML" in said(screen, "#problem"))
        assert "bad.toml" in said(screen, "#problem")

    visit(tmp_path / "w", talk)


def test_specs_at_hand_are_found_by_a_few_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, text = tmp_path / "hlr", (EXAMPLES / "quickstart.toml").read_text()
    for path, name in (("mine.toml", "mine"), ("examples/deep/vit.toml", "vit"), ("hlr/specs/older.toml", "older")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text.replace('name = "quickstart"', f'name = "{name}"'))
    (tmp_path / "pyproject.toml").write_text("[project]")  # no spec
    monkeypatch.chdir(tmp_path)

    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        await pilot.press("ctrl+l")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        shown = seen(pilot.app)
        assert [name for name in ("mine.toml", "examples/deep/vit.toml", "older") if name in shown] == [
            "mine.toml",
            "examples/deep/vit.toml",
            "older",
        ]
        assert "all · digits" in shown
        assert "pyproject" not in shown
        await pilot.press(*"vi")
        await pilot.pause()
        assert "mine.toml" not in seen(pilot.app)
        await pilot.press("enter")
        await until(pilot, lambda: "vit" in said(screen, "#summary"))
        await pilot.press("ctrl+l", *"./e", "tab", "enter")  # a path, folder by folder
        await pilot.pause()
        assert "./examples/deep/" in seen(pilot.app)
        await pilot.press("escape", "ctrl+l", "down", "down", "enter")
        await until(pilot, lambda: "older" in said(screen, "#summary"))

    visit(workspace, talk)


def test_what_is_in_no_file_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "kept.toml"

    async def typed(pilot: Pilot[None], screen: NewScreen) -> None:
        await go_to(pilot, screen, "training.epochs")
        await pilot.press(*"7")
        await settle(pilot, screen)

    async def back(pilot: Pilot[None], screen: NewScreen) -> None:
        assert document(screen)["training"] == {"epochs": 7}
        assert "is back; ^n empties it" in said(screen, "#problem")
        screen.load({"experiment": {"name": "other"}, "task": {"name": "digits"}})  # as a duplicate, or from the lab
        await until(pilot, lambda: isinstance(screen.app.screen, ConfirmScreen))
        await pilot.press("n")
        await settle(pilot, screen)
        assert document(screen)["training"] == {"epochs": 7}
        await answer(pilot, screen, "ctrl+w", target)
        await until(pilot, target.exists)
        await pilot.app.workers.wait_for_complete()
        await settle(pilot, screen)
        screen.load({"experiment": {"name": "other"}, "task": {"name": "digits"}})  # nothing to lose any more
        await until(pilot, lambda: document(screen)["experiment"]["name"] == "other")
        await settle(pilot, screen)

    async def empty(pilot: Pilot[None], screen: NewScreen) -> None:
        assert "training" not in document(screen)
        assert not screen.query_one("#problem").display

    for talk in (typed, back, empty):
        visit(tmp_path / "workspace", talk)


async def answer(pilot: Pilot[None], screen: NewScreen, key: str, path: Path) -> None:
    """Press a key that asks for a path, and type it."""
    await pilot.press(key)
    assert isinstance(screen.app.screen, (LoadScreen, PathScreen))
    screen.app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")


@pytest.mark.parametrize("allowed", [True, False])
def test_code_of_the_users_runs_only_after_a_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv(TRUST_ENV, "")
    file, mark = tmp_path / "mine.py", tmp_path / "it-ran"
    file.write_text(OWN_TASK.replace("MARK", str(mark)))

    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        screen.load({"experiment": {"name": "own", "mode": "run"}, "task": {"file": str(file), "noise": 0.25}})
        await until(pilot, lambda: isinstance(screen.app.screen, ConfirmScreen))
        assert not mark.exists()
        await pilot.press("y" if allowed else "n")
        await until(pilot, lambda: document(screen)["experiment"]["name"] == "own")
        await settle(pilot, screen)
        assert is_trusted(file) == mark.exists() == allowed
        assert document(screen)["task"] == {"file": str(file), "noise": 0.25}
        assert ("task.noise" in keys(screen)) == allowed
        assert ("nobody has allowed" in said(screen, "#problem")) != allowed

    visit(tmp_path, talk)


def test_what_is_wrong_is_not_launched_and_is_shown_where_it_was_folded_away(tmp_path: Path) -> None:
    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        key = "methods.params.EH.upper_bound"
        assert key not in keys(screen)
        assert screen.state is not None
        screen.state.put(key, "3")  # less than the epochs: the plan says so, not the spec
        await pilot.press("f5")
        await until(pilot, lambda: "not launched" in said(screen, "#problem"))
        await settle(pilot, screen)
        assert focused(screen) == key
        assert [problem.key for problem in row(screen, key).problems] == [key]
        assert not (tmp_path / "specs").exists()

    visit(tmp_path, talk)


def test_why_a_launch_failed_is_told_in_place(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.write_text("a file where a folder should be")

    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        await launch(pilot, screen)
        assert "cannot be written" in said(screen, "#problem")
        workspace.unlink()
        await launch(pilot, screen)  # the command itself fails: its folder of plug-ins is gone
        assert "must name an existing folder" in said(screen, "#problem")
        screen.tell("")
        await pilot.press("f6")
        await until(pilot, lambda: not screen.checking)
        assert "must name an existing folder" in said(screen, "#problem")
        assert screen.app.screen is screen
        launched = workspace / "specs" / "digits-compare.toml"
        assert tomllib.loads(launched.read_text()) == document(screen)
        await answer(pilot, screen, "ctrl+w", tmp_path / "written.toml")
        await until(pilot, (tmp_path / "written.toml").exists)
        await pilot.app.workers.wait_for_complete()
        assert (tmp_path / "written.toml").read_text() == launched.read_text()

    async def launch(pilot: Pilot[None], screen: NewScreen) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: not screen.busy)
        await settle(pilot, screen)

    visit(workspace, talk, plugins=(tmp_path / "gone",))


def test_a_step_of_every_method_tells_the_time_and_what_cannot_work(tmp_path: Path) -> None:
    spec = {
        "experiment": {"name": "two", "mode": "run"},
        "task": {"name": "digits"},
        "training": {"epochs": 4, "seeds": 1, "device": "cpu"},
        "methods": {"schedulers": ["N", "C"]},
        "execution": {"workers": 1},
    }

    async def talk(pilot: Pilot[None], screen: NewScreen) -> None:
        screen.load(spec)
        await until(pilot, lambda: "two" in said(screen, "#summary"))
        await settle(pilot, screen)
        assert "time unknown: f6 trains one step of every method" in said(screen, "#summary")
        await check(pilot, screen)
        assert not screen.query_one("#problem").display
        assert re.search(r"≈ \d+ s with 1 worker, from a step of each method · ✓ checked", said(screen, "#summary"))
        assert re.search(r"every method works on cpu · [\d.]+ s per epoch · 26,122 parameters", said(screen, "#plan"))
        await go_to(pilot, screen, "training.epochs")
        await pilot.press("backspace", *"8000")
        await settle(pilot, screen)
        assert re.search(r"≈ \d+ (min|h)", said(screen, "#summary"))  # what was measured is kept
        assert not tmp_path.joinpath("specs").exists()

    async def check(pilot: Pilot[None], screen: NewScreen) -> None:
        await pilot.press("f6")
        assert "training one step of every method" in said(screen, "#summary")
        for _ in range(6000):
            if not screen.checking:
                break
            await pilot.pause(0.02)
        await settle(pilot, screen)

    visit(tmp_path, talk)
