"""Two venues whose spread is a process with known parameters, and the optimiser on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arbresearch.backtest import BacktestConfig, Balances, Inputs, SpotArbitrageBacktester, VenueTape
from arbresearch.backtest.clocks import ClockSample
from arbresearch.backtest.listed import Listed
from arbresearch.backtest.streams import Stream, Streams
from arbresearch.core import NS_PER_SECOND, FeeSchedule
from arbresearch.edges.pair import frozen
from arbresearch.matching.rows import BookRows
from arbresearch.stats import monitoring_shift
from arbresearch.thresholds.theory import ReversionTerms
from tests.thresholds.paths import EPOCH_NS, reverting

__all__ = ["COIN", "FEE_BPS", "HALF_SPREAD_BPS", "Spread", "backtester_of", "config_of", "inputs_of"]

HALF_SPREAD_BPS, FEE_BPS = 0.5, 1.5
PRICE, COIN = 100.0, 50.0
START_NS = EPOCH_NS // (3600 * NS_PER_SECOND) * (3600 * NS_PER_SECOND)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """``dy = kappa (theta - y) dt + sigma dW`` by its standard deviation and half-life, seen every ``dt_s``."""

    sd_bps: float = 8.0
    half_life_s: float = 120.0
    theta_bps: float = 0.0
    dt_s: float = 2.0

    @property
    def kappa(self) -> float:
        return float(np.log(2.0) / self.half_life_s)

    @property
    def sigma(self) -> float:
        return float(self.sd_bps * np.sqrt(2.0 * self.kappa))

    @property
    def terms(self) -> ReversionTerms:
        """Return the process as theory takes it, at the cost of these venues."""
        return ReversionTerms(
            theta_bps=self.theta_bps,
            kappa=self.kappa,
            sigma=self.sigma,
            cost_bps=4.0 * (HALF_SPREAD_BPS + FEE_BPS),
            shift_bps=monitoring_shift(self.sigma, self.dt_s),
        )

    def path(self, days: float, seed: int) -> Floats:
        rows = round(days * 86_400 / self.dt_s)
        step = self.kappa * self.dt_s
        return np.asarray(reverting(rows, step, seed=seed, theta=self.theta_bps, sd=self.sd_bps)[0])


def _tape(times: Any, mid: Floats) -> VenueTape:
    sizes = np.full(mid.size, 1e9)
    bid, ask = mid * (1.0 - 1e-4 * HALF_SPREAD_BPS), mid * (1.0 + 1e-4 * HALF_SPREAD_BPS)
    return VenueTape(book=BookRows(*(frozen(one) for one in (times, bid, sizes, ask, sizes))))


def inputs_of(y_bps: Floats, dt_s: float) -> Inputs:
    """Return two books whose mids are apart by a spread, both updated every ``dt_s``."""
    times = START_NS + np.round(np.arange(y_bps.size) * dt_s * 1e9).astype(np.int64)
    market = (
        _tape(times, PRICE * np.exp(5e-5 * y_bps)),
        _tape(times, PRICE * np.exp(-5e-5 * y_bps)),
        VenueTape(),
    )
    streams = Streams(a=Stream("mexc", "SIM/USDT"), b=Stream("gate", "SIM/USDT"), hedge=None, base="SIM", quote="USDT")
    return Inputs(
        streams=streams,
        span=(int(times[0]), int(times[-1]) + 1),
        market=market,
        listed=(Listed(), Listed()),
        first_mids=(PRICE, PRICE),
        clocks=(ClockSample(None, None, ()), ClockSample(None, None, ())),
        daily=(None, None),
        networks=None,
        digest="simulated",
        warnings=(),
    )


def config_of(**changes: Any) -> BacktestConfig:
    """Return a configuration that shifts all coin at once, without latency."""
    fee = FeeSchedule.from_bps(FEE_BPS, FEE_BPS)
    held = Balances(base=COIN, quote=3.0 * COIN * PRICE)
    values: dict[str, Any] = {
        "fees": {"mexc": fee, "gate": fee}, "latency_ms": 0.0, "balances_a": held, "balances_b": held,
        "position_size_usd": 100.0 * COIN * PRICE,
    }  # fmt: skip
    return BacktestConfig(**{**values, **changes})


class _Simulated(SpotArbitrageBacktester):
    """A backtester over inputs that no store holds."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._own_fees = {}

    def load(self, symbol: str, config: BacktestConfig) -> Inputs:  # noqa: ARG002 - the signature of the class
        return self._inputs


def backtester_of(y_bps: Floats, dt_s: float) -> SpotArbitrageBacktester:
    """Return a backtester over a simulated spread."""
    return _Simulated(inputs_of(y_bps, dt_s))
