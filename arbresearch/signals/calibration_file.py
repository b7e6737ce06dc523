"""A calibration as a small JSON file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from arbresearch.core import BadInput, StoreError, expected, format_ns, parse_ns
from arbresearch.signals.model import ConfidenceModel

__all__ = ["CALIBRATION_FORMAT", "read_calibration", "write_calibration"]

CALIBRATION_FORMAT: Final = 1

_TIMES: Final = ("made_ns", "start_ns", "end_ns")
_TUPLES: Final = ("horizons_s", "pairs")
_FIELDS: Final = (
    "horizons_s", "target_horizon_s", "min_z", "l2", "made_ns", "data_hash", "start_ns", "end_ns", "pairs", "outcomes",
    "base_rate", "held_out",
)  # fmt: skip
_ARRAYS: Final = ("fill", "weights", "missing_weights", "knots_x", "knots_y")


def write_calibration(path: Path, fields: Mapping[str, Any], model: ConfidenceModel) -> None:
    """Write the fields of a calibration and its model; numbers come back as they were, times as ISO 8601 UTC.

    Raises
    ------
    StoreError
        The file cannot be written; what was there before is untouched.
    """
    content: dict[str, Any] = {"format": CALIBRATION_FORMAT}
    for name in _FIELDS:
        value = fields[name]
        content[name.removesuffix("_ns")] = format_ns(value, 9) if name in _TIMES else value
    content["held_out"] = {key: None if value != value else value for key, value in fields["held_out"].items()}
    content["model"] = {name: getattr(model, name).tolist() for name in _ARRAYS} | {"intercept": model.intercept}
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    aside: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        aside = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as error:
        if aside is not None:
            aside.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written ({error}); choose another place") from error


def read_calibration(path: Path) -> tuple[dict[str, Any], ConfidenceModel]:
    """Return the fields and the model that :func:`write_calibration` was given.

    Raises
    ------
    BadInput
        There is no such file, or it is of another version.
    StoreError
        It is damaged, or no calibration.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(expected(str(path), "a calibration file", "nothing", "fit one and save it")) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: damaged ({error}); calibrate anew") from error
    if not isinstance(content, dict) or "format" not in content:
        raise StoreError(expected(str(path), "a calibration file", "another", "calibrate anew"))
    if content["format"] != CALIBRATION_FORMAT:
        found = f"format {content['format']}"
        raise BadInput(expected(str(path), f"format {CALIBRATION_FORMAT}", found, "calibrate anew"))
    try:
        fields = {name: content[name.removesuffix("_ns")] for name in _FIELDS}
        fields |= {name: parse_ns(fields[name]) for name in _TIMES} | {name: tuple(fields[name]) for name in _TUPLES}
        fields["held_out"] = {key: np.nan if value is None else value for key, value in fields["held_out"].items()}
        arrays = {name: np.array(content["model"][name], dtype=np.float64) for name in _ARRAYS}
        model = ConfidenceModel(**arrays, intercept=float(content["model"]["intercept"]))
    except (KeyError, TypeError, ValueError, AttributeError, BadInput) as error:
        todo = "calibrate anew"
        raise StoreError(expected(str(path), "a whole calibration", f"one with a fault ({error})", todo)) from error
    return fields, model
