"""The catalogue, and a scheduler of one's own: one file in a plug-in folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.catalog import UnknownName, catalog
from core.errors import UsageError
from core.plan import make_plan
from core.spec.file import load_spec
from hlr_tui.__main__ import main

MINE = '''
"""A triangle: down to the infimum in the middle of the run, and up again."""
from dataclasses import dataclass
from core.component import Schedule, SchedulerInfo
from core.params import Horizon, derived, real, span, whole

@dataclass(frozen=True, slots=True, kw_only=True)
class Dip(Schedule):
    depth: float = real(0.5, above=0.0, below=1.0, search=span(0.1, 0.9), help="share of the rate that is lost")
    middle: int = whole(derived("epochs // 2", lambda p, h: h.epochs // 2), low=1, in_ticks=True, help="lowest tick")

    def lr(self, tick, horizon):
        return horizon.lr * (1 - self.depth * (1 - abs(tick - self.middle) / self.middle))

SCHEDULER = SchedulerInfo(
    name="dip", code="DIP", family="own", tick="epoch", summary="down and up", reference="mine", schedule=Dip
)
'''

SPEC = """
[experiment]
name = "x"
mode = "all"
[task]
name = "digits"
[training]
epochs = 10
[methods]
schedulers = ["DIP"]
[methods.params.dip]
depth = 0.25
[compare]
budgets = [4, 10]
seeds = 1
"""


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A plug-in folder of this process."""
    folder = tmp_path / "parts"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLR_PLUGINS", str(folder))
    catalog.cache_clear()
    yield folder
    monkeypatch.undo()
    catalog.cache_clear()


@pytest.fixture
def dip(parts: Path) -> Path:
    (parts / "dip.py").write_text(MINE)
    (parts / "_shared.py").write_text("raise RuntimeError('no plug-in of its own')")
    return parts


@pytest.mark.usefixtures("dip")
def test_it_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "schedulers", "--json"]) == 0
    listed = {one["code"]: one for one in json.loads(capsys.readouterr().out)}
    assert (listed["DIP"]["name"], listed["DIP"]["tick"]) == ("dip", "epoch")
    assert [param["name"] for param in listed["DIP"]["params"]] == ["depth", "middle"]
    assert [*listed][-2:] == ["WC", "DIP"]


@pytest.mark.usefixtures("dip")
def test_it_previews(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "DIP", "--epochs", "4", "--lr", "1", "-p", "DIP.depth=0.75", "--json"]) == 0
    (schedule,) = json.loads(capsys.readouterr().out)["schedules"]
    assert schedule["lr"] == [1.0, 0.625, 0.25, 0.625, 1.0]


@pytest.mark.usefixtures("dip")
def test_it_is_planned_and_searched(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    plan = make_plan(load_spec(path))
    (study,) = plan.studies
    assert (study.name, list(study.space)) == ("x-AdamW-DIP", ["lr"])
    path.write_text(SPEC.replace("depth = 0.25", ""))
    (study,) = make_plan(load_spec(path)).studies
    assert list(study.space) == ["lr", "depth"]
    (run, _) = make_plan(load_spec(path, ["experiment.mode=compare"])).fixed_runs
    assert run.config["scheduler"] == {"name": "dip", "params": {"depth": 0.5, "middle": 2}}


def test_without_its_folder_it_is_unknown() -> None:
    with pytest.raises(UnknownName, match='no scheduler "DIP": must be one of N, P,'):
        catalog().schedulers.get("DIP")


def test_a_parameter_that_two_parts_of_a_method_search_is_refused(dip: Path, tmp_path: Path) -> None:
    """A trial knows its parameters by name alone."""
    text = MINE.replace("depth", "weight_decay")
    (dip / "dip.py").write_text(text)
    path = tmp_path / "spec.toml"
    path.write_text(SPEC.replace("depth = 0.25", ""))
    catalog.cache_clear()
    with pytest.raises(UsageError, match=r"search\.weight_decay: belongs to scheduler DIP and also to optimizer AdamW"):
        make_plan(load_spec(path))


def test_parts_are_found_by_name_or_code_in_any_case() -> None:
    shelf = catalog().schedulers
    assert shelf.get("S").name == "step"
    assert shelf.get("s").name == "step"
    assert shelf.get("Exp_Hyperbolic").code == "EH"


def test_an_unknown_name_gets_the_nearest_code_or_name() -> None:
    for word, hint in (("WEHH", "WEH"), ("warmup_cosin", "warmup_cosine")):
        with pytest.raises(UnknownName) as caught:
            catalog().schedulers.get(word)
        assert caught.value.hint == f'did you mean "{hint}"?'


INSTALLED = """
from core.component import MetricInfo

RECALL = MetricInfo(name="val_recall", code="val_recall", summary="found of what there is", direction="maximize")
WORD = "a word"
TAKEN = MetricInfo(name="val_loss", code="mine", summary="", direction="minimize")
"""


@pytest.fixture
def install(parts: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a package with one entry point, as pip leaves it behind."""
    assert parts.exists()

    def make(group: str, value: str) -> None:
        folder = parts.parent / "site"
        (folder / "h7_parts-1.0.dist-info").mkdir(parents=True)
        (folder / "h7_parts-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: h7-parts\nVersion: 1.0\n"
        )
        (folder / "h7_parts-1.0.dist-info" / "entry_points.txt").write_text(f"[{group}]\nown = {value}\n")
        (folder / "h7_parts.py").write_text(INSTALLED + "\n" + MINE)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.delitem(sys.modules, "h7_parts", raising=False)
        catalog.cache_clear()

    return make


def test_an_installed_scheduler_is_there_without_a_folder(install: Callable[[str, str], None]) -> None:
    install("hlr_tui.schedulers", "h7_parts:SCHEDULER")
    assert catalog().schedulers.get("DIP").name == "dip"


def test_an_installed_metric_is_listed(install: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]) -> None:
    install("hlr_tui.metrics", "h7_parts:RECALL")
    assert main(["list", "metrics", "val_recall", "--json"]) == 0
    (metric,) = json.loads(capsys.readouterr().out)
    assert (metric["direction"], metric["summary"]) == ("maximize", "found of what there is")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("h7_parts:TAKEN", 'plug-in own: the name or code "val_loss" is taken by metric val_loss'),
        ("h7_parts:GONE", r"plug-in own \(h7_parts:GONE\): AttributeError: module 'h7_parts' has no attribute 'GONE'"),
        ("h7_gone:METRIC", r"plug-in own \(h7_gone:METRIC\): ModuleNotFoundError: No module named 'h7_gone'"),
        ("h7_parts:WORD", "plug-in own: 'a word' is not the record of a component"),
    ],
)
def test_an_installed_part_that_cannot_be_used_is_named(
    value: str, said: str, install: Callable[[str, str], None]
) -> None:
    install("hlr_tui.metrics", value)
    with pytest.raises(UsageError, match=said):
        catalog()
