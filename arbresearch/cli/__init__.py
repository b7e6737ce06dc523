"""The command line, ``arb``: each command is a thin layer over the package."""

from arbresearch.cli.main import app, main

__all__ = ["app", "main"]
