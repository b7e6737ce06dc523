"""The life of a pair: hedged when its maker leg fills, repaired when one leg filled more, closed."""

from __future__ import annotations

from math import isnan

from arbresearch.backtest.codes import EventKind, FillReason, OneLegPolicy, Repair
from tests.backtest.slow_book import shifted
from tests.backtest.slow_run import Run, Slot


def close(run: Run, slot: Slot) -> None:
    if slot.maker_live:
        return
    run.pairs[slot.pair].closed_ns = run.now
    run.slots[slot.index] = None
    run.ledger.holds[slot.index] = None
    run.ledger.version += 1


def add(run: Run, slot: Slot, sell: bool, quantity: float) -> None:
    """Count a fill that is known now."""
    if sell:
        slot.sold += quantity
    else:
        slot.bought += quantity
    pair = run.pairs[slot.pair]
    pair.sold, pair.bought = slot.sold, slot.bought


def settle(run: Run, slot: Slot) -> None:
    """Go on after something became known."""
    if slot.working > 0:
        return
    if slot.repair is Repair.LAST:
        finish_last(run, slot)
    elif slot.repair is Repair.DUE:
        last_try(run, slot)
    elif slot.repair is Repair.POLICY:
        finish_if_small(run, slot)
    elif slot.mode.maker >= 0:
        hedge(run, slot)
    else:
        v, _ = repair_side(run, slot)
        if run.small(run.lots(abs(slot.excess), v), v):
            close(run, slot)
        else:
            begin_repair(run, slot)


def hedge(run: Run, slot: Slot) -> None:
    """Take on the other venue what the maker leg is known to have filled."""
    sell = slot.mode.maker == slot.buyer
    v = slot.seller if sell else slot.buyer
    wanted = run.lots(abs(slot.excess), v)
    if run.small(wanted, v):
        close(run, slot)
        return
    best = run.books[v].best(sell)
    if not best > 0.0:
        begin_repair(run, slot)
        return
    if sell:
        slot.ref_sell = best
    else:
        slot.ref_buy = best
    limit = shifted(best, run.terms.strategy.band_bps * 1e-4, sell, run.terms.venues[v].tick)
    quantity = run.lots(min(wanted, run.ledger.funds(v, sell, limit, slot.index)), v)
    if run.small(quantity, v):
        begin_repair(run, slot)
        return
    run.send(slot, v, sell=sell, quantity=quantity, price=limit, reason=FillReason.HEDGE)


def undo_side(slot: Slot) -> tuple[int, bool]:
    """Return where, and whether by selling, an excess is undone on the venue that filled it."""
    return (slot.seller, False) if slot.excess > 0.0 else (slot.buyer, True)


def repair_side(run: Run, slot: Slot) -> tuple[int, bool]:
    """Return where, and whether by selling, the policy repairs an excess."""
    if run.terms.strategy.policy == OneLegPolicy.UNWIND:
        return undo_side(slot)
    return (slot.buyer, False) if slot.excess > 0.0 else (slot.seller, True)


def begin_repair(run: Run, slot: Slot) -> None:
    slot.repair = Repair.POLICY
    run.push(run.now + run.terms.strategy.deadline_ns, EventKind.DEADLINE, slot.index, slot.pair)
    if slot.maker_live and not slot.cancel_sent:
        run.send_cancel(slot)
    try_repair(run, slot)


def finish_if_small(run: Run, slot: Slot) -> bool:
    """Close a pair whose excess is too small to trade; return whether it is."""
    v, _ = repair_side(run, slot)
    if not run.small(run.lots(abs(slot.excess), v), v):
        return False
    close(run, slot)
    return True


def try_repair(run: Run, slot: Slot) -> None:
    """Send what the policy asks for, where the book allows it now."""
    rules = run.terms.strategy
    v, sell = repair_side(run, slot)
    book, tick = run.books[v], run.terms.venues[v].tick
    slot.tried_row = book.row
    if finish_if_small(run, slot):
        return
    reference = slot.ref_sell if v == slot.seller else slot.ref_buy
    band = 0.0 if rules.policy == OneLegPolicy.HOLD else rules.band_bps * 1e-4
    limit = shifted(reference, band, sell, tick)
    quantity = run.lots(min(abs(slot.excess), run.ledger.funds(v, sell, limit, slot.index)), v)
    if run.small(quantity, v):
        return
    best = book.best(sell)
    if isnan(best) or not best > 0.0 or not (best >= limit if sell else best <= limit):
        return
    reason = FillReason.UNWIND if rules.policy == OneLegPolicy.UNWIND else FillReason.COMPLETE
    run.send(slot, v, sell=sell, quantity=quantity, price=limit, reason=reason)


def deadline(run: Run, slot: Slot | None, pair: int) -> None:
    if slot is None or slot.pair != pair or slot.repair is not Repair.POLICY:
        return
    slot.repair = Repair.DUE
    if slot.working == 0:
        last_try(run, slot)


def last_try(run: Run, slot: Slot) -> None:
    """Undo the excess at what the book asks now; again at each of its rows until what is left is small."""
    v, sell = undo_side(slot)
    slot.repair = Repair.LAST
    slot.tried_row = run.books[v].row
    if finish_last(run, slot):
        return
    best = run.books[v].best(sell)
    if not best > 0.0:
        return
    limit = shifted(best, run.terms.strategy.band_bps * 1e-4, sell, run.terms.venues[v].tick)
    quantity = run.lots(min(abs(slot.excess), run.ledger.funds(v, sell, limit, slot.index)), v)
    if run.small(quantity, v):
        close(run, slot)
        return
    run.send(slot, v, sell=sell, quantity=quantity, price=limit, reason=FillReason.DEADLINE)


def finish_last(run: Run, slot: Slot) -> bool:
    """Close a pair whose excess is too small to undo; return whether it is."""
    v, _ = undo_side(slot)
    if not run.small(run.lots(abs(slot.excess), v), v):
        return False
    close(run, slot)
    return True
