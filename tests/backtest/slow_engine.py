"""A slow, obvious engine: one instant after the other, everything worked out anew, for the kernel to agree with."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import groupby
from math import inf, isnan
from typing import Any

import numpy as np

from arbresearch.backtest import layout
from arbresearch.backtest.codes import CashKind, EventKind, FillReason, Rebalance, Repair, Trigger
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import NS_PER_DAY
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.signals.modes import AB, BA, MODES, Mode
from tests.backtest.slow_decision import Choice, Side, choose, maker_buy, maker_sell, walk, within_band
from tests.backtest.slow_ledger import Hold
from tests.backtest.slow_moves import check_transfers, delta_hedge, delta_known, held_too_long, refund, transfer_due
from tests.backtest.slow_pairs import add, begin_repair, deadline, last_try, repair_side, settle, try_repair, undo_side
from tests.backtest.slow_run import Order, Pair, Run, Slot
from tests.backtest.slow_schedule import InForce, entry_threshold, in_force

TRADES, LADDER, QUOTES, FUNDING = range(4)
Row = tuple[int, int, int, int]


def slow_run(market: Market, terms: RunTerms) -> RunLog:
    """Run a market with at least one row."""
    rows = merged(market)
    engine = Engine(market, terms, rows[0][0])
    for now, group in groupby(rows, key=lambda row: row[0]):
        engine.events_before(now)
        engine.instant(now, list(group))
    engine.due_until(rows[-1][0])
    engine.sample(rows[-1][0])
    return log_of(engine.run, len(rows))


def merged(market: Market) -> list[Row]:
    """Return time, venue, table and index of every row, in the order in which they count."""
    rows: list[Row] = []
    for v, tape in enumerate(market):
        columns = (tape.trades.recv_ns, tape.ladder.recv_ns, tape.book.recv_ns, tape.funding.recv_ns)
        for table, times in enumerate(columns):
            rows += [(time, v, table, index) for index, time in enumerate(times.tolist())]
    return sorted(rows)


class Engine:
    """Goes from instant to instant."""

    def __init__(self, market: Market, terms: RunTerms, first_ns: int) -> None:
        self.terms, self.rules = terms, terms.strategy
        self.run = Run.begin(market, terms, first_ns)
        self.books, self.ledger = self.run.books, self.run.ledger
        self.trades = [list(zip(*(column.tolist() for column in tape.trades), strict=True)) for tape in market]
        self.funding = [list(zip(*(column.tolist() for column in tape.funding), strict=True)) for tape in market]
        self.next_sample = self.rules.start_ns or first_ns
        self.midnight = (first_ns // NS_PER_DAY + 1) * NS_PER_DAY

    def events_before(self, now: int) -> None:
        """Do what comes due before a time, and the timers up to then."""
        self.due_until(now - 1)
        self.timers(now)

    def due_until(self, last_ns: int) -> None:
        """Do what comes due up to a time, each due time an instant of its own."""
        while self.run.heap and self.run.heap[0][0] <= last_ns:
            due_ns = self.run.heap[0][0]
            self.timers(due_ns)
            self.run.now = due_ns
            self.due(due_ns)
            delta_hedge(self.run)

    def instant(self, now: int, rows: list[Row]) -> None:
        self.run.now = now
        for _, v, table, index in rows:
            self.apply(v, table, index)
        self.due(now)
        if any(table == QUOTES and v < 2 for _, v, table, _ in rows):
            self.decide()
            self.due(now)
        delta_hedge(self.run)

    def timers(self, now: int) -> None:
        """Take the samples due before a time, and let the midnights up to it pass."""
        while self.next_sample < now or self.midnight <= now:
            if self.next_sample <= self.midnight - 1:
                self.sample(self.next_sample)
                self.next_sample += self.rules.sample_ns
            else:
                self.run.day_profit = self.ledger.profit
                self.run.paused = False
                self.midnight += NS_PER_DAY

    def sample(self, now: int) -> None:
        ledger = self.ledger
        self.run.samples.append((
            now, *(book.mid for book in self.books), *ledger.base, *ledger.quote, *ledger.coin,
            ledger.transit[0][0] + ledger.transit[0][1], ledger.transit[1][0] + ledger.transit[1][1],
            ledger.unhedged_at(now), len(self.run.open_slots()),
        ))  # fmt: skip

    def apply(self, v: int, table: int, index: int) -> None:
        run, book = self.run, self.books[v]
        if table == TRADES:
            _, price, size, aggressor = self.trades[v][index]
            for order in run.resting(v):
                assert order.waiting is not None
                run.fill_maker(order, order.waiting.trade(price, size, aggressor))
        elif table == LADDER:
            book.show_ladder(index)
        elif table == QUOTES:
            book.show(index)
            self.quoted(v)
        elif self.terms.venues[v].perpetual and self.ledger.base[v] != 0.0 and not isnan(book.mid):
            run.pay(v, CashKind.FUNDING, -(self.ledger.base[v] * book.mid * self.funding[v][index][1]))

    def quoted(self, v: int) -> None:
        book = self.books[v]
        for order in self.run.resting(v):
            assert order.waiting is not None
            own, size = (book.ask, book.ask_size) if order.sell else (book.bid, book.bid_size)
            other, other_size = (book.bid, book.bid_size) if order.sell else (book.ask, book.ask_size)
            self.run.fill_maker(order, order.waiting.book(own, size, other, other_size))
        if self.terms.venues[v].perpetual:
            self.run.liquidate(v)

    def due(self, now: int) -> None:
        """Do all that is due by now, also what comes of it at once."""
        while self.run.heap and self.run.heap[0][0] <= now:
            _, _, kind, ref, pair = heapq.heappop(self.run.heap)
            if kind == EventKind.ARRIVE:
                self.run.arrive(self.run.orders[ref])
            elif kind == EventKind.KNOWN:
                self.known(self.run.orders[ref])
            elif kind == EventKind.FILL_KNOWN:
                self.fill_known(ref)
            elif kind == EventKind.CANCEL:
                self.run.cancel(self.run.orders[ref])
            elif kind == EventKind.DEADLINE:
                deadline(self.run, self.run.slots[ref], pair)
            elif kind == EventKind.TRANSFER:
                transfer_due(self.run, ref)
            else:
                refund(self.run, ref)

    def known(self, order: Order) -> None:
        run = self.run
        order.known_ns = run.now
        if order.slot < 0:
            delta_known(run, order)
            return
        slot = run.slots[order.slot]
        assert slot is not None
        assert slot.pair == order.pair
        if order.maker:
            slot.maker_live = False
            counts = run.counts[slot.mode]
            counts.ended += 1
            counts.share += order.filled / order.quantity
            settle(run, slot)
            return
        slot.working -= 1
        held = self.ledger.holds[slot.index]
        assert held is not None
        held.release()
        add(run, slot, order.sell, order.filled)
        if order.reason == FillReason.HEDGE and order.filled < order.quantity:
            begin_repair(run, slot)
        else:
            settle(run, slot)

    def fill_known(self, number: int) -> None:
        order = self.run.orders[self.run.fills[number][0]]
        slot = self.run.slots[order.slot]
        assert slot is not None
        add(self.run, slot, order.sell, self.run.fills[number][8])
        settle(self.run, slot)

    def fresh(self) -> bool:
        a, b, _ = self.books
        now, unchanged = self.run.now, self.rules.max_unchanged_ns
        together = abs(a.recv_ns - b.recv_ns) <= self.rules.max_skew_ns
        return together and a.fresh(now, unchanged) and b.fresh(now, unchanged)

    def side(self, v: int) -> Side:
        book, now, age = self.books[v], self.run.now, self.rules.depth_age_ns
        bids, asks = book.free(True, now, age), book.free(False, now, age)
        return Side(book.terms, book.bid, book.ask, bids, asks, self.ledger.sell_free(v), self.ledger.buy_free(v))

    def decide(self) -> None:
        for slot in self.run.open_slots():
            self.attend(slot)
        if self.rules.rebalance == Rebalance.TRANSFER and not self.run.halted:
            check_transfers(self.run)
        run, ledger = self.run, self.ledger
        soon = run.decided_ns is not None and run.now - run.decided_ns < self.rules.min_interval_ns
        full = None not in run.slots
        exposed = not abs(ledger.imbalance * ledger.mark) <= self.rules.max_exposure_quote
        if run.halted or run.paused or full or soon or exposed:
            return
        if self.fresh():
            self.decide_pair()

    def decide_pair(self) -> None:
        sides = (self.side(0), self.side(1))
        now = in_force(self.terms, self.run.now)
        modes: list[Mode] = [mode for mode in MODES if self.terms.enabled[mode - 1]]
        triggers = {mode: self.trigger(mode, now) for mode in modes}
        resting = {slot.mode for slot in self.run.open_slots() if slot.mode.maker >= 0}
        thresholds = {mode: one[1] for mode, one in triggers.items() if mode not in resting}
        probabilities = {mode: self.probability(mode) for mode in thresholds}
        rules = replace(self.rules, order_quote=now.order_quote)
        choice = choose(sides, thresholds, probabilities, (self.headroom(AB), self.headroom(BA)), rules)
        if choice is None:
            return
        if self.ledger.profit - self.run.day_profit <= -self.rules.daily_loss_quote:
            self.run.paused = True
        else:
            self.open(choice, sides, *triggers[choice.mode])

    def trigger(self, mode: Mode, rules: InForce) -> tuple[Trigger, float]:
        reducing = {1: BA, -1: AB}.get(self.ledger.tilt_sign, -1)
        if mode.direction != reducing:
            return Trigger.ENTRY, entry_threshold(rules, mode, self.ledger)
        threshold = rules.exit_bps[mode - 1]
        if self.rules.rebalance == Rebalance.REVERSE and held_too_long(self.run):
            return Trigger.RELAXED, min(threshold, -self.rules.rebalance_cost_bps)
        return Trigger.EXIT, threshold

    def headroom(self, direction: int) -> float:
        if self.rules.max_tilt_quote == inf:
            return inf
        room = self.rules.max_tilt_quote / self.ledger.mark
        return max(0.0, room - self.ledger.tilt if direction == AB else room + self.ledger.tilt)

    def probability(self, mode: Mode) -> float:
        if not isnan(self.rules.fill_probability):
            return self.rules.fill_probability
        counts = self.run.counts[mode]
        return (1.0 + counts.share) / (2.0 + counts.ended)

    def open(self, choice: Choice, sides: tuple[Side, Side], trigger: Trigger, threshold: float) -> None:
        run, mode = self.run, choice.mode
        s, b = sides[mode.seller], sides[mode.buyer]
        ref_sell = choice.plan_sell if mode.maker == mode.seller else s.bid
        ref_buy = choice.plan_buy if mode.maker == mode.buyer else b.ask
        index = run.slots.index(None)
        slot = Slot(index, len(run.pairs), mode, mode.seller, mode.buyer, threshold, ref_sell, ref_buy)
        run.slots[index] = slot
        run.pairs.append(
            Pair(
                mode, trigger, run.now, NEVER_NS, choice.size, choice.edge_bps, threshold,
                ref_sell, ref_buy, choice.plan_sell, choice.plan_buy, 0.0, 0.0,
            )
        )  # fmt: skip
        run.decided_ns = run.now
        self.ledger.holds[index] = Hold(mode.seller, mode.buyer, choice.size, self.hold_quote(choice, b))
        if mode.maker < 0:
            leg = FillReason.LEG
            run.send(slot, mode.seller, sell=True, quantity=choice.size, price=choice.sell_limit, reason=leg)
            run.send(slot, mode.buyer, sell=False, quantity=choice.size, price=choice.buy_limit, reason=leg)
            return
        self.bounds(slot)
        sell = mode.maker == mode.seller
        price = choice.plan_sell if sell else choice.plan_buy
        order = run.send(
            slot, mode.maker, sell=sell, quantity=choice.size, price=price, reason=FillReason.LEG, maker=True
        )
        slot.maker_order, slot.maker_live = order.number, True
        slot.expires_ns = run.now + self.rules.quote_ttl_ns

    def hold_quote(self, choice: Choice, b: Side) -> float:
        if choice.mode.maker < 0:
            return choice.size * choice.buy_limit * max(1.0, 1.0 + b.terms.taker_rate)
        if choice.mode.maker == choice.mode.buyer:
            return choice.size * choice.plan_buy * max(1.0, 1.0 + b.terms.maker_rate)
        worst = choice.hedge_worst * (1.0 + self.rules.band_bps * 1e-4)
        return choice.size * worst * max(1.0, 1.0 + b.terms.taker_rate)

    def present(self, slot: Slot) -> tuple[float, float]:
        """Return the best price a hedge would meet, and the best of the maker order's own side."""
        s, b = self.books[slot.seller], self.books[slot.buyer]
        return (b.ask, s.ask) if slot.mode.maker == slot.seller else (s.bid, b.bid)

    def bounds(self, slot: Slot) -> None:
        near = self.rules.requote_bps * 1e-4
        hedge, touch = self.present(slot)
        slot.hedge_range = hedge * (1.0 - near), hedge * (1.0 + near)
        slot.touch_range = touch * (1.0 - near), touch * (1.0 + near)

    def attend(self, slot: Slot) -> None:
        run = self.run
        if slot.working == 0 and slot.repair in (Repair.POLICY, Repair.LAST):
            last = slot.repair is Repair.LAST
            v, _ = undo_side(slot) if last else repair_side(run, slot)
            if self.books[v].row != slot.tried_row:
                (last_try if last else try_repair)(run, slot)
        if not slot.maker_live or slot.cancel_sent:
            return
        if run.halted or run.paused or not self.fresh() or run.now >= slot.expires_ns:
            run.send_cancel(slot)
            return
        near = zip(self.present(slot), (slot.hedge_range, slot.touch_range), strict=True)
        if all(low <= price <= high for price, (low, high) in near):
            return
        if self.still_right(slot):
            self.bounds(slot)
        else:
            run.send_cancel(slot)

    def still_right(self, slot: Slot) -> bool:
        """Return whether a resting order would be priced the same now."""
        order, band = self.run.orders[slot.maker_order], self.rules.band_bps * 1e-4
        s, b = self.side(slot.seller), self.side(slot.buyer)
        selling = slot.mode.maker == slot.seller
        levels, best = (b.asks, b.ask) if selling else (s.bids, s.bid)
        size = min(order.quantity - order.filled, within_band(levels, best, band, sell=not selling))
        if size <= 0.0:
            return False
        average, _ = walk(levels, size)
        quoted = (maker_sell if selling else maker_buy)(s, b, average, slot.threshold, self.rules)
        return quoted is not None and quoted[0] == order.price


def records(rows: list[tuple[Any, ...]], dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    return np.array(rows, dtype=dtype)


def logged(rows: list[Any], dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the fields of the log of records that may have more."""
    return records([tuple(getattr(row, name) for name in dtype.names or ()) for row in rows], dtype)


def log_of(run: Run, rows: int) -> RunLog:
    return RunLog(
        orders=logged(run.orders, layout.ORDER),
        order_events=records(run.order_events, layout.ORDER_EVENT),
        fills=records(run.fills, layout.FILL),
        pairs=logged(run.pairs, layout.PAIR),
        transfers=logged(run.transfers, layout.TRANSFER),
        cash=records(run.cash, layout.CASH),
        samples=records(run.samples, layout.SAMPLE),
        base=np.array(run.ledger.base),
        quote=np.array(run.ledger.quote),
        coin=np.array(run.ledger.coin),
        transit=np.array(run.ledger.transit),
        halted=run.halted,
        rows=rows,
    )
