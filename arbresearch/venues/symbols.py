"""Tickers that name a multiple of a coin, and quote currencies that the user takes for equal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import polars as pl

from arbresearch.core import BadInput, ParameterError, SchemaError, expected

__all__ = ["QuoteGroups", "Unit", "per_coin_ratio", "unit_of", "with_units"]

_BEFORE: Final = re.compile(r"(?P<many>10{3,9})(?P<base>[A-Z][A-Z0-9]+)")
_MILLION: Final = re.compile(r"1M(?P<base>[A-Z]{3,})")
_KILO: Final = re.compile(r"k(?P<base>[A-Z][A-Z0-9]+)")
_AFTER: Final = re.compile(r"(?P<base>[A-Z]{3,})(?P<many>10{3,9})")


class Unit(NamedTuple):
    """A coin, and how many of it one unit of a ticker is."""

    base: str
    multiplier: int


def unit_of(base: str) -> Unit:
    """Read a ticker that may name a multiple of a coin.

    ``1000PEPE``, ``kPEPE`` and ``SHIB1000`` are a thousand, ``1000000MOG`` and ``1MBABYDOGE`` a million: the forms
    of Binance, Bybit, Gate and Hyperliquid. Any other ticker is itself, once: ``1INCH``, ``PEPE2``, ``1000X`` and every
    wrapped, bridged or renamed coin. It is a reading of a name; prices have to agree with it.

    Raises
    ------
    BadInput
        If the ticker is blank.
    """
    if not base.strip():
        raise BadInput(expected("base coin", "a ticker such as PEPE or 1000PEPE", repr(base)))
    for form, fixed in ((_BEFORE, 0), (_MILLION, 1_000_000), (_KILO, 1_000), (_AFTER, 0)):
        found = form.fullmatch(base)
        if found:
            return Unit(found["base"], fixed or int(found["many"]))
    return Unit(base, 1)


def per_coin_ratio(price_ratio: float, base_a: str, base_b: str) -> float:
    """Return a ratio of two prices as that of one coin each.

    Parameters
    ----------
    price_ratio
        Price of A's ticker over that of B's, both as quoted, in equal quote currencies; NaN gives NaN.
    base_a, base_b
        The tickers, such as ``1000PEPE`` and ``PEPE``: a ratio of 1000 is 1 a coin.

    Raises
    ------
    BadInput
        If the two tickers are not units of one coin.
    """
    one, other = unit_of(base_a), unit_of(base_b)
    if one.base != other.base:
        raise BadInput(expected("base coins", "units of one coin, such as 1000PEPE and PEPE", f"{base_a} and {base_b}"))
    return price_ratio * other.multiplier / one.multiplier


def with_units(frame: pl.DataFrame, column: str = "base") -> pl.DataFrame:
    """Return a frame with ``unit_base`` and ``unit_multiplier`` of the tickers in a column beside it.

    Raises
    ------
    SchemaError
        If there is no such column.
    """
    if column not in frame.columns:
        raise SchemaError(expected("frame of tickers", f"a column {column}", ", ".join(frame.columns) or "none"))
    units = [unit_of(base) for base in frame[column]]
    return frame.with_columns(
        pl.Series("unit_base", [one.base for one in units], pl.String),
        pl.Series("unit_multiplier", [one.multiplier for one in units], pl.Int64),
    )


@dataclass(frozen=True, slots=True)
class QuoteGroups:
    """Quote currencies that the user takes for equal; without any, each is equal to itself alone.

    Parameters
    ----------
    groups
        Such as ``(("USDT", "USDC"),)``; the first of each names the group.

    Raises
    ------
    ParameterError
        If a group has fewer than two different currencies, or a currency is in two groups.
    """

    groups: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse groups that say nothing or run into each other."""
        seen: set[str] = set()
        for group in self.groups:
            if len(set(group)) < 2 or len(set(group)) < len(group) or not all(one.strip() for one in group):
                raise ParameterError(expected("quote group", "two or more currencies such as USDT=USDC", group))
            twice = seen & set(group)
            if twice:
                todo = "write one group of them all if they are all equal"
                raise ParameterError(expected("quote groups", "each currency once", ", ".join(sorted(twice)), todo))
            seen |= set(group)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read groups written as ``USDT=USDC=FDUSD``."""
        return cls(tuple(tuple(part.strip() for part in text.split("=")) for text in texts))

    def key(self, quote: str) -> str:
        """Return the currency that stands for a quote: the first of its group, or itself."""
        return next((group[0] for group in self.groups if quote in group), quote)

    def equal(self, one: str, other: str) -> bool:
        """Return whether two quote currencies are the same or were said to be equal."""
        return self.key(one) == self.key(other)
