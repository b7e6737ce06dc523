"""Who plays what: every parameter of the market, drawn from the spec alone and before any price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import exp, floor, log, log10
from typing import Final

import numpy as np

from arbresearch.core import ParameterError, expected
from arbresearch.sample.catalog import COMMON_COINS, VENUES, VenueProfile
from arbresearch.sample.spec import SampleSpec
from arbresearch.sample.substreams import Purpose, substream

__all__ = ["TRAPS", "CoinPlan", "Kind", "MarketPlan", "StreamPlan", "plan_market", "taker_fees_bps"]

QUOTE: Final = "USDT"
_MAJORS: Final = {"BTC": (0.016, 0.02), "ETH": (0.022, 0.04), "SOL": (0.03, 0.5)}
"""Daily volatility and tick in bps of the coins that are always there and never planted."""


class Kind(StrEnum):
    """What a pair of venues is for a symbol: it pays, it is ordinary, or it only seems to pay."""

    PAYS = "pays"
    NONE = "none"
    FEES = "fees"
    FLICKER = "flicker"
    THIN = "thin"
    IDENTITY = "identity"
    FROZEN = "frozen"
    DEPOSIT_SHUT = "deposit_shut"
    BAD_PRINT = "bad_print"


TRAPS: Final = tuple(kind for kind in Kind if kind not in (Kind.PAYS, Kind.NONE))


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Everything that shapes the quotes of one symbol on one venue.

    ``kind`` is the part this stream plays (``none`` unless it is the odd venue of its coin) and ``variant`` tells
    the several plants of a kind apart. Deviations are of the log price, in bps; ``tick`` is
    ``tick_steps / 10**tick_decimals`` and ``lot`` is ``10**lot_exponent`` base coins. ``other_coin`` marks a stream
    whose coin only shares the ticker, at ``price_ratio`` times the price. Below ``-thin_from_bps`` or above
    ``thin_from_bps`` the side that pays shows at most ``thin_notional`` in quote currency; None where it never is thin.
    """

    venue: str
    symbol: str
    coin: str
    swap: bool
    kind: Kind
    variant: int
    price: float
    price_ratio: float
    other_coin: bool
    tick_steps: int
    tick_decimals: int
    lot_exponent: int
    half_spread_bps: float
    deviation_mean_bps: float
    deviation_sd_bps: float
    deviation_half_life_s: float
    lag_ms: float
    delay_ms: float
    jitter_ms: float
    skew_ms: float
    drift_ms_per_day: float
    median_notional: float
    thin_from_bps: float | None
    thin_notional: float | None
    maker_fee: float
    taker_fee: float
    min_notional: float

    @property
    def tick(self) -> float:
        """Return the price step, quote per base."""
        return self.tick_steps / float(10**self.tick_decimals)

    @property
    def lot(self) -> float:
        """Return the quantity step, base coin."""
        return float(10**self.lot_exponent) if self.lot_exponent >= 0 else 1.0 / float(10**-self.lot_exponent)

    @property
    def quoted_half_spread_bps(self) -> float:
        """Return the expected half spread after rounding outwards: half a tick more on each side."""
        return self.half_spread_bps + 0.5e4 * self.tick / (self.price * self.price_ratio)

    @property
    def thin_units(self) -> float:
        """Return the largest size in lots of a thin side; infinite where nothing is thin."""
        return float("inf") if self.thin_notional is None else self.thin_notional / (self.price * self.lot)


@dataclass(frozen=True, slots=True)
class CoinPlan:
    """One coin: its price, its volatility, its role, and its streams."""

    coin: str
    price: float
    daily_volatility: float
    kind: Kind
    variant: int
    odd_venue: str | None
    streams: tuple[StreamPlan, ...]


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """All coins of a spec."""

    spec: SampleSpec
    coins: tuple[CoinPlan, ...]

    def streams(self) -> Iterator[tuple[CoinPlan, StreamPlan]]:
        """Iterate over all streams, coin by coin."""
        for coin in self.coins:
            for stream in coin.streams:
                yield coin, stream

    def find(self, venue: str, symbol: str) -> tuple[CoinPlan, StreamPlan]:
        """Return one stream and its coin; :class:`ParameterError` when the market has no such stream."""
        for coin, stream in self.streams():
            if stream.venue == venue and stream.symbol == symbol:
                return coin, stream
        known = f"a venue of {', '.join(self.spec.venues)} and a symbol such as {self.coins[0].streams[0].symbol}"
        raise ParameterError(expected("stream", known, f"{venue} {symbol}"))


