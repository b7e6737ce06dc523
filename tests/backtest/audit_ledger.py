"""Balances added up again from the logs alone; every check returns what is wrong, and nothing where all is right."""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum
from typing import NamedTuple

from arbresearch.backtest.codes import CashKind, FillReason, TransferState
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.terms import RunTerms

TRANSIT = 3
"""The account of what is under way, beside A, B and the hedge."""
ACCOUNTS = ("a", "b", "h")
ASSETS = ("base", "quote", "coin")
ROUNDING = 1e-12
"""Of what went in and out of a balance: what running sums of floats may differ by from exact ones."""


class Move(NamedTuple):
    """A change of one balance; ``turn`` orders those of one time: arrivals of transfers, fills, sendings."""

    time_ns: int
    turn: int
    row: int
    account: int
    asset: str
    amount: float


def moves(log: RunLog) -> list[Move]:
    """Return every change of a balance that the logs tell of, in time."""
    return sorted([*_of_fills(log), *_of_cash(log), *_of_transfers(log)])


def _of_fills(log: RunLog) -> Iterator[Move]:
    for row, fill in enumerate(log.fills):
        sign = -1.0 if fill["sell"] else 1.0
        changes = (
            ("base", sign * fill["quantity"]), ("base", -fill["fee_base"]), ("quote", -sign * fill["notional"]),
            ("quote", -fill["fee_quote"]), ("coin", -fill["fee_coin_quote"]),
        )  # fmt: skip
        for asset, amount in changes:
            yield Move(int(fill["time_ns"]), 1, row, int(fill["venue"]), asset, float(amount))


def _of_cash(log: RunLog) -> Iterator[Move]:
    for row, cash in enumerate(log.cash):
        yield Move(int(cash["time_ns"]), 0, row, int(cash["venue"]), "quote", float(cash["amount"]))


def _of_transfers(log: RunLog) -> Iterator[Move]:
    for row, one in enumerate(log.transfers):
        asset = ASSETS[int(one["asset"])]
        amount, fee, lost, received = (float(one[name]) for name in ("amount", "fee", "lost", "received"))
        sent_ns, due_ns, ended_ns = (int(one[name]) for name in ("sent_ns", "due_ns", "ended_ns"))
        yield Move(sent_ns, 2, row, int(one["origin"]), asset, -amount)
        yield from (Move(sent_ns, 2, row, TRANSIT, asset, change) for change in (amount, -fee))
        if one["state"] in (TransferState.FAILED, TransferState.REFUNDED):
            yield Move(due_ns, 0, row, TRANSIT, asset, -lost)
        if one["state"] in (TransferState.ARRIVED, TransferState.REFUNDED):
            home = one["state"] == TransferState.REFUNDED
            yield Move(ended_ns, 0, row, TRANSIT, asset, -received)
            yield Move(ended_ns, 0, row, int(one["origin"] if home else one["destination"]), asset, received)


def starts(terms: RunTerms) -> dict[tuple[int, str], float]:
    """Return what every account begins with."""
    found = {(account, asset): 0.0 for account in range(4) for asset in ASSETS}
    for account, venue in enumerate(terms.venues):
        found[account, "base"], found[account, "quote"] = venue.base_start, venue.quote_start
    return found


def balance_faults(log: RunLog, terms: RunTerms) -> list[str]:
    """Compare the balances at the end, in every sample, and summed over all accounts, with what moved."""
    found, begun = [], starts(terms)
    every = {key: [(move.time_ns, move.amount) for move in moves(log) if move[3:5] == key] for key in begun}
    held = {(account, name): getattr(log, name)[account] for account in range(3) for name in ASSETS}
    held |= {(TRANSIT, "base"): log.transit[0].sum(), (TRANSIT, "quote"): log.transit[1].sum(), (TRANSIT, "coin"): 0.0}
    for key, wanted in held.items():
        found += _differs(f"end {key}", wanted, [begun[key], *(amount for _, amount in every[key])])
    for asset in ASSETS[:2]:
        keys = [key for key in begun if key[1] == asset]
        ends = fsum(held[key] for key in keys)
        found += _differs(
            f"end of all {asset}",
            ends,
            [x for key in keys for x in (begun[key], *(amount for _, amount in every[key]))],
        )
    for sample in log.samples:
        now = int(sample["time_ns"])
        for (account, asset), begin in begun.items():
            if account == TRANSIT and asset == "coin":
                continue
            wanted = sample[f"transit_{asset}" if account == TRANSIT else f"{asset}_{ACCOUNTS[account]}"]
            done = [amount for time_ns, amount in every[account, asset] if time_ns <= now]
            found += _differs(f"sample at {now} {account} {asset}", wanted, [begin, *done])
    return found


