"""Weights & Biases: a process per experiment that reads the database and logs to W&B; workers know nothing of it."""
