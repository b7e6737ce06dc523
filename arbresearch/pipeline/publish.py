"""Reports on disk: a folder a run that appears whole, an index of all of them, and a pointer to the latest good one.

The folders are the only record: the index and the pointers are rebuilt from them and can be deleted at any time.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from arbresearch.core import ArbError, BadInput, expected
from arbresearch.pipeline.files import lock, write_atomically
from arbresearch.pipeline.manifest import Manifest
from arbresearch.pipeline.result import Result, load_result
from arbresearch.report.html import KeyFigure
from arbresearch.report.pages import RunCard, render_index, render_redirect

__all__ = ["REPORT", "Run", "check_name", "draft", "latest_run", "list_runs", "prune", "publish", "rebuild_index"]

REPORT: Final = "report.html"
_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
_DRAFT: Final = ".draft-"
_ABANDONED_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Run:
    """One published run; ``result`` is None for a failed one."""

    folder: Path
    manifest: Manifest
    result: Result | None

    @property
    def ok(self) -> bool:
        """Return whether the run came to its end with a result."""
        return self.manifest.status == "ok" and self.result is not None


def check_name(name: str) -> str:
    """Return a name that can be a folder; :class:`BadInput` for one that cannot."""
    if not _NAME.match(name):
        raise BadInput(
            expected("report name", "letters, digits, '.', '_' and '-', not starting with a mark", repr(name))
        )
    return name


@contextmanager
def draft(root: Path, name: str) -> Iterator[Path]:
    """Give a hidden folder beside the published runs of a name; what is left of it at the end is removed."""
    home = root / check_name(name)
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, root: Path, manifest: Manifest, *, keep: int | None = None) -> Path:
    """Turn a draft into a published run, in one step, and rebuild the index.

    Parameters
    ----------
    folder
        The draft, with everything in it but the manifest.
    root
        The reports folder.
    manifest
        Written as ``manifest.json``; its ``run_id`` is the name of the folder. Two runs of the same second with the
        same inputs get ``-2``, ``-3`` after it.
    keep
        Where given, only that many newest runs of the name stay, and always the last good one.

    Returns
    -------
    Path
        The published folder.
    """
    write_atomically(folder / "manifest.json", manifest.text())
    folder.chmod(0o755)
    with lock(root / ".lock"):
        home = root / manifest.name
        target = home / manifest.run_id
        for number in range(2, 10_000):
            if not target.exists():
                break
            target = home / f"{manifest.run_id}-{number}"
        folder.rename(target)
        _sweep(home)
        if keep is not None:
            _prune(root, manifest.name, keep)
        _rebuild(root)
    return target


def list_runs(root: Path) -> list[Run]:
    """Return all published runs, newest first; drafts and folders without a valid manifest are passed over."""
    found = []
    for path in root.glob("*/*/manifest.json"):
        if path.parent.name.startswith(".") or path.parent.parent.name.startswith("."):
            continue
        try:
            manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            continue
        found.append(Run(path.parent, manifest, _result(path.parent)))
    return sorted(found, key=lambda run: (run.manifest.started_ns, run.folder.name), reverse=True)


def _result(folder: Path) -> Result | None:
    try:
        return load_result(folder / "result.json")
    except (OSError, ArbError):
        return None


def latest_run(root: Path, name: str) -> Run | None:
    """Return the newest good run of a name, or None."""
    return next((run for run in list_runs(root) if run.manifest.name == name and run.ok), None)


def rebuild_index(root: Path) -> Path:
    """Write ``index.html`` and the pointers from the folders there are; safe beside runs that publish."""
    root.mkdir(parents=True, exist_ok=True)
    with lock(root / ".lock"):
        _rebuild(root)
    return root / "index.html"


def prune(root: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` runs of each name, never its last good one; return what was removed."""
    if keep < 1:
        raise BadInput(expected("keep", "at least 1", keep))
    with lock(root / ".lock"):
        names = {run.manifest.name for run in list_runs(root)}
        removed = [folder for name in sorted(names) for folder in _prune(root, name, keep)]
        _rebuild(root)
    return removed


def _prune(root: Path, name: str, keep: int) -> list[Path]:
    runs = [run for run in list_runs(root) if run.folder.parent == root / name]
    good = next((run.folder for run in runs if run.ok), None)
    old = [run.folder for run in runs[keep:] if run.folder != good]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    _sweep(root / name)
    return old


def _sweep(home: Path) -> None:
    """Remove drafts that a run which was killed left behind a day ago or earlier."""
    for folder in home.glob(f"{_DRAFT}*"):
        if time.time() - folder.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(folder, ignore_errors=True)


def _rebuild(root: Path) -> None:
    runs = list_runs(root)
    pointed: set[str] = set()
    for run in runs:
        name = run.manifest.name
        if run.ok and name not in pointed:
            pointed.add(name)
            page = render_redirect(f"{run.folder.name}/{REPORT}", f"Latest report of {name}")
            _write_if_new(root / name / "latest.html", page)
    write_atomically(root / "index.html", render_index([_card(run) for run in runs], updated_ns=time.time_ns()))


def _write_if_new(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)


def _card(run: Run) -> RunCard:
    manifest, result = run.manifest, run.result
    failed = not run.ok
    return RunCard(
        name=manifest.name,
        run_id=run.folder.name,
        address=f"{manifest.name}/{run.folder.name}/{REPORT}",
        started_ns=manifest.started_ns,
        seconds=manifest.seconds,
        status="failed" if failed or result is None else result.status,
        verdict=(manifest.failure or "no result") if failed or result is None else result.verdict,
        figures=key_figures(result) if result and not failed else (),
        kind=manifest.kind,
        part_of=manifest.part_of,
        overview=index_rows(result) if result and not failed else (),
    )


def key_figures(result: Result) -> tuple[KeyFigure, ...]:
    """Return the figures of a result as the report pages show them."""
    return tuple(KeyFigure(name, figure.shown, figure.note) for name, figure in result.figures.items())


def index_rows(result: Result) -> tuple[dict[str, str], ...]:
    """Return the rows of a result's table ``index`` as the index and the page of its pipeline show them."""
    rows = result.tables.get("index", [])
    return tuple({key: "–" if value is None else str(value) for key, value in row.items()} for row in rows)