def taker_fees_bps(seller: StreamPlan, buyer: StreamPlan) -> float:
    """Return what two takers pay together, in bps of log price: ``1e4 ln((1 + f_buy) / (1 - f_sell))``."""
    return 1e4 * (log(1.0 + buyer.taker_fee) - log(1.0 - seller.taker_fee))


@lru_cache(maxsize=4)
def plan_market(spec: SampleSpec) -> MarketPlan:
    """Draw the plan of a whole market from its spec.

    About 15 % of the coins pay on one venue against all others and a twentieth plays each kind of trap, at least
    two and one; BTC, ETH and SOL are always ordinary.
    """
    roles = _roles(spec)
    return MarketPlan(spec, tuple(_coin(spec, name, *roles.get(name, (Kind.NONE, 0))) for name in spec.coins))


def _roles(spec: SampleSpec) -> dict[str, tuple[Kind, int]]:
    free = spec.coins[len(_MAJORS) :]
    order = substream(spec.seed, Purpose.ROLES).permutation(len(free))
    wanted = [(Kind.PAYS, variant) for variant in range(max(2, round(0.15 * spec.symbols)))]
    wanted += [(trap, variant) for variant in range(max(1, spec.symbols // 20)) for trap in TRAPS]
    return {free[int(index)]: role for index, role in zip(order, wanted, strict=False)}


def _coin(spec: SampleSpec, name: str, kind: Kind, variant: int) -> CoinPlan:
    rng = substream(spec.seed, Purpose.COIN, name)
    price = COMMON_COINS.get(name, 0.0) * exp(0.1 * rng.standard_normal()) or _invented_price(rng)
    volatility, tick_bps = _MAJORS.get(name, (rng.uniform(0.018, 0.042), 10.0 ** rng.uniform(-0.5, 0.4)))
    if kind is Kind.FROZEN:
        volatility = 0.065
    odd = None if kind is Kind.NONE else spec.venues[int(rng.integers(len(spec.venues)))]
    spots = [_plain(spec, name, venue, price, tick_bps, kind) for venue in spec.venues]
    if odd is not None:
        spots = [_plant(one, spots, kind, variant, rng) if one.venue == odd else one for one in spots]
    swaps = []
    if spec.include_swaps and name in _MAJORS:
        places = dict.fromkeys((spec.venues[0], spec.venues[-1]))
        swaps = [_swap(spec, next(one for one in spots if one.venue == venue)) for venue in places]
    return CoinPlan(name, price, volatility, kind, variant, odd, (*spots, *swaps))


def _invented_price(rng: np.random.Generator) -> float:
    return float(10.0 ** min(max(-0.3 + 1.2 * rng.standard_normal(), -6.0), 2.5))


def _plain(spec: SampleSpec, coin: str, venue: str, price: float, tick_bps: float, kind: Kind) -> StreamPlan:
    profile = VENUES[venue]
    rng = substream(spec.seed, Purpose.STREAM, coin, venue)
    major = coin in _MAJORS
    tick_steps, tick_decimals = nice_step(price * tick_bps * 1e-4 * exp(0.4 * rng.standard_normal()))
    wide = 0.5 if major else 0.8 if kind is Kind.FEES else rng.uniform(1.2, 3.2)
    largest_lot = 0.1 if kind is Kind.THIN else 40.0 if major else 8.0
    median = rng.uniform(15_000.0, 40_000.0) if major else 10.0 ** rng.uniform(2.3, 3.3)
    if kind is Kind.PAYS:
        median = rng.uniform(2_000.0, 4_000.0)
    return StreamPlan(
        venue=venue, symbol=f"{coin}/{QUOTE}", coin=coin, swap=False, kind=Kind.NONE, variant=0,
        price=price, price_ratio=1.0, other_coin=False,
        tick_steps=tick_steps, tick_decimals=tick_decimals, lot_exponent=floor(log10(largest_lot / price)),
        half_spread_bps=wide, deviation_mean_bps=0.0,
        deviation_sd_bps=rng.uniform(0.3, 0.7) if major else rng.uniform(0.6, 1.6),
        deviation_half_life_s=float(exp(rng.uniform(log(8.0), log(60.0)))),
        lag_ms=profile.lag_ms * rng.uniform(0.6, 1.2), **_distance(profile, rng),
        median_notional=float(median), thin_from_bps=None, thin_notional=None,
        maker_fee=profile.maker, taker_fee=profile.taker, min_notional=profile.min_notional,
    )  # fmt: skip


def _distance(profile: VenueProfile, rng: np.random.Generator) -> dict[str, float]:
    return {
        "delay_ms": profile.delay_ms,
        "jitter_ms": profile.jitter_ms * float(rng.uniform(0.8, 1.2)),
        "skew_ms": profile.skew_ms,
        "drift_ms_per_day": profile.drift_ms_per_day,
    }


def _plant(one: StreamPlan, spots: list[StreamPlan], kind: Kind, variant: int, rng: np.random.Generator) -> StreamPlan:
    others = [other for other in spots if other.venue != one.venue]
    costs = [taker_fees_bps(one, other) + one.quoted_half_spread_bps + other.quoted_half_spread_bps for other in others]
    changes: dict[str, object] = {"kind": kind, "variant": variant}
    if kind in (Kind.PAYS, Kind.THIN):
        changes["deviation_sd_bps"] = rng.uniform(0.8, 1.1) * max(costs)
        changes["deviation_half_life_s"] = rng.uniform(45.0, 150.0)
    if kind is Kind.THIN:
        least = min(stream.min_notional for stream in spots)
        changes |= {"thin_from_bps": 0.4 * min(costs), "thin_notional": 0.8 * least}
    if kind is Kind.FEES:
        changes |= {"deviation_sd_bps": min(costs) / 6.0, "deviation_half_life_s": rng.uniform(30.0, 120.0)}
    if kind is Kind.DEPOSIT_SHUT:
        sign = 1.0 if rng.random() < 0.5 else -1.0
        changes |= {
            "deviation_mean_bps": sign * (max(costs) + rng.uniform(8.0, 20.0)),
            "deviation_sd_bps": 9.0,
            "deviation_half_life_s": 300.0,
        }
    if kind is Kind.IDENTITY:
        ratio = 1.0 if variant % 3 == 1 else float(10.0 ** (rng.uniform(0.6, 2.0) * (1 if rng.random() < 0.5 else -1)))
        steps, decimals = nice_step(one.tick * ratio)
        exponent = one.lot_exponent - round(log10(ratio))
        changes |= {"other_coin": True, "price_ratio": ratio, "tick_steps": steps, "tick_decimals": decimals}
        changes |= {"lot_exponent": exponent}
    return _replace(one, changes)


def _swap(spec: SampleSpec, spot: StreamPlan) -> StreamPlan:
    rng = substream(spec.seed, Purpose.STREAM, spot.coin, "swap")
    profile = VENUES[spot.venue]
    return _replace(spot, {
        "symbol": f"{spot.symbol}:{QUOTE}", "swap": True, "deviation_mean_bps": rng.uniform(-4.5, 1.0),
        "deviation_sd_bps": 0.9, "deviation_half_life_s": 1_800.0, "lag_ms": 0.5 * spot.lag_ms,
        "lot_exponent": round(log10(20.0 / spot.price)),
        "maker_fee": profile.swap_maker, "taker_fee": profile.swap_taker,
    })  # fmt: skip


def _replace(stream: StreamPlan, changes: dict[str, object]) -> StreamPlan:
    values = {name: getattr(stream, name) for name in StreamPlan.__dataclass_fields__}
    return StreamPlan(**{**values, **changes})


def nice_step(size: float) -> tuple[int, int]:
    """Return the step of 1, 2 or 5 times a power of ten nearest to a size, as a whole number and its decimals.

    The step is ``whole / 10**decimals``; sizes above 1 give steps of whole numbers.
    """
    exponent = floor(log10(size))
    candidates = [(mantissa, exponent + up) for up in (0, 1) for mantissa in (1, 2, 5)]
    mantissa, power = min(candidates, key=lambda one: abs(log10(one[0]) + one[1] - log10(size)))
    return (mantissa * 10**power, 0) if power >= 0 else (mantissa, -power)