def transfer_faults(log: RunLog) -> list[str]:
    """Find transfers whose fee, loss and what was received do not add up to the amount."""
    found = []
    for row, one in enumerate(log.transfers):
        gone = one["fee"] + one["lost"] + one["received"]
        under_way = one["state"] in (TransferState.IN_TRANSIT, TransferState.FAILED)
        if gone > one["amount"] * (1.0 + ROUNDING) or not (under_way or gone >= one["amount"] * (1.0 - ROUNDING)):
            found.append(f"transfer {row}: {one}")
    return found


def overdraft_faults(log: RunLog, terms: RunTerms) -> list[str]:
    """Find fills and transfers after which a spot account holds less than nothing of coin or quote currency."""
    found = []
    held = {key: [value] for key, value in starts(terms).items()}
    every = moves(log)
    for place, move in enumerate(every):
        parts = held[move.account, move.asset]
        parts.append(move.amount)
        ended = place + 1 == len(every) or every[place + 1][:3] != move[:3]
        if not ended:
            continue
        for (account, asset), changes in held.items():
            spot = account < 2 and not terms.venues[account].perpetual and asset != "coin"
            if spot and fsum(changes) < -ROUNDING * fsum(map(abs, changes)):
                found.append(f"{asset} of {account} is {fsum(changes)} after {move}")
    return found


def fee_faults(log: RunLog, terms: RunTerms) -> list[str]:
    """Find fills that do not pay the rate of their role in the currency of their venue."""
    found = []
    for row, fill in enumerate(log.fills):
        venue = terms.venues[fill["venue"]]
        rate = venue.maker_rate if fill["maker"] else venue.taker_rate
        if fill["reason"] == FillReason.LIQUIDATION:
            rate = 0.0
        paid = {"fee_base": 0.0, "fee_quote": 0.0, "fee_coin_quote": 0.0}
        if venue.received and not fill["sell"]:
            paid["fee_base"] = fill["quantity"] * rate
        else:
            paid["fee_coin_quote" if venue.coin else "fee_quote"] = fill["notional"] * rate
        found += [f"fill {row}: {name} {fill[name]}, not {x}" for name, x in paid.items() if not _near(fill[name], x)]
    return found


def funding_faults(log: RunLog, terms: RunTerms) -> list[str]:
    """Find cash that is none of funding and liquidation, or on a venue that is no perpetual."""
    fees = {(int(one["venue"]), int(one["time_ns"])) for one in log.fills if one["reason"] == FillReason.LIQUIDATION}
    found = []
    for row, cash in enumerate(log.cash):
        closing = cash["kind"] == CashKind.LIQUIDATION_FEE
        known = (int(cash["venue"]), int(cash["time_ns"])) in fees and cash["amount"] <= 0.0
        if not terms.venues[cash["venue"]].perpetual or (closing and not known):
            found.append(f"cash {row}: {cash}")
    return found


def sum_faults(log: RunLog, end_ns: int) -> list[str]:
    """Compare what orders and pairs say they filled with their fills; a pair's are those known by the end."""
    found = []
    by_order: dict[int, list[int]] = {}
    by_pair: dict[tuple[int, bool], list[float]] = {}
    for row, fill in enumerate(log.fills):
        by_order.setdefault(int(fill["order"]), []).append(row)
        if fill["known_ns"] <= end_ns:
            by_pair.setdefault((int(fill["pair"]), bool(fill["sell"])), []).append(float(fill["quantity"]))
    for number, order in enumerate(log.orders):
        rows = log.fills[by_order.get(number, [])]
        for name, column in (("filled", "quantity"), ("notional", "notional")):
            found += _differs(f"order {number} {name}", order[name], rows[column].tolist())
        same = ("pair", "venue", "sell", "maker", "reason")
        found += [f"fill of order {number} is of another {name}" for name in same if (rows[name] != order[name]).any()]
    for number, pair in enumerate(log.pairs):
        found += _differs(f"pair {number} sold", pair["sold"], by_pair.get((number, True), []))
        found += _differs(f"pair {number} bought", pair["bought"], by_pair.get((number, False), []))
    return found


def _near(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= ROUNDING * abs(wanted)


def _differs(what: str, found: float, parts: list[float]) -> list[str]:
    wanted = fsum(parts)
    if abs(found - wanted) <= ROUNDING * fsum(map(abs, parts)):
        return []
    return [f"{what}: {float(found)!r}, its changes add up to {wanted!r}"]
