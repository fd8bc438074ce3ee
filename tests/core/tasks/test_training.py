"""Each model learns on the data of each task that it fits."""

import pytest
import torch

from core.catalog import catalog
from core.values import parse

SMALL = {
    "osc": {"hist": 20, "pred": 10},
    "LSTM_Seq2Seq": {"hidden_size": 32, "num_layers": 1},
    "integral": {"samples": 500},
    "DeepONet": {"hidden_size": 64, "num_layers": 3},
    "TFONet": {"d_model": 16, "dim_feedforward": 32, "num_layers": 1},
}
"""Parameters that make the slow ones quick."""


@pytest.mark.parametrize(
    ("task_name", "model_name", "lr"),
    [
        ("digits", "MLP", 0.01),
        ("digits", "SmallCNN", 0.01),
        ("osc", "LSTM_Seq2Seq", 0.01),
        ("integral", "DeepONet", 0.005),
        ("integral", "TFONet", 0.005),
    ],
)
def test_loss_falls(task_name, model_name, lr, tmp_path):
    task_info, model_info = catalog().tasks.get(task_name), catalog().models.get(model_name)
    assert task_info.kind == model_info.kind
    task, _ = parse(task_info.recipe, SMALL.get(task_name, {}))
    recipe, _ = parse(model_info.recipe, SMALL.get(model_name, {}))
    data = task.load(tmp_path)
    split = task.partition(data, torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    model = recipe.build(data.shape)
    optimizer = catalog().optimizers.get("Adam").recipe().build(model.parameters(), lr)

    def validation_loss() -> float:
        with torch.no_grad():
            part = split.validation[:200]
            return task.loss(model(data.inputs[part]), data.targets[part]).item()

    before = validation_loss()
    order = torch.randperm(len(split.train), generator=torch.Generator().manual_seed(1))
    for batch in split.train[order].split(64)[:15]:
        optimizer.zero_grad()
        task.loss(model(data.inputs[batch]), data.targets[batch]).backward()
        optimizer.step()
    assert validation_loss() < 0.6 * before


@pytest.mark.parametrize("task_name", ["digits", "osc", "integral"])
def test_default_model_fits_and_takes_the_data_as_they_are(task_name, tmp_path):
    info = catalog().tasks.get(task_name)
    task, _ = parse(info.recipe, SMALL["integral"] if task_name == "integral" else {})
    data = task.load(tmp_path)
    model = catalog().models.get(info.model).recipe().build(data.shape)
    outputs = model(data.inputs[:2])
    assert task.loss(outputs, data.targets[:2]).shape == ()
    assert all(value.shape == () for value in task.metrics(outputs, data.targets[:2]).values())
