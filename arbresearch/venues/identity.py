"""Whether two venues mean the same coin by a ticker: by contract where they say it, by price where they do not."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

import polars as pl

from arbresearch.core import BadInput, SchemaError, check_venue, expected
from arbresearch.venues.evidence import CoinRegister, Evidence, Relation
from arbresearch.venues.symbols import per_coin_ratio, unit_of
from arbresearch.venues.verdict import Ground, Identity, IdentitySettings, Verdict

__all__ = ["identify", "identify_pairs"]


def identify(
    asset: str,
    venue_a: str,
    venue_b: str,
    networks: pl.DataFrame,
    instruments: pl.DataFrame,
    *,
    asset_b: str | None = None,
    price_ratio: float | None = None,
    return_correlation: float | None = None,
    settings: IdentitySettings | None = None,
) -> Identity:
    """Judge whether two venues list the same coin.

    Equal contracts on a common network verify, unequal ones mean different coins; the native coin of a common network
    verifies; where neither is published, equal tickers with prices in a band and correlated returns do. Prices beyond
    reason, or contracts that agree on one network and differ on another, leave it unverified (the latter unless
    prices and returns agree).

    Parameters
    ----------
    asset, asset_b
        Ticker on A, and on B where it differs (``1000PEPE``, ``PEPE``). Different coins by name are never one by price.
    venue_a, venue_b
        ccxt ids.
    networks, instruments
        Snapshots as :meth:`TickStore.networks` and :meth:`TickStore.instruments` give them.
    price_ratio
        Typical price of A over B as quoted, in equal quote currencies; None or NaN: not known.
    return_correlation
        Of returns of the two prices, corrected for lead and lag; None or NaN: not known.
    settings
        Band, floor and factor; the defaults when None.

    Raises
    ------
    BadInput
        If a venue is no id, a ratio is not positive and finite, or a correlation is beyond 1.
    SchemaError
        If a frame misses a column.
    """
    register = CoinRegister.of(networks, instruments)
    case = _Case(asset, venue_a, asset_b or asset, venue_b)
    return _judge(register, case, price_ratio, return_correlation, settings or IdentitySettings())


def identify_pairs(
    pairs: pl.DataFrame, networks: pl.DataFrame, instruments: pl.DataFrame, *, settings: IdentitySettings | None = None
) -> pl.DataFrame:
    """Judge many pairs at once.

    Parameters
    ----------
    pairs
        ``asset``, ``venue_a``, ``venue_b``, and where known ``asset_b``, ``price_ratio``, ``return_correlation`` (null:
        not known), as in :func:`identify`.
    networks, instruments, settings
        As in :func:`identify`.

    Returns
    -------
    DataFrame
        The same rows with ``verdict``, ``ground``, ``reason``, ``coin_price_ratio``, and of the first piece of evidence
        that bears the verdict ``network``, ``contract_a``, ``contract_b`` (null where there is none).

    Raises
    ------
    BadInput, SchemaError
        As in :func:`identify`.
    """
    missing = [one for one in ("asset", "venue_a", "venue_b") if one not in pairs.columns]
    if missing:
        raise SchemaError(expected("frame of pairs", "columns asset, venue_a, venue_b", f"no {', '.join(missing)}"))
    register = CoinRegister.of(networks, instruments)
    chosen = settings or IdentitySettings()
    rows = []
    for row in pairs.iter_rows(named=True):
        case = _Case(row["asset"], row["venue_a"], row.get("asset_b") or row["asset"], row["venue_b"])
        found = _judge(register, case, row.get("price_ratio"), row.get("return_correlation"), chosen)
        rows.append(_row(found))
    text, real = pl.String(), pl.Float64()
    schema = {"verdict": text, "ground": text, "reason": text, "coin_price_ratio": real}
    schema |= {"network": text, "contract_a": text, "contract_b": text}
    return pairs.with_columns(pl.DataFrame(rows, schema=schema).get_columns())


def _row(found: Identity) -> dict[str, Any]:
    wanted = {Ground.NATIVE: Relation.NATIVE, Ground.CONTRACT: Relation.SAME}.get(found.ground)
    if found.verdict is Verdict.DIFFERENT:
        wanted = Relation.DIFFERENT
    first = next((each for each in found.evidence if each.relation is wanted), None)
    return {
        "verdict": str(found.verdict),
        "ground": str(found.ground),
        "reason": found.reason,
        "coin_price_ratio": found.coin_price_ratio,
        "network": first.network if first else None,
        "contract_a": first.contract_a if first else None,
        "contract_b": first.contract_b if first else None,
    }


@dataclass(frozen=True, slots=True)
class _Case:
    asset_a: str
    venue_a: str
    asset_b: str
    venue_b: str

    def __post_init__(self) -> None:
        check_venue(self.venue_a)
        check_venue(self.venue_b)

    @property
    def one_ticker(self) -> bool:
        return unit_of(self.asset_a).base == unit_of(self.asset_b).base


def _judge(
    register: CoinRegister,
    case: _Case,
    price_ratio: float | None,
    correlation: float | None,
    settings: IdentitySettings,
) -> Identity:
    ratio, correlation = _known_ratio(price_ratio), _known_correlation(correlation)
    if ratio is not None and case.one_ticker:
        ratio = per_coin_ratio(ratio, case.asset_a, case.asset_b)
    evidence = register.compare((case.venue_a, case.asset_a), (case.venue_b, case.asset_b))
    verdict, ground, reason = _decide(register, case, evidence, _Prices(ratio, correlation, settings))
    return Identity(
        case.asset_a, case.venue_a, case.asset_b, case.venue_b, verdict, ground, reason, evidence, ratio, correlation
    )


_Decision = tuple[Verdict, Ground, str]


def _decide(register: CoinRegister, case: _Case, evidence: tuple[Evidence, ...], prices: _Prices) -> _Decision:
    absent = [
        f"{venue} lists no {asset}"
        for venue, asset in ((case.venue_a, case.asset_a), (case.venue_b, case.asset_b))
        if not register.knows(venue, asset)
    ]
    if absent:
        return Verdict.UNVERIFIED, Ground.NONE, " and ".join(absent)
    same = [each for each in evidence if each.relation is Relation.SAME]
    native = [each for each in evidence if each.relation is Relation.NATIVE] if prices.settings.accept_native else []
    different = [each for each in evidence if each.relation is Relation.DIFFERENT]
    if same or native:
        return _agreed(case, same, native, different, prices)
    if different:
        one = different[0]
        sides = f"{one.contract_a} on {case.venue_a}, {one.contract_b} on {case.venue_b}"
        return Verdict.DIFFERENT, Ground.CONTRACT, f"different contracts on {one.network}: {sides}"
    nothing = "no contract on a common network is published by both"
    if not case.one_ticker:
        return Verdict.UNVERIFIED, Ground.NONE, f"{nothing}, and {case.asset_a} and {case.asset_b} are two tickers"
    doubt = prices.doubt()
    if doubt:
        return Verdict.UNVERIFIED, Ground.NONE, f"{nothing}, and {doubt}"
    return Verdict.VERIFIED, Ground.PRICE, f"{nothing}, but ticker, price and returns agree ({prices})"


def _agreed(
    case: _Case, same: list[Evidence], native: list[Evidence], different: list[Evidence], prices: _Prices
) -> _Decision:
    ground = Ground.CONTRACT if same else Ground.NATIVE
    one = (same or native)[0]
    told = f"the same contract {one.contract_a}" if same else "the native coin without contract"
    told += f" on {one.network}" if one.network else ""
    if prices.absurd:
        return Verdict.UNVERIFIED, Ground.NONE, f"{told}, but the price ratio a coin is {prices.ratio:.4g}"
    if different:
        but = f"but different contracts on {', '.join(each.network or '' for each in different)}"
        doubt = prices.doubt()
        if doubt or not case.one_ticker:
            return Verdict.UNVERIFIED, Ground.NONE, f"{told}, {but}, and {doubt or 'the tickers differ'}"
        return Verdict.VERIFIED, ground, f"{told}, {but}; price and returns agree ({prices})"
    if unit_of(case.asset_a) != unit_of(case.asset_b) and prices.ratio is None:
        names = f"{case.asset_a} and {case.asset_b}"
        return Verdict.UNVERIFIED, Ground.NONE, f"{told}, but no price ratio confirms the units of {names}"
    more = len(same or native) - 1
    return Verdict.VERIFIED, ground, told + (f" and on {more} more" if more else "")


@dataclass(frozen=True, slots=True)
class _Prices:
    ratio: float | None
    correlation: float | None
    settings: IdentitySettings

    def __str__(self) -> str:
        return f"ratio {self.ratio:.4f}, correlation {self.correlation:.2f}"

    @property
    def absurd(self) -> bool:
        return self.ratio is not None and max(self.ratio, 1.0 / self.ratio) > self.settings.absurd_ratio

    def doubt(self) -> str | None:
        """Return why prices do not verify, None when they do."""
        if self.ratio is None:
            return "the price ratio is not known"
        if abs(self.ratio - 1.0) * 1e4 > self.settings.max_price_gap_bps:
            return f"the price ratio a coin is {self.ratio:.4g}"
        if self.correlation is None:
            return "the correlation of returns is not known"
        if self.correlation < self.settings.min_return_correlation:
            return f"the correlation of returns is only {self.correlation:.2f}"
        return None


def _known_ratio(value: float | None) -> float | None:
    if value is None or isnan(value):
        return None
    if not (isfinite(value) and value > 0.0):
        raise BadInput(expected("price ratio", "a positive, finite number", value))
    return value


def _known_correlation(value: float | None) -> float | None:
    if value is None or isnan(value):
        return None
    if not -1.0 <= value <= 1.0:
        raise BadInput(expected("return correlation", "a number from -1 to 1", value))
    return value
