from __future__ import annotations

import json
from pathlib import Path

import pytest

from hlr_tui.__main__ import main


def test_every_component_and_parameter_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reference"]) == 0
    text = capsys.readouterr().out
    for kind in ("schedulers", "optimizers", "models", "tasks", "metrics", "executors"):
        assert f"\n## {kind.capitalize()}\n" in text
        assert main(["list", kind, "--json"]) == 0
        for document in json.loads(capsys.readouterr().out):
            assert f"\n| `{document['code']}` | `{document['name']}` | " in text
            heading = f"\n### `{document['code']}`"
            assert not document["params"] or heading in text
            own = text.partition(heading)[2].partition("\n##")[0]
            for param in document["params"]:
                assert f"| `{param['name']}` | " in own, (document["name"], param["name"])


def test_every_table_row_has_as_many_cells_as_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    main(["reference"])
    width = None
    for line in capsys.readouterr().out.splitlines():
        cells = line.replace("\\|", "").count("|") if line.startswith("|") else None
        assert cells is None or width is None or cells == width
        width = cells


def test_check_compares_with_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["reference"])
    written = tmp_path / "reference.md"
    written.write_text(capsys.readouterr().out)
    assert main(["reference", "--check", str(written)]) == 0
    written.write_text(written.read_text().replace("250", "251"))
    assert main(["reference", "--check", str(written)]) == 1
    assert "differs from the declarations" in capsys.readouterr().err
    assert main(["reference", "--check", str(tmp_path / "gone.md")]) == 2
