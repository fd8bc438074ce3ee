from __future__ import annotations

import pytest

from core.errors import UsageError
from hlr_tui.cli import COMMANDS, Parser, route, run_command
from hlr_tui.settings import add_global_options


@pytest.mark.parametrize(
    ("words", "name", "rest"),
    [
        ("list tasks", "list", "tasks"),
        ("--workspace w list tasks", "list", "--workspace w tasks"),
        ("--workspace=w --data-dir d list tasks", "list", "--workspace=w --data-dir d tasks"),
        ("--workspace list list tasks", "list", "--workspace list tasks"),
        ("--help list", "list", "--help"),
        ("--version", None, "--version"),
        ("--storage sqlite:///x.db", None, "--storage sqlite:///x.db"),
        ("--batch s.toml --workers 2", "--batch", "--batch s.toml --workers 2"),
        ("--workspace w --json --batch=s.toml", "--batch", "--workspace w --json --batch=s.toml"),
        ("list -- --batch", "list", "-- --batch"),
    ],
)
def test_route(words: str, name: str | None, rest: str) -> None:
    assert route(words.split()) == (name, rest.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("lst", 'unknown command "lst": must be one of list, .*did you mean "list"'),
        ("--bath s.toml", 'unknown option "--bath".*did you mean "--batch"'),
        ("list tasks --jsn", 'unknown option "--jsn".*did you mean "--json"'),
        ("--json list tasks", 'unknown option "--json"'),
        ("list --workspace", "--workspace: expected one argument"),
        ("list", "required: KIND .see"),
        ("--batch", "--batch: expected one argument"),
        ("preview EH -x --epochs 5", 'unknown option "-x"'),
        ("reference surprise", "unrecognized arguments: surprise"),
    ],
)
def test_mistakes_name_the_word_and_the_nearest(words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run_command(words.split())


def test_options_and_arguments_may_be_mixed_and_numbers_may_be_negative() -> None:
    parser = Parser(prog="x", allow_abbrev=False)
    parser.add_argument("codes", nargs="+")
    parser.add_argument("--lr")
    add_global_options(parser)
    args = parser.read(["A", "--lr", "-1.5", "B", "--workspace", "w"])
    assert (args.codes, args.lr, args.workspace) == (["A", "B"], "-1.5", "w")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_offers_its_own_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        run_command([name, "--help"])
    assert leaving.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: hlr-tui {name} ")
    assert "--workspace" in shown
