"""The processes that train. Nobody imports this package: executors start it."""
