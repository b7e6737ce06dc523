"""What a universe says, in the form that tests compare."""

from __future__ import annotations

from arbresearch.discovery import Universe


def names_of(universe: Universe) -> list[str]:
    """Return the names of the pairs."""
    return universe.pairs["pair"].to_list()


def lone_of(universe: Universe) -> dict[str, tuple[str, str]]:
    """Return the markets in no pair, and why."""
    rows = universe.alone.select("venue", "symbol", "reason", "detail").iter_rows()
    return {f"{venue} {symbol}": (reason, detail) for venue, symbol, reason, detail in rows}
