"""How well chances that were stated agree with what happened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import Bools, Floats, Times

__all__ = ["CalibrationReport", "judge_confidence", "time_blocks"]

BINS: Final = 10
RESAMPLES: Final = 2_000
BLOCK_HORIZONS: Final = 4
"""Length of the blocks of time that are resampled, target horizons: outcomes further apart share no future."""
MOST_BLOCKS: Final = 1_000
LEAST_BLOCKS: Final = 8
_LEAST: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationReport:
    """Chances against outcomes; shares and chances in [0, 1].

    Parameters
    ----------
    table : polars.DataFrame
        A row for each of ten bins of equal counts, from the least confident: bin, outcomes, lowest, highest, confidence
        (mean), observed (share that came back), lower and upper (95 % of the share, from blocks of time; else NaN).
    outcomes, blocks
        Number of outcomes, and of blocks of time in which there is one.
    base_rate
        Share that came back.
    ece, ece_lower, ece_upper
        Expected calibration error (Naeini, Cooper, Hauskrecht 2015): mean over the outcomes of the distance between the
        share and the mean confidence of the bin; and its 95 % interval: the quantiles of resampled blocks about their
        mean, set about the estimate, for resampling adds noise to every bin. NaN with fewer than eight blocks.
    ece_chance
        What a perfect forecast of so many outcomes, as dependent as these, would show on average.
    brier, log_loss
        Mean squared difference, and mean negative log likelihood, of chance and outcome.
    reliability, resolution, uncertainty, within
        ``brier = reliability - resolution + uncertainty + within`` exactly: Murphy (1973) for the bins, and what bins
        with several chances add (Stephenson, Coelho, Jolliffe 2008, variance and covariance within).
    skill
        One less the Brier score over that of always saying the base rate.
    """

    table: pl.DataFrame
    outcomes: int
    blocks: int
    base_rate: float
    ece: float
    ece_lower: float
    ece_upper: float
    ece_chance: float
    brier: float
    log_loss: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float

    @property
    def skill(self) -> float:
        """Return the Brier skill against the base rate; NaN where all outcomes are the same."""
        return 1.0 - self.brier / self.uncertainty if self.uncertainty > 0.0 else math.nan

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, without the table."""
        names = ("outcomes", "blocks", "base_rate", "ece", "ece_lower", "ece_upper", "ece_chance", "brier",
                 "log_loss", "reliability", "resolution", "uncertainty", "within")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def judge_confidence(
    confidence: Floats, reverted: Bools, time_ns: Times, horizon_ns: int, *, bins: int = BINS
) -> CalibrationReport:
    """Hold chances against outcomes.

    Outcomes of one stretch of time depend on each other, whatever their pair, so intervals resample whole blocks of
    four target horizons (longer ones where that makes more than a thousand). The same data give the same interval.

    Parameters
    ----------
    confidence : array, shape (n,)
        In [0, 1], stated before the outcomes were known.
    reverted : array, shape (n,)
    time_ns : array, shape (n,)
    horizon_ns
        How long each outcome takes to be known.
    bins
        Number of bins of equal counts.

    Raises
    ------
    BadInput
        A chance is none, or there are fewer outcomes than bins.
    """
    if len(confidence) < bins:
        raise BadInput(expected("outcomes", f"at least {bins}, one for each bin", len(confidence)))
    wrong = ~((confidence >= 0.0) & (confidence <= 1.0))
    if wrong.any():
        raise BadInput(expected("confidence", "chances from 0 to 1", confidence[wrong][0]))
    came = reverted.astype(np.float64)
    member = np.empty(len(came), dtype=np.int64)
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, bins)
    for place, part in enumerate(parts):
        member[part] = place
    counts = np.array([part.size for part in parts], dtype=np.float64)
    stated = np.bincount(member, confidence, bins) / counts
    observed = np.bincount(member, came, bins) / counts
    block = time_blocks(time_ns, horizon_ns)
    spread = _resampled(block, member, confidence, came, bins)
    base, brier = float(came.mean()), float(((confidence - came) ** 2).mean())
    weights = counts / counts.sum()
    reliability = float((weights * (stated - observed) ** 2).sum())
    resolution = float((weights * (observed - base) ** 2).sum())
    safe = np.clip(confidence, _LEAST, 1.0 - _LEAST)
    table = pl.DataFrame(
        {
            "bin": np.arange(1, bins + 1),
            "outcomes": counts.astype(np.int64),
            "lowest": [confidence[part].min() for part in parts],
            "highest": [confidence[part].max() for part in parts],
            "confidence": stated,
            "observed": observed,
            "lower": spread.lower,
            "upper": spread.upper,
        }
    )
    ece = float((weights * np.abs(stated - observed)).sum())
    return CalibrationReport(
        table=table,
        outcomes=len(came),
        blocks=int(block.max()) + 1,
        base_rate=base,
        ece=ece,
        ece_lower=float(np.clip(ece + spread.ece_low, 0.0, 1.0)),
        ece_upper=float(np.clip(ece + spread.ece_high, 0.0, 1.0)),
        ece_chance=spread.ece_chance,
        brier=brier,
        log_loss=float(-np.where(reverted, np.log(safe), np.log1p(-safe)).mean()),
        reliability=reliability,
        resolution=resolution,
        uncertainty=base * (1.0 - base),
        within=brier - (reliability - resolution + base * (1.0 - base)),
    )


def time_blocks(time_ns: Times, horizon_ns: int) -> Times:
    """Return the block of time of each outcome, numbered from 0 without holes.

    Blocks are four target horizons long, or longer where there would be more than a thousand of them.
    """
    if not time_ns.size:
        return np.empty(0, dtype=np.int64)
    length = max(BLOCK_HORIZONS * horizon_ns, int(np.ptp(time_ns)) // MOST_BLOCKS)
    return np.asarray(np.unique(time_ns // length, return_inverse=True)[1], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Spread:
    lower: Floats
    upper: Floats
    ece_low: float
    ece_high: float
    ece_chance: float


def _resampled(block: Times, member: Times, confidence: Floats, came: Floats, bins: int) -> _Spread:
    blocks = int(block.max()) + 1
    if blocks < LEAST_BLOCKS:
        nothing = np.full(bins, np.nan)
        return _Spread(nothing, nothing, math.nan, math.nan, math.nan)
    cell, cells = block * bins + member, blocks * bins
    sums = [np.bincount(cell, one, cells).reshape(blocks, bins) for one in (np.ones(len(came)), confidence, came)]
    digest = blake2b(np.ascontiguousarray(confidence).tobytes() + came.tobytes(), digest_size=8).digest()
    generator = np.random.default_rng(int.from_bytes(digest, "little"))
    weights = generator.multinomial(blocks, np.full(blocks, 1.0 / blocks), RESAMPLES).astype(np.float64)
    # Not by BLAS, whose last digits and time depend on its threads.
    counts, stated, observed = (np.einsum("rb,bc->rc", weights, one) for one in sums)
    # A bin that no drawn block has says nothing in that resample.
    some = np.where(counts > 0.0, counts, np.nan)
    gap, share = (stated - observed) / some, observed / some
    plain = (sums[1].sum(0) - sums[2].sum(0)) / sums[0].sum(0)
    parts = some / np.nansum(some, axis=1, keepdims=True)
    error = np.nansum(parts * np.abs(gap), axis=1)
    chance = np.nansum(parts * np.abs(gap - plain), axis=1)
    low, high = np.quantile(error - error.mean(), [0.025, 0.975])
    lower, upper = np.nanquantile(share, [0.025, 0.975], axis=0)
    return _Spread(lower, upper, float(low), float(high), float(chance.mean()))
