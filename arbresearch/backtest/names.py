"""What people write for modes, policies and hedges, read into what a configuration takes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, TypeVar

from arbresearch.backtest.config_parts import HedgeConfig
from arbresearch.core import ParameterError, expected
from arbresearch.signals.modes import AB, MODES, Mode

__all__ = ["MODE_GROUPS", "hedge_named", "member_named", "modes_named"]

E = TypeVar("E", bound=IntEnum)

MODE_GROUPS: Final = {
    "taker": tuple(mode for mode in MODES if mode.maker < 0),
    "maker": tuple(mode for mode in MODES if mode.maker >= 0),
    "all": MODES,
}
"""Modes by one word: both legs take, one leg rests, any."""


def modes_named(names: Iterable[str], *, one_way: bool = False) -> tuple[Mode, ...]:
    """Return the modes that names or groups of :data:`MODE_GROUPS` mean, each once, in their order.

    Parameters
    ----------
    names
        Such as ``taker``, ``all`` or ``LIMIT_A_SELL_MARKET_B_BUY``; upper and lower case are the same.
    one_way
        Only those that sell on A.

    Raises
    ------
    ParameterError
        A name that is none, or nothing is left.
    """
    chosen: set[Mode] = set()
    for name in names:
        group = MODE_GROUPS.get(name.lower())
        chosen |= set(group) if group else {member_named(Mode, name, "mode", extra=MODE_GROUPS, without=(Mode.HOLD,))}
    kept = tuple(mode for mode in MODES if mode in chosen and (mode.direction == AB or not one_way))
    if not kept:
        found = ", ".join(mode.name.lower() for mode in MODES if mode in chosen) or "none"
        raise ParameterError(expected("modes", "at least one that sells on A" if one_way else "at least one", found))
    return kept


def member_named(kind: type[E], name: str, what: str, *, extra: Iterable[str] = (), without: Iterable[E] = ()) -> E:
    """Return a member of an enumeration by its name in upper or lower case.

    Parameters
    ----------
    kind, name
        The enumeration, and what was written.
    what, extra
        What the value is called in a message, and other names that are listed there.
    without
        Members that cannot be chosen.

    Raises
    ------
    ParameterError
        There is none of that name.
    """
    known = {one.name.lower(): one for one in kind if one not in tuple(without)}
    if name.lower() not in known:
        raise ParameterError(expected(what, f"one of {', '.join((*extra, *known))}", repr(name)))
    return known[name.lower()]


def hedge_named(text: str, *, band_contracts: float = 1.0) -> HedgeConfig | None:
    """Return the hedge that a venue, or a venue and a perpetual, name; None for an empty text.

    Parameters
    ----------
    text
        Such as ``gate`` (the linear perpetual of the pair's coin) or ``gate LUNC/USDT:USDT``.
    band_contracts
        See :class:`~arbresearch.backtest.config_parts.HedgeConfig`.

    Raises
    ------
    ParameterError
        A symbol that is no perpetual, or a negative band.
    BadInput
        A venue that is no ccxt id.
    """
    if not text.strip():
        return None
    venue, _, symbol = text.strip().partition(" ")
    return HedgeConfig(venue=venue, symbol=symbol.strip() or None, band_contracts=band_contracts)
