from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hlr_tui.__main__ import main


@pytest.fixture
def preview(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    def run(*words: str) -> list[dict[str, Any]]:
        assert main(["preview", *words, "--json"]) == 0
        schedules: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["schedules"]
        return schedules

    return run


def test_it_is_what_torch_applies(preview: Callable[..., list[dict[str, Any]]]) -> None:
    import torch

    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.05)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12, eta_min=1e-4)
    expected = [0.05]
    for _ in range(12):
        optimizer.step()
        scheduler.step()
        expected.append(scheduler.get_last_lr()[0])
    (drawn,) = preview("C", "--epochs", "12", "--lr", "0.05", "--infimum-lr", "1e-4")
    assert drawn["lr"] == pytest.approx(expected, rel=1e-12)
    assert drawn["momentum"] is None


def test_momentum_and_steps(preview: Callable[..., list[dict[str, Any]]]) -> None:
    import torch

    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=21)
    rates, momenta = [], []
    for _ in range(21):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if len(rates) < 21:
            scheduler.step()
    (drawn,) = preview("OC", "--epochs", "3", "--steps-per-epoch", "7")
    assert (drawn["tick"], drawn["epochs"], len(drawn["lr"])) == ("step", 3, 22)
    assert drawn["lr"][:21] == pytest.approx(rates, rel=1e-12)
    assert drawn["momentum"][:21] == pytest.approx(momenta, rel=1e-12)


def test_one_entry_per_code_and_budget_with_resolved_parameters(preview: Callable[..., list[dict[str, Any]]]) -> None:
    drawn = preview("WEH", "step", "weh", "--epochs", "50,100", "-p", "WEH.upper_bound=300", "-p", "S.gamma=0.5")
    assert [(one["code"], one["name"], one["epochs"], len(one["lr"])) for one in drawn] == [
        ("WEH", "warmup_exp_hyperbolic", 50, 51),
        ("WEH", "warmup_exp_hyperbolic", 100, 101),
        ("S", "step", 50, 51),
        ("S", "step", 100, 101),
    ]
    assert [one["params"]["warmup_epochs"] for one in drawn[:2]] == [5, 10]
    assert all(one["params"]["upper_bound"] == 300 for one in drawn[:2])
    assert [one["params"]["step_size"] for one in drawn[2:]] == [16, 33]
    assert drawn[2]["lr"][16] == pytest.approx(0.005)


def test_an_infimum_goes_to_all_but_those_given_their_own(preview: Callable[..., list[dict[str, Any]]]) -> None:
    drawn = preview("C", "H", "N", "--epochs", "5", "--infimum-lr", "1e-4", "-p", "C.infimum_lr=1e-3")
    assert [one["params"].get("infimum_lr") for one in drawn] == [1e-3, 1e-4, None]
    assert drawn[0]["lr"][-1] == pytest.approx(1e-3)


def test_all_means_every_scheduler(
    preview: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["list", "schedulers", "--json"])
    listed = [one["code"] for one in json.loads(capsys.readouterr().out)]
    drawn = preview("all", "--epochs", "20", "--steps-per-epoch", "3")
    assert [one["code"] for one in drawn] == listed
    assert all(math.isfinite(rate) and 0 <= rate <= 0.01 * (1 + 1e-12) for one in drawn for rate in one["lr"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("EHX --epochs 5", 'CODE = "EHX": must be one of N, .*did you mean "EH"'),
        ("C EH --epochs 50,300", "EH.upper_bound = 250: must be >= 300"),
        ("H --epochs 5 --lr 1e-7", "H.infimum_lr = 1e-06: must be < 1e-07"),
        ("H", "--epochs: must be distinct whole numbers >= 1"),
        ("H --epochs 5x", '--epochs = "5x": must be distinct whole numbers >= 1'),
        ("H --epochs 0", '--epochs = "0"'),
        ("H --epochs 5,5", '--epochs = "5,5"'),
        ("H --epochs 5 --lr abc", '--lr = "abc": must be a finite number > 0'),
        ("H --epochs 5 --lr nan", "--lr = nan: must be a finite number > 0"),
        ("H --epochs 5 --lr 0", "--lr = 0.0: must be > 0"),
        ("OC --epochs 5 --steps-per-epoch 1.5", "--steps-per-epoch = 1.5: must be a whole number >= 1"),
        ("H --epochs 5 -p upper_bound=3", '-p = "upper_bound=3": must be CODE.param=value'),
        ("H --epochs 5 -p EH.upper_bound=300", "must begin with a scheduler of this preview: H"),
        ("H --epochs 5 -p H.upper_boun=300", 'H.upper_boun = 300: unknown key.*did you mean "upper_bound"'),
        ("H --epochs 5 -p H.upper_bound=many", 'H.upper_bound = "many": must be a whole number'),
        ("OC --epochs 5 -p OC.cycle_momentum=yes", 'OC.cycle_momentum = "yes": must be true or false'),
        ("H --epochs 5 --out h.pgn", "must end in .png, .svg, .pdf"),
        ("H --epochs 5 --out gone/h.png", "must lie in an existing folder"),
        ("OC --epochs 50000 --steps-per-epoch 10000", "500,000,001 values asked for: must be at most 10,000,000"),
        ("H --epochs 5 --json --out h.png", "not allowed with"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_drawn(
    words: str, message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    assert main(["preview", *words.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(message, err), err
    assert not list(tmp_path.iterdir())


def test_few_curves_share_a_plot_and_many_get_panels(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    assert main(["preview", "EH", "C", "--epochs", "50,200"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert lines[-1] == "A EH 50  B EH 200  C C 50  D C 200"
    assert main(["preview", "all", "--epochs", "50", "--log"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [word for line in lines for word in line.split() if "_" in word] == [
        "one_cycle", "exp_hyperbolic", "warmup_hyperbolic", "warmup_exp_hyperbolic", "warmup_cosine",
    ]  # fmt: skip
    assert main(["preview", "EH", "--epochs", "5", "--ascii"]) == 0
    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG\r\n"), (".svg", b"<?xml"), (".PDF", b"%PDF")])
def test_a_figure_is_written_and_is_the_same_each_time(
    suffix: str, magic: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}{suffix}"
        words = ["preview", "EH", "OC", "--epochs", "5", "--steps-per-epoch", "9", "--out", str(path)]
        assert main(words) == 0
        drawn.append(path.read_bytes())
    assert drawn[0].startswith(magic)
    assert drawn[0] == drawn[1]
    out, err = capsys.readouterr()
    assert out == ""
    assert f"wrote {tmp_path / 'one'}" in err


def test_a_figure_names_its_curves_and_axes(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    assert main(["preview", "EH", "CY", "--epochs", "5,7", "--steps-per-epoch", "9", "--out", str(path)]) == 0
    drawn = path.read_text()
    for label in ("EH 5", "EH 7", "CY 5", "CY 7", "learning rate", "momentum", "epoch"):
        assert f"<!-- {label} -->" in drawn


def test_a_figure_that_cannot_be_written_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder.png").mkdir()
    assert main(["preview", "EH", "--epochs", "5", "--out", str(tmp_path / "folder.png")]) == 2
    assert "cannot be written: Is a directory" in capsys.readouterr().err
