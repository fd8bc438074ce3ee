"""One command per file: ``HELP``, ``add_arguments(parser)`` and ``run(args, settings) -> int``."""
