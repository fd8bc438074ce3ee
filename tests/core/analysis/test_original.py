"""Files in the form of the paper's experiment code; numpy and Python's csv are the reference."""

from __future__ import annotations

import copy
import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy
import pytest
from finished import DOCUMENT, End, create, plan_of, play, queue_compare, queue_search

from core.analysis.importing import read_imports, store_imports
from core.analysis.original import results_json, seed_csvs
from core.errors import UsageError
from core.storage.engine import Database
from core.storage.experiments import Experiment, create_experiment, get_experiment
from core.storage.reader import points_of
from core.storage.runs import Run, runs_of


def ordinary(run: Run) -> End:
    base = 0.1 * (1 + len(run.scheduler)) + 0.013 * run.seed + 0.5 * (run.trial == 0)
    base += 0.3 * (run.optimizer == "Adam")
    return "complete", [base + 1 / epoch for epoch in range(1, run.budget + 1)]


def finished(db: Database, document: dict[str, Any] = DOCUMENT, end: Any = ordinary) -> Experiment:
    experiment, plan = create(db, document), plan_of(document)
    queue_search(db, experiment, plan)
    play(db, end)
    queue_compare(db, experiment, plan, 1, ["C", "S", "N"])
    play(db, end)
    return experiment


def changed(**tables: Any) -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT) | tables


def test_results_have_the_keys_and_values_of_run_all(db: Database) -> None:
    experiment = finished(db)
    found = results_json(db, experiment)
    assert list(found) == ["config", "optimization", "comparison"]
    assert list(found["optimization"]) == list(found["comparison"]) == ["C", "S", "Prodigy"]
    known = {"model": "MLP", "epochs": 3, "infimum_lr": 1e-6, "project": "exp"}
    assert known.items() <= found["config"].items()
    assert {"lr", "batch_size"} < found["config"].keys()
    last = {(p.run_id, p.step): p.value for p in points_of(db, experiment.id) if p.metric == "val_loss"}
    runs = runs_of(db, experiment.id)
    for method, (optimizer, scheduler) in {
        "C": ("AdamW", "C"),
        "S": ("AdamW", "S"),
        "Prodigy": ("Prodigy", "N"),
    }.items():
        own = [run for run in runs if (run.optimizer, run.scheduler) == (optimizer, scheduler)]
        for budget in (2, 4):
            values = [last[run.id, budget] for run in own if run.stage == "compare" and run.budget == budget]
            assert found["comparison"][method][str(budget)] == pytest.approx(numpy.mean(values))
        best = found["optimization"][method]
        assert list(best) == ["best_val_loss", "best_params"]
        assert best["best_val_loss"] == pytest.approx(min(last[run.id, 3] for run in own if run.stage == "search"))
        assert best["best_params"]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("task", "model", "keys"),
    [
        ("osc", "LSTM_Seq2Seq", {"dtype": "simple", "mode": "S", "hist": 50, "pred": 50, "lr": 0.01, "batch_size": 64}),
        ("cifar10", "ResNetCIFAR", {"dataset": "CIFAR10", "num_classes": 10, "subset_ratio": 1.0, "batch_size": 128}),
        ("cifar100", "SimpleCNN", {"dataset": "CIFAR100", "num_classes": 100}),
        ("integral", "TFONet", {"lr": 0.005, "batch_size": 128, "epochs": 3, "infimum_lr": 1e-6}),
    ],
)
def test_the_config_is_that_of_the_tasks_of_the_original(
    db: Database, task: str, model: str, keys: dict[str, Any]
) -> None:
    document = changed(task={"name": task}, model={"name": model})
    config = results_json(db, create(db, document))["config"]
    assert {key: config[key] for key in keys} == keys
    assert (config["model"], config["project"]) == (model, "exp")


