"""The record of a signal: made from settings and a model, written to bytes and read back."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, expected
from arbresearch.signals.layout import CELL, ENGINE
from arbresearch.signals.model import ConfidenceModel, ConfidenceSource
from arbresearch.signals.settings import SAMPLES, SignalSettings

__all__ = ["new_engine", "packed", "restore"]

Engine = npt.NDArray[Any]

_VERSION: Final = 1
_SAVED: Final = ("state", "numbers")
_LONGEST_AGO_NS: Final = -(2**62)


def new_engine(settings: SignalSettings, calibration: ConfidenceSource | None) -> Engine:
    """Return the record of a signal that has seen nothing, shape (1,).

    Raises
    ------
    BadInput
        A calibration for other horizons.
    """
    engines = np.zeros(1, dtype=ENGINE)
    terms, state, numbers = (engines[0][name] for name in ("terms", "state", "numbers"))
    count = len(settings.horizons_s)
    terms["horizons"], terms["target"] = count, settings.target
    terms["spacing_ns"][:count] = [one // SAMPLES for one in settings.horizons_ns]
    terms["keep"] = 1.0 - settings.fees_a.taker, 1.0 - settings.fees_b.taker
    terms["pay"] = 1.0 + settings.fees_a.taker, 1.0 + settings.fees_b.taker
    terms["threshold_bps"] = settings.sell_a_bps, settings.sell_b_bps
    terms["min_confidence"] = settings.min_confidence
    terms["max_age_ns"], terms["max_skew_ns"] = settings.max_age_ns, settings.max_skew_ns
    state["time_ns"] = _LONGEST_AGO_NS
    state["bid"] = state["ask"] = state["edge_bps"] = np.nan
    state["ring"], state["sorted"] = np.nan, np.inf
    state["mean"] = state["sd"] = state["theta"] = state["reach"] = state["ranks"] = np.nan
    for name in ("edge_bps", "confidence", "percentile", "z_score", "reversion_probability"):
        numbers[name] = np.nan
    for name in (numbers["context"].dtype.names or ())[1:]:
        numbers["context"][name] = np.nan
    numbers["direction"] = -1
    if calibration is not None:
        _check_horizons(settings, calibration)
        _put_model(engines, calibration.model)
    return engines


def _check_horizons(settings: SignalSettings, calibration: ConfidenceSource) -> None:
    want = (tuple(settings.horizons_s), settings.target_horizon_s)
    found = (tuple(calibration.horizons_s), calibration.target_horizon_s)
    if want != found or calibration.model.horizons != len(settings.horizons_s):
        todo = "take the horizons it was fitted with, or fit another one"
        raise BadInput(expected("calibration", _horizons(*want), _horizons(*found), todo))


def _horizons(horizons_s: tuple[float, ...], target_s: float) -> str:
    return f"horizons of {', '.join(f'{one:g}' for one in horizons_s)} s with the target {target_s:g} s"


def _put_model(engines: Engine, model: ConfidenceModel) -> None:
    record = engines[0]["model"]
    features, knots = model.fill.size, model.knots_x.size
    record["features"], record["knots"], record["intercept"] = features, knots, model.intercept
    for name in ("fill", "weights", "missing_weights"):
        record[name][:features] = getattr(model, name)
    for name in ("knots_x", "knots_y"):
        record[name][:knots] = getattr(model, name)
    engines[0]["numbers"]["calibrated"] = True


def packed(engines: Engine, settings: SignalSettings) -> bytes:
    """Return all that a signal remembers as bytes of a constant number: a line of JSON, then the records."""
    body = b"".join(engines[name].tobytes() for name in _SAVED)
    return _head(settings, body) + body


def _head(settings: SignalSettings, body: bytes) -> bytes:
    head = {"signal_state": _VERSION, "sampling": settings.sampling, "records": _records(), "digest": _digest(body)}
    return json.dumps(head).encode() + b"\n"


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def _records() -> str:
    layout = [(str(ENGINE[name]), ENGINE[name].itemsize) for name in _SAVED]
    return blake2b(f"{layout} {CELL} little".encode(), digest_size=8).hexdigest()


def restore(engines: Engine, settings: SignalSettings, saved: bytes) -> None:
    """Put a record where :func:`packed` left one.

    Raises
    ------
    BadInput
        Not a state, a damaged one, or one of another version or of other settings.
    """
    first, _, body = saved.partition(b"\n")
    try:
        head = json.loads(first)
        version = head["signal_state"]
    except (ValueError, KeyError, TypeError):
        raise BadInput(expected("state", "the saved state of a signal", f"{len(saved)} other bytes")) from None
    todo = "start without a state; it fills as quotes come in"
    if version != _VERSION or head.get("records") != _records():
        raise BadInput(expected("state", f"version {_VERSION} of this program", f"version {version}", todo))
    if head.get("sampling") != settings.sampling:
        raise BadInput(expected("state", f"one with {settings.sampling}", head.get("sampling"), todo))
    if head.get("digest") != _digest(body):
        raise BadInput(expected("state", "the bytes that were saved", "damaged ones", todo))
    calibrated = engines[0]["numbers"]["calibrated"]
    offset = 0
    for name in _SAVED:
        size = ENGINE[name].itemsize
        engines[name] = np.frombuffer(body[offset : offset + size], dtype=ENGINE[name])
        offset += size
    engines[0]["numbers"]["calibrated"] = calibrated
    engines[0]["state"]["renewed"] = True
