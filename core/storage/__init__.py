"""Our tables beside Optuna's in one database."""