def test_seed_files_hold_mean_lowest_and_highest_over_seeds(db: Database) -> None:
    experiment = finished(db)
    files = seed_csvs(db, experiment)
    assert sorted(files) == sorted(
        f"Result_digits_MLP{acc}-{code}.csv" for acc in ("", "_ACC") for code in ("C", "S", "Prodigy")
    )
    header, *rows = csv.reader(io.StringIO(files["Result_digits_MLP-C.csv"]))
    endings = ("", "_min", "_max")
    assert header == ["epoch", *(f"C{budget}_val_loss{ending}" for budget in (2, 4) for ending in endings)]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert [row[1:4] for row in rows[2:]] == [["", "", ""]] * 2, "empty past the budget"

    points = {(p.run_id, p.metric, p.step): p.value for p in points_of(db, experiment.id)}
    own = [run for run in runs_of(db, experiment.id) if run.stage == "compare" and run.scheduler == "C"]
    for name, metric in (("Result_digits_MLP-C.csv", "val_loss"), ("Result_digits_MLP_ACC-C.csv", "val_accuracy")):
        _, *rows = csv.reader(io.StringIO(files[name]))
        for at, budget in ((1, 2), (4, 4)):
            for epoch in range(1, budget + 1):
                values = [points[run.id, metric, epoch] for run in own if run.budget == budget]
                assert len(values) == 3
                mean, low, high = (float(cell) for cell in rows[epoch - 1][at : at + 3])
                assert mean == pytest.approx(numpy.mean(values), rel=1e-14)
                assert (low, high) == (min(values), max(values))
                assert low < mean < high


@pytest.mark.parametrize(
    ("task", "model", "label"),
    [
        ("cifar10", "SimpleCNN", "CIFAR10_CNN"),
        ("cifar10", "ResNetCIFAR", "CIFAR10_ResNet"),
        ("cifar100", "SimpleViT", "CIFAR100_ViT"),
        ("osc", "LSTM_Seq2Seq", "OSC_LSTM"),
        ("integral", "DeepONet", "Integral_MLP"),
        ("integral", "TFONet", "Integral_TF"),
        ("digits", "SmallCNN", "digits_SmallCNN"),
    ],
)
def test_files_are_named_as_the_analysis_programs_look_for_them(
    db: Database, task: str, model: str, label: str
) -> None:
    files = seed_csvs(db, finished(db, changed(task={"name": task}, model={"name": model})))
    assert f"Result_{label}-C.csv" in files


def test_runs_that_did_not_come_to_their_end_do_not_count(db: Database) -> None:
    def end(run: Run) -> End:
        if run.stage == "compare" and run.scheduler == "C" and (run.seed == 3 or run.budget == 2):
            return "diverged", [1.0, math.inf]
        return ordinary(run)

    files = seed_csvs(db, finished(db, end=end))
    header, *rows = csv.reader(io.StringIO(files["Result_digits_MLP-C.csv"]))
    assert header == ["epoch", "C4_val_loss", "C4_val_loss_min", "C4_val_loss_max"]
    kept = [0.2 + 0.013 * seed + 1 / 4 for seed in (1, 2)]
    assert [float(cell) for cell in rows[3][1:]] == pytest.approx([numpy.mean(kept), *kept])


def test_two_optimizers_need_a_choice(db: Database) -> None:
    methods = {"optimizers": ["Adam", "AdamW"], "schedulers": ["C"], "lr_free": ["Prodigy"]}
    experiment = finished(db, changed(methods=methods))
    for write in (seed_csvs, results_json):
        with pytest.raises(UsageError, match=r"same schedulers with Adam and AdamW.*choose one optimizer"):
            write(db, experiment)
        with pytest.raises(
            UsageError, match=r'optimizer = "AdanW": must be one of Adam, AdamW, Prodigy \(did you mean'
        ):
            write(db, experiment, "AdanW")
    value = {}
    for optimizer in ("Adam", "adamw"):
        found = results_json(db, experiment, optimizer)
        assert list(found["comparison"]) == ["C", "Prodigy"]
        value[optimizer] = found["comparison"]["C"]["4"]
        text = seed_csvs(db, experiment, optimizer)["Result_digits_MLP-C.csv"]
        assert float(text.splitlines()[4].split(",")[4]) == pytest.approx(value[optimizer])
    assert value["Adam"] - value["adamw"] == pytest.approx(0.3)
    assert list(seed_csvs(db, experiment, "Prodigy")) == [
        "Result_digits_MLP-Prodigy.csv",
        "Result_digits_MLP_ACC-Prodigy.csv",
    ]


