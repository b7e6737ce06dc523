"""What a run was made of: versions, hashes, parameters, durations; nothing of the machine it ran on."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

import arbresearch
from arbresearch.core import format_ns

__all__ = ["Manifest", "StageRecord", "content_hash", "git_revision", "lock_hash", "run_id", "versions"]

_PACKAGES: Final = (
    "numpy",
    "polars",
    "duckdb",
    "pyarrow",
    "numba",
    "scipy",
    "ccxt",
    "matplotlib",
    "pydantic",
    "papermill",
    "ipykernel",
)


class StageRecord(BaseModel):
    """One run of a stage in the manifest of a pipeline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    status: Literal["ok", "failed", "skipped"]
    name: str
    run_id: str = ""
    attempts: int = 0
    seconds: float = 0.0
    reason: str = ""


class Manifest(BaseModel):
    """The manifest of one run, ``manifest.json`` beside its report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    kind: Literal["notebook", "pipeline"] = "notebook"
    name: str
    run_id: str
    status: Literal["ok", "failed"]
    failure: str = ""
    started_ns: int
    started: str
    seconds: float
    cells_s: dict[int, float] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    lock_hash: str | None = None
    git_revision: str | None = None
    data_hash: str | None = None
    source_hash: str = ""
    part_of: str = ""
    warnings: list[str] = Field(default_factory=list)
    stages: list[StageRecord] = Field(default_factory=list)

    def text(self) -> str:
        """Return the manifest as it is stored and shown."""
        return self.model_dump_json(indent=2, exclude_defaults=False) + "\n"


def run_id(started_ns: int, source_hash: str, parameters: Mapping[str, Any], data_hash: str | None) -> str:
    """Return ``<utc>_<hash>``: the hash is that of notebook, parameters, data and package version."""
    made_of = json.dumps(
        [source_hash, dict(parameters), data_hash, arbresearch.__version__], sort_keys=True, default=str
    )
    moment = format_ns(started_ns, 0).replace("-", "").replace(":", "")
    return f"{moment}_{hashlib.sha256(made_of.encode()).hexdigest()[:8]}"


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file as hex text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, this package and what it stands on; packages that are missing are left out."""
    found = {"python": platform.python_version(), "arbresearch": arbresearch.__version__}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _checkout() -> Path:
    return Path(arbresearch.__file__).resolve().parent.parent


@cache
def lock_hash() -> str | None:
    """Return the SHA-256 of ``requirements.lock`` of the checkout; None for an installed package."""
    path = _checkout() / "requirements.lock"
    return content_hash(path) if path.is_file() else None


@cache
def git_revision() -> str | None:
    """Return the commit of the checkout, ``-dirty`` with uncommitted changes; None where there is none."""
    git = shutil.which("git")
    if git is None or not (_checkout() / ".git").exists():
        return None

    def ask(*words: str) -> str | None:
        try:
            done = subprocess.run(
                [git, *words], cwd=_checkout(), capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None
    return f"{commit}-dirty" if ask("status", "--porcelain", "--untracked-files=no") else commit
