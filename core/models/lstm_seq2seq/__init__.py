"""LSTM_Seq2Seq: one LSTM reads the history, another writes the prediction from its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.component import DataShape, ModelInfo, ModelRecipe
from core.params import real, whole

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class LSTMSeq2Seq(ModelRecipe):
    hidden_size: int = whole(128, low=1, help="width of the state of each layer")
    num_layers: int = whole(3, low=1, help="LSTM layers in the encoder and in the decoder")
    dropout: float = real(0.0, low=0.0, below=1.0, help="share of activations between layers dropped in training")

    def build(self, shape: DataShape) -> torch.nn.Module:
        """Float histories [batch, history, features in] to predictions [batch, prediction, features out]."""
        from core.models.lstm_seq2seq.network import Seq2Seq

        prediction, features_out = shape.outputs
        return Seq2Seq(
            features_in=shape.inputs[1],
            features_out=features_out,
            prediction=prediction,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            # torch warns about dropout between the layers of a single layer, where it does nothing.
            dropout=self.dropout if self.num_layers > 1 else 0.0,
        )


MODEL = ModelInfo(
    name="LSTM_Seq2Seq",
    code="LSTM_Seq2Seq",
    kind="sequence",
    summary="encoder LSTM and a decoder LSTM that is fed its own output",
    reference="Sutskever, Vinyals and Le (2014), Sequence to Sequence Learning with Neural Networks, arXiv:1409.3215",
    recipe=LSTMSeq2Seq,
)