def test_without_a_comparison_there_are_no_curves(db: Database) -> None:
    experiment = create(db)
    with pytest.raises(UsageError, match="no finished run of a comparison"):
        seed_csvs(db, experiment)


def test_what_is_written_reads_back_to_the_same_bytes(db: Database, tmp_path: Path) -> None:
    files = seed_csvs(db, finished(db))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (imported,) = read_imports([tmp_path / name for name in files])
    assert (imported.name, imported.label, sorted(imported.codes)) == (
        "digits_MLP",
        "digits_MLP",
        ["C", "Prodigy", "S"],
    )
    assert store_imports(db, [imported]) == [3 * 2 * 2 * 3]
    again = get_experiment(db, "digits_MLP")
    assert seed_csvs(db, again) == files
    prodigy = [(run.optimizer, run.scheduler) for run in runs_of(db, again.id) if run.study == "digits_MLP-Prodigy"]
    assert prodigy == [("Prodigy", "N")] * 2


EXCERPT = """\
epoch,EH2_val_loss,EH2_val_loss_min,EH2_val_loss_max,EH4_val_loss,EH4_val_loss_min,EH4_val_loss_max
1,0.00125134148596165,0.000572713620689077,0.0017381266176623,0.5,0.25,0.75
2,1.46057515119461E-07,3.66981657104285E-05,2.18227585927859E-07,0.25,0.125,0.5
3,,,,0.125,0.0625,0.25
4,,,,2.01662208265674E-08,1.40491749715347E-08,2.54126014305929E-08
"""


def spoilt(old: str, new: str, count: int = 1) -> str:
    assert old in EXCERPT
    return EXCERPT.replace(old, new, count)


def written(folder: Path, text: str, name: str = "Result_OSC_LSTM-EH.csv") -> Path:
    (folder / name).write_bytes(text.encode())
    return folder / name


