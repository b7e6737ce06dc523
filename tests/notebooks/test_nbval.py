"""nbval: every notebook runs from its defaults, and its reference cells say what they said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.reference import NOTEBOOKS, ROOT


@pytest.mark.slow
def test_notebooks_run_from_their_defaults(market: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q", "-p", "no:cacheprovider",
        "-p", "no:randomly", "-p", "no:xdist", "-c", os.devnull, f"--rootdir={ROOT}", *map(str, NOTEBOOKS),
    ]  # fmt: skip
    folders = {"ARB_STORE": market, "ARB_REPORTS": tmp_path / "reports", "IPYTHONDIR": tmp_path / "ipython"}
    environment = {**os.environ, **{name: str(folder) for name, folder in folders.items()}}
    for name in ("ARB_RESULT_PATH", "ARB_FIGURES", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
