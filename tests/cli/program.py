"""``arb`` as a user types it, without starting a process each time: what that costs is seconds."""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest

from arbresearch.cli import main

__all__ = ["Ended", "arb"]


class Ended(NamedTuple):
    """How the program ended and what it said, under the names of ``subprocess.CompletedProcess``."""

    returncode: object
    stdout: str
    stderr: str


def arb(patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """Run the program in this process, without settings of the environment, 200 columns wide."""
    patch.setenv("COLUMNS", "200")
    patch.setattr(sys, "argv", ["arb", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capture.readouterr()
    return Ended(ended.value.code, said.out, said.err)
