"""The records that the signal's step reads, keeps and writes."""

from __future__ import annotations

from typing import Final

import numpy as np

from arbresearch.signals.model import FEATURES_PER_HORIZON, MOST_KNOTS
from arbresearch.signals.settings import CELLS, MOST_HORIZONS, SAMPLES

__all__ = ["CELL", "CONTEXT", "ENGINE", "MODEL", "NUMBERS", "PAIRS", "SORTED", "STATE", "TERMS"]

_F, _I, _B = np.float64, np.int64, np.bool_

SORTED: Final = 128
"""Places of the samples in order; those that hold none are infinite. A power of two above :data:`SAMPLES`."""
CELL: Final = SAMPLES // CELLS
"""Samples of a cell."""
PAIRS: Final = CELLS * (CELLS - 1) // 2
"""Of cells."""

TERMS: Final = np.dtype([
    ("horizons", _I), ("target", _I), ("spacing_ns", _I, (MOST_HORIZONS,)),
    ("keep", _F, (2,)), ("pay", _F, (2,)), ("threshold_bps", _F, (2,)), ("min_confidence", _F),
    ("max_age_ns", _I), ("max_skew_ns", _I),
], align=True)  # fmt: skip
"""Settings: by venue what a sale leaves and what a purchase costs, by direction the threshold."""

MODEL: Final = np.dtype([
    ("features", _I), ("knots", _I), ("intercept", _F),
    ("fill", _F, (MOST_HORIZONS * FEATURES_PER_HORIZON,)), ("weights", _F, (MOST_HORIZONS * FEATURES_PER_HORIZON,)),
    ("missing_weights", _F, (MOST_HORIZONS * FEATURES_PER_HORIZON,)),
    ("knots_x", _F, (MOST_KNOTS,)), ("knots_y", _F, (MOST_KNOTS,)),
], align=True)  # fmt: skip
"""A :class:`~arbresearch.signals.ConfidenceModel`; no features: none."""

CONTEXT: Final = np.dtype([
    ("ready", _B), ("mean", _F), ("sd", _F), ("slope_bps_per_hour", _F), ("trend_t", _F), ("variance_ratio", _F),
    ("phi", _F), ("kappa", _F), ("theta", _F), ("stationary_sd", _F), ("half_life_s", _F),
], align=True)  # fmt: skip
"""What is known of one direction and horizon from the last completed cell."""

STATE: Final = np.dtype([
    ("time_ns", _I), ("quoted", np.uint8, (2,)), ("recv_ns", _I, (2,)), ("bid", _F, (2,)), ("ask", _F, (2,)),
    ("started", _B), ("renewed", _B), ("edge_bps", _F, (2,)), ("fresh_until_ns", _I), ("due_ns", _I),
    ("next_ns", _I, (MOST_HORIZONS,)), ("taken", _I, (MOST_HORIZONS,)), ("at", _I, (MOST_HORIZONS,)),
    ("known", _I, (2, MOST_HORIZONS)), ("contexts", _I, (MOST_HORIZONS,)),
    ("ring", _F, (2, MOST_HORIZONS, SAMPLES)), ("sorted", _F, (2, MOST_HORIZONS, SORTED)),
    ("mean", _F, (2, MOST_HORIZONS)), ("sd", _F, (2, MOST_HORIZONS)), ("theta", _F, (2, MOST_HORIZONS)),
    ("reach", _F, (2, MOST_HORIZONS)), ("ranks", _F, (2, MOST_HORIZONS)),
], align=True)  # fmt: skip
"""All that a signal remembers besides its contexts.

``due_ns`` is the earliest of ``next_ns``, the grid instants whose samples are not taken yet; ``taken`` counts samples,
``at`` is the place in the ring of the next one, ``contexts`` counts completed cells. ``renewed`` says that samples came
since numbers were said: until then an edge that has not moved has the same numbers.

What every update needs of each direction and horizon lies side by side, NaN while there is none: ``mean``, ``sd``
(NaN too where it is zero), ``theta``, ``reach``, the distance from theta that one unit of the argument of the reversion
probability stands for, and ``ranks``, twice the number of known samples.
"""

NUMBERS: Final = np.dtype([
    ("time_ns", _I), ("primary_signal", _I), ("direction", _I), ("calibrated", _B), ("edge_bps", _F, (2,)),
    ("confidence", _F, (2,)), ("percentile", _F, (2, MOST_HORIZONS)), ("z_score", _F, (2, MOST_HORIZONS)),
    ("reversion_probability", _F, (2, MOST_HORIZONS)),
    ("context_ns", _I, (MOST_HORIZONS,)), ("context", CONTEXT, (2, MOST_HORIZONS)),
], align=True)  # fmt: skip
"""What is said at one update, and the contexts it rests on with the ends of their cells."""

ENGINE: Final = np.dtype([
    ("terms", TERMS), ("model", MODEL), ("state", STATE), ("numbers", NUMBERS),
    ("features", _F, (2, MOST_HORIZONS * FEATURES_PER_HORIZON)),
    ("window", _F, (SAMPLES,)), ("known", _F, (SAMPLES,)), ("cells", _F, (CELLS,)),
    ("slopes", _F, (PAIRS,)), ("ranked", _F, (PAIRS,)), ("ranks", _I, (PAIRS,)),
], align=True)  # fmt: skip
"""A signal in one record: settings, model, state, what it said last, and working space."""
