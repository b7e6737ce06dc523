"""What moves inventory without a pair: transfers between A and B, and the hedge of the coin held."""

from __future__ import annotations

from arbresearch.backtest.codes import Asset, EventKind, FillReason, Repair, TransferState
from arbresearch.backtest.terms import TransferTerms
from arbresearch.edges.arrays import NEVER_NS
from tests.backtest.slow_book import draw, floor_lot, shifted, uniform
from tests.backtest.slow_run import Order, Run, Transfer
from tests.backtest.slow_schedule import in_force

HEDGE = 2


def held_too_long(run: Run) -> bool:
    ledger = run.ledger
    return ledger.tilt_sign != 0 and run.now - ledger.tilt_since > in_force(run.terms, run.now).max_hold_ns


def check_transfers(run: Run) -> None:
    if run.ledger.version == run.moved_version and not held_too_long(run):
        return
    run.moved_version = run.ledger.version
    if run.terms.venues[0].perpetual or run.terms.venues[1].perpetual:
        return
    for asset in Asset:
        if any(run.ledger.transit[asset]):
            continue
        for v in (0, 1):
            terms = run.terms.transfers[asset][v]
            if terms is not None and wanted(run, asset, v) and send(run, asset, v, terms):
                break


def accounts(run: Run, asset: Asset) -> tuple[list[float], list[float]]:
    """Return the balances of an asset, now and at the beginning."""
    ledger = run.ledger
    return (ledger.base, ledger.base_start) if asset == Asset.BASE else (ledger.quote, ledger.quote_start)


def wanted(run: Run, asset: Asset, v: int) -> bool:
    balance, start = accounts(run, asset)
    rules = run.terms.strategy
    if balance[v] < rules.transfer_trigger * start[v]:
        return True
    return asset == Asset.BASE and held_too_long(run) and balance[v] < start[v] - max(rules.common_lot, 1e-12)


def send(run: Run, asset: Asset, v: int, terms: TransferTerms) -> bool:
    balance, start = accounts(run, asset)
    w = 1 - v
    free = run.ledger.sell_free(w) if asset == Asset.BASE else run.ledger.buy_free(w)
    amount = floor_lot(min(free, balance[w] - start[w]), terms.step)
    fee = terms.fee_fixed + terms.fee_rate * amount
    if not amount > 0.0 or amount < terms.min_amount or not amount > fee:
        return False
    number = len(run.transfers)
    due_ns = run.now + draw(list(terms.delays_ns), terms.key, number)
    change(run, asset, (w, -amount), (v, amount - fee))
    run.transfers.append(
        Transfer(asset, w, v, amount, fee, run.now, due_ns, TransferState.IN_TRANSIT, 0.0, 0.0, NEVER_NS)
    )
    run.push(due_ns, EventKind.TRANSFER, number)
    return True


def change(run: Run, asset: Asset, balance: tuple[int, float], *transit: tuple[int, float]) -> None:
    """Change a balance and what is on its way, all at once."""
    ledger = run.ledger
    if asset == Asset.BASE:
        ledger.before_base(run.now)
    accounts(run, asset)[0][balance[0]] += balance[1]
    for v, amount in transit:
        ledger.transit[asset][v] = amount
    if asset == Asset.BASE:
        ledger.after_base(run.now, spot=True)
    else:
        ledger.version += 1


def transfer_due(run: Run, number: int) -> None:
    one = run.transfers[number]
    asset, v, w = Asset(one.asset), one.destination, one.origin
    terms = run.terms.transfers[asset][v]
    assert terms is not None
    on_its_way = one.amount - one.fee
    if uniform(terms.key ^ 0x5DEECE66D, number) < terms.failure_probability:
        one.state = TransferState.FAILED
        one.lost = terms.loss_given_failure * on_its_way
        back = on_its_way - one.lost
        change(run, asset, (w, 0.0), (v, 0.0), (w, back))
        if back == 0.0:
            one.ended_ns = run.now
            return
        back_ns = run.now + draw(list(terms.delays_ns), terms.key, number + 2**32)
        run.push(back_ns, EventKind.REFUND, number)
        return
    change(run, asset, (v, on_its_way), (v, 0.0))
    one.state, one.received, one.ended_ns = TransferState.ARRIVED, on_its_way, run.now


def refund(run: Run, number: int) -> None:
    one = run.transfers[number]
    back = (one.amount - one.fee) - one.lost
    change(run, Asset(one.asset), (one.origin, back), (one.origin, 0.0))
    one.state, one.received, one.ended_ns = TransferState.REFUNDED, back, run.now


def delta_hedge(run: Run) -> None:
    """Bring the coin held back to its target on the perpetual."""
    rules, ledger, book = run.terms.strategy, run.ledger, run.books[HEDGE]
    if not rules.hedge or run.halted or ledger.dirty == 0:
        return
    if ledger.dirty == 2 and book.row == run.delta_dirty_row:
        return
    if run.delta_working or any(
        one.working > 0 or one.repair in (Repair.POLICY, Repair.DUE) for one in run.open_slots()
    ):
        return
    gap = ledger.gap
    wanted = run.lots(abs(gap), HEDGE)
    rounding = 1e-9 * (abs(ledger.base[0]) + abs(ledger.base[1]) + abs(ledger.base[2]))
    if abs(gap) <= max(rules.hedge_band_base, rounding) or run.small(wanted, HEDGE):
        ledger.dirty = 0
        return
    if not book.fresh(run.now, rules.max_unchanged_ns):
        wait_for_row(run)
        return
    sell = gap > 0.0
    limit = shifted(book.best(sell), rules.band_bps * 1e-4, sell, book.terms.tick)
    quantity = run.lots(min(wanted, ledger.funds(HEDGE, sell, limit)), HEDGE)
    if run.small(quantity, HEDGE):
        wait_for_row(run)
        return
    run.send(None, HEDGE, sell=sell, quantity=quantity, price=limit, reason=FillReason.DELTA)
    run.delta_working = True


def wait_for_row(run: Run) -> None:
    run.ledger.dirty = 2
    run.delta_dirty_row = run.books[HEDGE].row


def delta_known(run: Run, order: Order) -> None:
    run.delta_working = False
    if order.filled >= order.quantity:
        run.ledger.dirty = 1
    else:
        wait_for_row(run)
