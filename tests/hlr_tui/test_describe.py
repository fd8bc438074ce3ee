from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from core.errors import SpecError
from core.params import choice, derived, flag, params_of, real, span, text, whole, wholes, words
from hlr_tui.describe import (
    KINDS,
    default_text,
    legal_text,
    param_document,
    record_document,
    record_params,
    records,
    search_text,
)

KEYS = ["name", "kind", "default", "derived", "low", "high", "above", "below", "choices", "search", "help", "in_ticks"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    size: int = whole(3, low=1, high=9, search=span(2, 8, step=2), in_ticks=True, help="size")
    rate: float = real(
        1e-4, above=0.0, below=1.0, search=span(1e-6, derived("lr / 2", lambda p, h: h.lr / 2), log=True), help="r"
    )
    warmup: int = whole(derived("epochs // 10", lambda p, h: h.epochs // 10), help="warm-up")
    growth: float | None = real(None, low=1.0, help="growth")
    mode: str = choice("a", "a", "b", help="mode")
    fast: bool = flag(True, help="fast")
    word: str | None = text(None, pattern="[a-z]+", legal="must be lower case", help="word")
    seeds: tuple[int, ...] = wholes((1, 2), low=1, count=True, help="seeds")
    names: tuple[str, ...] = words(("all",), kind="tasks", help="names")


HALF_DERIVED = {"low": 1e-6, "high": "lr / 2", "step": None, "log": True}
PARAMS = dict(params_of(Sample))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("size", ["whole", 3, False, 1, 9, None, None, None, {"low": 2, "high": 8, "step": 2, "log": False}, True]),
        ("rate", ["real", 1e-4, False, None, None, 0.0, 1.0, None, HALF_DERIVED, False]),
        ("warmup", ["whole", "epochs // 10", True, None, None, None, None, None, None, False]),
        ("growth", ["real", None, False, 1.0, None, None, None, None, None, False]),
        ("mode", ["choice", "a", False, None, None, None, None, ["a", "b"], None, False]),
        ("fast", ["flag", True, False, None, None, None, None, None, None, False]),
        ("word", ["text", None, False, None, None, None, None, None, None, False]),
        ("seeds", ["wholes", [1, 2], False, 1, None, None, None, None, None, False]),
        ("names", ["words", ["all"], False, None, None, None, None, None, None, False]),
    ],
)
def test_param_document(name: str, expected: list[object]) -> None:
    document = param_document(name, PARAMS[name])
    assert list(document) == KEYS
    assert [document[key] for key in KEYS if key not in ("name", "help")] == expected
    assert document["help"] == PARAMS[name].help


@pytest.mark.parametrize(
    ("name", "default", "legal", "search"),
    [
        ("size", "3", "whole number >= 1 and <= 9", "2 … 8 step 2"),
        ("rate", "1e-4", "number > 0 and < 1", "1e-6 … lr / 2 log"),
        ("warmup", "epochs // 10", "whole number", ""),
        ("growth", "none", "number >= 1", ""),
        ("mode", "a", "a, b", ""),
        ("fast", "true", "true, false", ""),
        ("word", "none", "lower case", ""),
        ("seeds", "1, 2", "list of whole numbers >= 1, or a count", ""),
        ("names", "all", 'names of tasks, or "all"', ""),
    ],
)
def test_words(name: str, default: str, legal: str, search: str) -> None:
    param = PARAMS[name]
    assert (default_text(param), legal_text(param), search_text(param)) == (default, legal, search)


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_is_json_without_nan(kind: str) -> None:
    found = records(kind)
    assert found
    for record in found:
        document = record_document(record)
        assert json.loads(json.dumps(document, allow_nan=False)) == document
        assert "" not in document.values()
        listed = document["params"]
        assert isinstance(listed, list)
        assert [one["name"] for one in listed] == [name for name, _ in record_params(record)]


def test_kinds_of_records_carry_what_sets_them_apart() -> None:
    def first(kind: str) -> dict[str, object]:
        return record_document(records(kind)[0])

    assert {"family", "tick"} <= set(first("schedulers"))
    assert {"family", "lr_free"} <= set(first("optimizers"))
    assert {"kind"} <= set(first("models"))
    assert {"kind", "model", "lr", "batch_size"} <= set(first("tasks"))
    assert {
        str(record_document(metric)["name"]): record_document(metric)["direction"] for metric in records("metrics")
    }["val_accuracy"] == "maximize"


def test_a_wrong_kind_names_the_nearest() -> None:
    with pytest.raises(SpecError, match='did you mean "schedulers"'):
        records("shedulers")
