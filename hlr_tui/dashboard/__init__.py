"""Optuna's dashboard, served to this machine alone."""
