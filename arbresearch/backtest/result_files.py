"""A result as a folder: a Parquet file a frame, and two JSON files."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from arbresearch.backtest.tables import TABLES
from arbresearch.core import BadInput, StoreError, expected

__all__ = ["read_folder", "write_folder"]

_FORMAT: Final = 1
_FACTS: Final = "summary.json"
_CONFIG: Final = "config.json"


def write_folder(
    folder: Path, frames: Mapping[str, pl.DataFrame], facts: Mapping[str, Any], config: Mapping[str, Any]
) -> None:
    """Write a result beside its place and give it its name in one step.

    Raises
    ------
    BadInput
        Something is there already, or the configuration is nothing that JSON can hold.
    StoreError
        It cannot be written; nothing is left behind.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(expected(str(folder), "a new or empty folder", "something else", "choose another, or remove it"))
    rows = {name: frame.height for name, frame in frames.items()}
    try:
        texts = {
            _FACTS: json.dumps({"format": _FORMAT, "rows": rows, **facts}, indent=1, allow_nan=False),
            _CONFIG: json.dumps(config, indent=1, allow_nan=False),
        }
    except (TypeError, ValueError) as error:
        raise BadInput(expected("config", "what JSON can hold", str(error))) from error
    aside: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        aside.chmod(0o755)
        for name, frame in frames.items():
            frame.write_parquet(aside / f"{name}.parquet")
        for name, text in texts.items():
            (aside / name).write_text(text + "\n", encoding="utf-8")
        aside.rename(folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error}); free some space or choose another place") from error
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)


def read_folder(folder: Path) -> tuple[dict[str, pl.DataFrame], dict[str, Any], dict[str, Any]]:
    """Return the frames, facts and configuration that :func:`write_folder` was given.

    Raises
    ------
    BadInput
        There is no result, or it was written in another format.
    StoreError
        A file is missing, damaged, or not what was written.
    """
    if not (folder / _FACTS).is_file():
        found = "a folder without one" if folder.is_dir() else "no folder"
        raise BadInput(expected(str(folder), f"a saved result with its {_FACTS}", found))
    facts, config = _json(folder / _FACTS), _json(folder / _CONFIG)
    if facts.pop("format", None) != _FORMAT:
        raise BadInput(expected(str(folder / _FACTS), f"format {_FORMAT}", "another", "run the backtest again"))
    rows = facts.pop("rows", {})
    return {name: _frame(folder, name, schema, rows) for name, schema in TABLES.items()}, facts, config


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(
            expected(str(path), "a file", "none", "the result is not whole: run the backtest again")
        ) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: damaged ({error}); run the backtest again") from error
    if not isinstance(content, dict):
        raise StoreError(expected(str(path), "a JSON object", type(content).__name__, "run the backtest again"))
    return content


def _frame(folder: Path, name: str, schema: pl.Schema, rows: Mapping[str, int]) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    try:
        frame = pl.read_parquet(path)
    except FileNotFoundError:
        raise StoreError(
            expected(str(path), "a file", "none", "the result is not whole: run the backtest again")
        ) from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{path}: damaged ({error}); run the backtest again") from error
    if frame.schema != schema or frame.height != rows.get(name):
        want = f"{rows.get(name)} rows of {', '.join(schema.names())}"
        found = f"{frame.height} rows of {', '.join(frame.columns)}"
        raise StoreError(expected(str(path), want, found, "run the backtest again"))
    return frame
