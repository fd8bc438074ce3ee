"""The metrics that every run may record, by name."""

from __future__ import annotations

from core.component import MetricInfo

METRICS = (
    MetricInfo(
        name="train_loss",
        code="train_loss",
        summary="mean loss over the batches of an epoch, while training",
        direction="minimize",
    ),
    MetricInfo(
        name="val_loss",
        code="val_loss",
        summary="loss on the validation samples at the end of an epoch",
        direction="minimize",
    ),
    MetricInfo(
        name="test_loss",
        code="test_loss",
        summary="loss on the test samples at the best validation epoch",
        direction="minimize",
    ),
    MetricInfo(
        name="val_accuracy",
        code="val_accuracy",
        summary="fraction of validation samples classified correctly",
        direction="maximize",
    ),
    MetricInfo(
        name="test_accuracy",
        code="test_accuracy",
        summary="fraction of test samples classified correctly, at the best validation epoch",
        direction="maximize",
    ),
    MetricInfo(
        name="val_mae",
        code="val_mae",
        summary="mean absolute error on the validation samples",
        direction="minimize",
    ),
    MetricInfo(
        name="lr",
        code="lr",
        summary="learning rate in force",
        direction="none",
    ),
    MetricInfo(
        name="effective_lr",
        code="effective_lr",
        summary="rate that multiplies the update: lr, or d times lr for LR-free optimizers",
        direction="none",
    ),
    MetricInfo(
        name="momentum",
        code="momentum",
        summary="momentum in force (beta1 for Adam and its kin)",
        direction="none",
    ),
    MetricInfo(
        name="grad_norm",
        code="grad_norm",
        summary="Euclidean norm of the gradient over all parameters, at the last step of an epoch",
        direction="none",
    ),
    MetricInfo(
        name="update_ratio",
        code="update_ratio",
        summary="norm of the change of the weights over the norm of the weights, at the last step of an epoch",
        direction="none",
    ),
)
