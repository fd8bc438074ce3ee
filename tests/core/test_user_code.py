"""Files of the user's own: they run once trusted and not before, and what goes wrong in them is said with its line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.errors import UsageError
from core.user_code import TRUST_ENV, Untrusted, blame, is_trusted, load_user_file, trust, trust_store

TRACE = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUST_ENV, "")  # `trust` writes it, and this takes that back


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file that leaves a trace where it runs."""
    path = tmp_path / "project" / "mine.py"
    path.parent.mkdir()
    path.write_text(TRACE)
    return path


def ran(path: Path) -> bool:
    return path.with_suffix(".ran").exists()


def written(path: Path, text: str) -> Path:
    """A trusted file with that text."""
    path.write_text(text)
    trust(path)
    return path


def test_code_that_nobody_trusted_does_not_run(mine: Path) -> None:
    with pytest.raises(Untrusted, match=rf"nobody has allowed its code to run: read it, then add --trust {mine}$"):
        load_user_file(mine)
    assert not ran(mine)
    trust(mine)
    load_user_file(mine)
    assert ran(mine)
    assert not (mine.parent / "__pycache__").exists()


@pytest.mark.parametrize("place", ["project/mine.py", "project", "."])
def test_a_file_or_any_folder_above_it_is_trusted(mine: Path, place: str, tmp_path: Path) -> None:
    trust(tmp_path / place)
    assert is_trusted(mine)
    assert is_trusted(mine.parent / "other.py") is (place != "project/mine.py")
    assert not is_trusted(tmp_path.parent / "other.py")


def test_it_is_remembered_for_other_processes(mine: Path) -> None:
    program = "import sys; from pathlib import Path; from core.user_code import is_trusted, load_user_file;"
    program += "load_user_file(Path(sys.argv[1]))"
    env = {name: value for name, value in os.environ.items() if name != TRUST_ENV}

    def elsewhere() -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-c", program, str(mine)]
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)

    assert "Untrusted" in elsewhere().stderr
    assert not ran(mine)
    trust(mine)
    assert elsewhere().returncode == 0
    assert ran(mine)
    assert trust_store().read_text() == f"{mine}\n"
    trust(mine)
    assert trust_store().read_text() == f"{mine}\n"


def test_the_variable_may_be_relative(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    monkeypatch.setenv(TRUST_ENV, os.pathsep.join(["gone.py", "mine.py"]))
    assert is_trusted(mine)
    assert not is_trusted(mine.parent / "other.py")


def test_a_link_smuggles_nothing_out_of_a_trusted_folder(mine: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_text(TRACE)
    link = mine.parent / "link.py"
    link.symlink_to(elsewhere)
    trust(mine.parent)
    with pytest.raises(Untrusted):
        load_user_file(link)
    assert not ran(elsewhere)


def test_what_has_become_a_link_is_not_trusted_any_more(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(mine.parent)
    monkeypatch.setenv(TRUST_ENV, "")
    evil = tmp_path / "evil"
    mine.parent.rename(evil)
    mine.parent.symlink_to(evil)
    assert not is_trusted(mine)


@pytest.mark.parametrize("between", [":", "\n", "\u2028", "\x1c"])
def test_a_name_that_would_be_read_as_two_is_refused(between: str, tmp_path: Path) -> None:
    """``/a:/b`` in the variable, or ``/a⏎/b`` in the list, would trust /a and /b."""
    folder = tmp_path / f"x{between}"
    folder.mkdir()
    (tmp_path / "x").mkdir()
    with pytest.raises(UsageError, match="must not contain"):
        trust(folder)
    assert not is_trusted(tmp_path / "x" / "mine.py")
    assert not trust_store().exists()


def test_only_what_is_there_can_be_trusted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--trust .*gone\.py: there is no such file or folder"):
        trust(tmp_path / "gone.py")


def test_an_edited_file_is_loaded_anew_and_the_same_text_is_not(tmp_path: Path) -> None:
    """In the same second and with the same length: the import system's cache would not notice."""
    path = written(tmp_path / "mine.py", "VALUE = [1]\n")
    first = load_user_file(path)
    assert load_user_file(path) is first
    path.write_text("VALUE = [2]\n")
    second = load_user_file(path)
    assert (first.module.VALUE, second.module.VALUE) == ([1], [2])
    assert first.sha256 != second.sha256


def test_a_file_has_its_own_future_and_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "h7_neighbour.py").write_text("WORD = 'beside'\n")
    path = written(
        tmp_path / "mine.py",
        "import h7_neighbour\nfrom dataclasses import dataclass, fields\n@dataclass\nclass Own:\n    one: int = 1\n"
        "TYPE = fields(Own)[0].type\n",
    )
    module = load_user_file(path).module
    assert module.TYPE is int, "annotations are no texts unless the file says so"
    assert module.h7_neighbour.WORD == "beside"
    assert sys.modules[module.Own.__module__] is module


def test_what_a_file_prints_is_talk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_user_file(written(tmp_path / "mine.py", "print('hello')\n"))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", r"mine\.py: SyntaxError: .*\(mine\.py, line 2\)$"),
        ("x = 1\nimport sys\nsys.exit(3)\n", r"SystemExit: 3\n  .*mine\.py, line 3, in <module>: sys\.exit\(3\)$"),
        ("def f():\n    return {}[0]\nf()\n", r"KeyError: 0\n.* line 3, .*: f\(\)\n.* line 2, in f: return {}\[0\]$"),
        ("import no_such_module\n", r"ModuleNotFoundError: No module named 'no_such_module'\n  .*mine\.py, line 1"),
        ("\0", r"mine\.py: (ValueError|SyntaxError): source code"),
    ],
    ids=["syntax", "exit", "raise", "import", "binary"],
)  # fmt: skip
def test_a_file_that_does_not_load_says_where(text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.py", text)
    for _ in range(2):  # a failure is not remembered as a success
        with pytest.raises(UsageError, match=said) as caught:
            load_user_file(path)
        assert "user_code.py" not in str(caught.value)


def raised_by(module: object, *arguments: object) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011  (whatever it is)
        module.run(*arguments)  # type: ignore[attr-defined]
    return blame(caught.value)


def test_the_blame_is_on_the_users_last_line_before_the_library(tmp_path: Path) -> None:
    path = written(
        tmp_path / "mine.py",
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.layer = torch.nn.Linear(3, 1)\n"
        "    def forward(self, x):\n"
        "        return self.layer(x)\n"
        "def run(depth):\n"
        "    return run(depth - 1) if depth else Net()(torch.ones(2, 4))\n",
    )
    module = load_user_file(path).module
    for depth in (0, 20):
        first, *lines = raised_by(module, depth).splitlines()
        assert first.startswith("RuntimeError: ")
        assert len(lines) <= 4
        assert f"  {path}, line 7, in forward: return self.layer(x)" in lines
        assert not any("core/user_code" in line for line in lines)


def test_without_a_line_of_the_users_there_is_only_the_message() -> None:
    layer = torch.nn.Linear(3, 1)
    with pytest.raises(RuntimeError) as caught:
        layer(torch.ones(2, 4))
    assert caught.value.__traceback__ is not None
    assert "test_user_code.py" in blame(caught.value)
    below = caught.value.with_traceback(caught.value.__traceback__.tb_next)  # the frames of torch alone
    assert blame(below) == f"RuntimeError: {below}"