def test_imported_curves_keep_every_digit(db: Database, tmp_path: Path) -> None:
    acc = written(tmp_path, EXCERPT, "Result_OSC_LSTM_ACC-EH.csv")
    store_imports(db, read_imports([written(tmp_path, "\ufeff" + EXCERPT.replace("\n", "\r\n")), acc]))
    experiment = get_experiment(db, "OSC_LSTM")
    assert (experiment.mode, experiment.state) == ("import", "complete")
    runs = {run.id: run for run in runs_of(db, experiment.id)}
    assert sorted((run.stage, run.state, run.budget, run.seed) for run in runs.values()) == [
        ("import", "complete", 2, 0),
        ("import", "complete", 4, 0),
    ]
    found = {(runs[p.run_id].budget, p.metric, p.step): p.value for p in points_of(db, experiment.id)}
    assert len(found) == 2 * 3 * (2 + 4)
    assert found[2, "val_loss", 2] == 1.46057515119461e-07
    assert found[2, "val_loss_min", 2] == 3.66981657104285e-05
    assert found[4, "val_accuracy_max", 4] == 2.54126014305929e-08
    assert {run.budget: run.value for run in runs.values()} == {2: 1.46057515119461e-07, 4: 2.01662208265674e-08}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            spoilt("0.25,0.125,0.5", "0.25,oops,0.5"),
            'line 3, column "EH4_val_loss_min": must be a number, but is "oops"',
        ),
        (spoilt("1.46057515119461E-07", ""), 'line 3, column "EH2_val_loss": must be a number, but is ""'),
        (spoilt("3,,,,", "3,,9,,"), 'line 4, column "EH2_val_loss_min": must be empty past epoch 2, but is "9"'),
        (spoilt("\n3,", "\n5,"), 'line 4, column "epoch": must be 3, but is "5"'),
        (spoilt("\n3,,,,0.125,0.0625,0.25\n", "\n"), 'line 4, column "epoch": must be 3, but is "4"'),
        (EXCERPT.rpartition("4,,,,")[0], 'line 4, column "epoch": the last epoch must be 4, the largest budget'),
        (spoilt("0.5,0.25,0.75", "0.5,0.25"), 'line 2, column "epoch": the line has 6 cells, not 7'),
        (spoilt("EH4_val_loss_min", "EH4_loss_min"), 'line 1, column "EH4_loss_min": must be EHN_val_loss'),
        (EXCERPT.replace("EH", "H"), 'line 1, column "H2_val_loss": must be EHN_val_loss'),
        (spoilt("EH4_val_loss_max", "EH4_val_loss_min"), 'line 1, column "EH4_val_loss_min": stands twice'),
        (spoilt("EH4_val_loss_max", "EH5_val_loss_max"), 'column "EH4_val_loss_max": is missing'),
        (spoilt("epoch", "step"), 'line 1, column "step": the first column must be "epoch"'),
        ("epoch\n", 'line 1, column "EH50_val_loss": is missing'),
        ("", 'line 1, column "": the first column must be "epoch"'),
        ('epoch,"EH2', "is not CSV"),
    ],
)
def test_what_is_not_of_that_form_is_named_with_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=f"^{re.escape(str(path))}: .*{re.escape(message)}"):
        read_imports([path])


def test_an_import_happens_whole_or_not_at_all(db: Database, tmp_path: Path) -> None:
    good, other = written(tmp_path, EXCERPT), written(tmp_path, EXCERPT.replace("EH", "H"), "Result_CIFAR10_CNN-H.csv")
    create_experiment(db, "CIFAR10_CNN", "run", "{}")
    with pytest.raises(UsageError, match=r'"CIFAR10_CNN" in .* is an experiment of mode run; .* with --name'):
        store_imports(db, read_imports([good, other]))
    assert runs_of(db, get_experiment(db, "CIFAR10_CNN").id) == []
    with pytest.raises(UsageError, match='no experiment "OSC_LSTM"'):
        get_experiment(db, "OSC_LSTM")


def test_other_values_for_the_same_curve_are_refused(db: Database, tmp_path: Path) -> None:
    store_imports(db, read_imports([written(tmp_path, EXCERPT)]))
    before = list(points_of(db, get_experiment(db, "OSC_LSTM").id))
    with pytest.raises(UsageError, match="other values for val_loss_max of OSC_LSTM-EH at 4 epochs"):
        store_imports(db, read_imports([written(tmp_path, spoilt("0.0625,0.25", "0.0625,0.26"))]))
    assert list(points_of(db, get_experiment(db, "OSC_LSTM").id)) == before
    path = written(tmp_path, EXCERPT.replace("EH", "H"), "Result_CIFAR10_CNN-H.csv")
    with pytest.raises(UsageError, match="is curves of OSC_LSTM"):
        store_imports(db, read_imports([path], "OSC_LSTM"))


def test_values_that_are_no_numbers_survive(db: Database, tmp_path: Path) -> None:
    text = spoilt("0.5,0.25,0.75", "nan,-inf,inf")
    imports = read_imports([written(tmp_path, text)])
    assert store_imports(db, imports) == [6]
    assert store_imports(db, imports) == [0]
    (line,) = [
        line
        for line in seed_csvs(db, get_experiment(db, "OSC_LSTM"))["Result_OSC_LSTM-EH.csv"].splitlines()
        if line.startswith("1,")
    ]
    assert line.endswith(",nan,-inf,inf")
