"""The smaller pieces of a configuration: balances, margin, hedge, transfers, impact, what a venue accepts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from typing import Final

from arbresearch.core import ParameterError, check_venue, expected
from arbresearch.signals.modes import Mode

__all__ = [
    "Balances",
    "HedgeConfig",
    "ImpactConfig",
    "InstrumentTerms",
    "LatencyModel",
    "MarginConfig",
    "ModeThresholds",
    "TransferConfig",
    "TransferRoute",
    "check_number",
    "check_type",
]

_MOST_BPS: Final = 10_000.0
_MOST: Final = 1e15


def check_number(name: str, value: object, least: float, most: float, *, above: bool = False) -> None:
    """Refuse what is no number from ``least`` (``above``: not itself) to ``most``; ``ParameterError``."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not good or not (isinstance(value, int | float) and least <= value <= most) or (above and value == least):
        edge = f"above {least:g}" if above else f"from {least:g}"
        limit = "" if most >= _MOST else f" {'and at most' if above else 'to'} {most:g}"
        raise ParameterError(expected(name, f"a number {edge}{limit}" if limit else f"a number {edge} up", repr(value)))


def check_type(name: str, value: object, kind: type | tuple[type, ...], want: str) -> None:
    """Refuse a value of another type, True and False where a number is meant too; ``ParameterError``."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ParameterError(expected(name, want, repr(value)))


class LatencyModel(StrEnum):
    """What is made of the delays between the two clocks of a recorded feed."""

    MEDIAN = "median"
    """Their median, always."""
    DISTRIBUTION = "distribution"
    """Each order draws one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What an account holds at the start.

    Parameters
    ----------
    base
        Base coin, in the smaller unit where the two tickers differ by one; on a perpetual the position, which may be
        negative.
    quote
        Quote currency, zero or more.
    """

    base: float = 0.0
    quote: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no account holds."""
        check_number("balance of base coin", self.base, -_MOST, _MOST)
        check_number("balance of quote currency", self.quote, 0.0, _MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeThresholds:
    """Thresholds of one mode, instead of those of its direction.

    Parameters
    ----------
    mode
        One of the six.
    entry_bps, exit_bps
        Net edge that must be exceeded where inventory tilts, and where it tilts back; ``exit_bps`` None: as entry.
    """

    mode: Mode
    entry_bps: float
    exit_bps: float | None = None

    def __post_init__(self) -> None:
        """Refuse HOLD and thresholds that are none."""
        check_type("mode", self.mode, Mode, "one of the six modes")
        if self.mode is Mode.HOLD:
            raise ParameterError(expected("mode", "one of the six modes", "HOLD", "it has no threshold"))
        check_number(f"entry_bps of {self.mode.name}", self.entry_bps, -_MOST_BPS, _MOST_BPS)
        if self.exit_bps is not None:
            check_number(f"exit_bps of {self.mode.name}", self.exit_bps, -_MOST_BPS, _MOST_BPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginConfig:
    """Terms of a position in a perpetual.

    Parameters
    ----------
    leverage
        Largest position over the account's equity, 1 to 200.
    maintenance_rate
        The account is closed when its equity falls below this fraction of the position's value.
    liquidation_rate
        What closing it costs, a fraction of the position's value.
    """

    leverage: float = 3.0
    maintenance_rate: float = 0.01
    liquidation_rate: float = 0.005

    def __post_init__(self) -> None:
        """Refuse terms under which every position would be closed at once."""
        check_number("leverage", self.leverage, 1.0, 200.0)
        check_number("maintenance_rate", self.maintenance_rate, 0.0, 0.5)
        check_number("liquidation_rate", self.liquidation_rate, 0.0, 0.5)
        if self.maintenance_rate * self.leverage >= 1.0:
            todo = "a full position would be liquidated as it is opened"
            raise ParameterError(expected("maintenance_rate", "below 1 / leverage", self.maintenance_rate, todo))


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeConfig:
    """A perpetual that hedges the coin held on A, on B and on the way between them.

    Parameters
    ----------
    venue
        ccxt id.
    symbol
        Unified symbol; None: the linear perpetual of the pair's coin, such as ``LUNC/USDT:USDT``.
    band_contracts
        Nothing is traded while the difference from the target is within so many contracts, zero or more. Trades are
        whole lots, towards less risk; a contract is the instrument's ``contract_size``.
    target_base
        Coin that shall be left unhedged, base coin; 0: none.
    margin_quote
        Quote currency in the account at the start, beside the capital. None: what the coin to be hedged is worth at
        its first price.
    margin
        Leverage and maintenance.
    """

    venue: str
    symbol: str | None = None
    band_contracts: float = 1.0
    target_base: float = 0.0
    margin_quote: float | None = None
    margin: MarginConfig = MarginConfig()

    def __post_init__(self) -> None:
        """Refuse values out of range, and a symbol that is no perpetual."""
        check_venue(self.venue)
        if self.symbol is not None and ":" not in self.symbol:
            raise ParameterError(expected("symbol of the hedge", "a perpetual such as LUNC/USDT:USDT", self.symbol))
        check_number("band_contracts", self.band_contracts, 0.0, _MOST)
        check_number("target_base", self.target_base, -_MOST, _MOST)
        if self.margin_quote is not None:
            check_number("margin_quote", self.margin_quote, 0.0, _MOST, above=True)
        check_type("margin", self.margin, MarginConfig, "a MarginConfig")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRoute:
    """Terms of moving one asset between the two venues, either way.

    Parameters
    ----------
    fee_fixed, fee_rate
        In the asset, and a fraction of the amount.
    min_amount, step
        Smallest amount and its step, in the asset; 0: none.
    delay_minutes
        Times to arrival, one or more; each transfer draws one.
    """

    fee_fixed: float = 0.0
    fee_rate: float = 0.0
    min_amount: float = 0.0
    step: float = 0.0
    delay_minutes: tuple[float, ...] = (30.0,)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_number("fee_fixed", self.fee_fixed, 0.0, _MOST)
        check_number("fee_rate", self.fee_rate, 0.0, 0.5)
        check_number("min_amount", self.min_amount, 0.0, _MOST)
        check_number("step", self.step, 0.0, _MOST)
        if not self.delay_minutes:
            raise ParameterError(expected("delay_minutes", "at least one delay", "none"))
        for delay in self.delay_minutes:
            check_number("delay_minutes", delay, 0.0, 30 * 24 * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferConfig:
    """When inventory is moved, and on what terms.

    Parameters
    ----------
    trigger
        A transfer is wanted once a balance is below this fraction of what it was at the start, zero to 1.
    base, quote
        Terms for the coin and for quote currency; None: the cheapest network, for what is held at the start, that both
        venues have open in the store's ``networks`` table.
    default_minutes
        Time to arrival over a network whose venue states none.
    processing_minutes
        Until a withdrawal is sent and a deposit credited; added to the time of a network from the table.
    failure_probability, loss_given_failure
        How often a transfer fails, and the fraction that is lost then; the rest comes back after a second delay.
    """

    trigger: float = 0.25
    base: TransferRoute | None = None
    quote: TransferRoute | None = None
    default_minutes: float = 30.0
    processing_minutes: float = 5.0
    failure_probability: float = 0.0
    loss_given_failure: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        for name in ("trigger", "failure_probability", "loss_given_failure"):
            check_number(name, getattr(self, name), 0.0, 1.0)
        for name in ("default_minutes", "processing_minutes"):
            check_number(name, getattr(self, name), 0.0, 30 * 24 * 60)
        for name in ("base", "quote"):
            if getattr(self, name) is not None:
                check_type(f"route of {name}", getattr(self, name), TransferRoute, "a TransferRoute or None")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactConfig:
    """Own price impact by the square-root law; see :class:`~arbresearch.matching.SquareRootImpact`.

    Parameters
    ----------
    coefficient
        ``Y``, zero or more, near 1.
    sigma_daily_bps
        Volatility of a day; None: of each stream's mid prices, by the minute.
    volume_daily_base
        Traded in a day, base coin; None: of each stream's recorded trades.
    """

    coefficient: float = 1.0
    sigma_daily_bps: float | None = None
    volume_daily_base: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_number("impact coefficient", self.coefficient, 0.0, 100.0)
        for name in ("sigma_daily_bps", "volume_daily_base"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0.0, _MOST, above=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentTerms:
    """What a venue accepts, instead of what the store's ``instruments`` table says; None: as there.

    Parameters
    ----------
    tick, lot
        Price step, quote per base; quantity step, base coin; 0: none.
    min_quantity, min_notional
        Smallest order, base coin and quote currency.
    contract_size
        Base coin of one contract of a perpetual.
    """

    tick: float | None = None
    lot: float | None = None
    min_quantity: float | None = None
    min_notional: float | None = None
    contract_size: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        for name in ("tick", "lot", "min_quantity", "min_notional", "contract_size"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0.0, inf if name == "min_notional" else _MOST)
