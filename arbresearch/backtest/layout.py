"""The records that the kernel reads, keeps and writes; each dtype is one table."""

from __future__ import annotations

from typing import Final

import numpy as np

from arbresearch.matching.queue_kernels import NUMBERS, RULES
from arbresearch.signals.decision_kernels import DECISION

__all__ = [
    "BOOK", "CASH", "FILL", "INSTANT_COLUMNS", "LEGS", "MOST_LEVELS", "MOST_QUEUED", "MOST_SLOTS", "ORDER",
    "ORDER_EVENT", "PAIR", "QUEUE", "RUN", "SAMPLE", "SCHEDULE", "SLOT", "STRATEGY", "STREAMS", "TRANSFER",
    "TRANSFER_TERMS", "VENUE", "VENUES",
]  # fmt: skip

VENUES: Final = 3
"""A, B, and the perpetual that hedges."""
LEGS: Final = 4
"""Delays a venue: feed, entry, acknowledgement, cancel, in this order."""

INSTANT_COLUMNS: Final = 7
"""Tables of an index of instants, see :mod:`arbresearch.backtest.instants`."""

STREAMS: Final = 12
"""Tables that a run reads: trades, ladders, quotes and funding of the three venues."""

_F, _I, _B = np.float64, np.int64, np.bool_

VENUE: Final = np.dtype([
    ("maker_rate", _F), ("taker_rate", _F), ("received", _B), ("coin", _B),
    ("tick", _F), ("lot", _F), ("min_quantity", _F), ("min_notional", _F),
    ("perpetual", _B), ("leverage", _F), ("maintenance_rate", _F), ("liquidation_rate", _F),
    ("max_age_ns", _I), ("impact", _F), ("base_start", _F), ("quote_start", _F),
], align=True)  # fmt: skip
"""Terms of a venue: fractions, quote per base, base coin, quote currency, ns."""

STRATEGY: Final = np.dtype([
    ("order_quote", _F), ("common_lot", _F), ("band_bps", _F), ("policy", _I), ("deadline_ns", _I),
    ("max_hold_ns", _I), ("rebalance", _I), ("rebalance_cost_bps", _F), ("transfer_trigger", _F),
    ("max_skew_ns", _I), ("max_unchanged_ns", _I), ("depth_age_ns", _I), ("max_in_flight", _I), ("min_interval_ns", _I),
    ("improve_ticks", _F), ("quote_depth_bps", _F), ("requote_bps", _F), ("quote_ttl_ns", _I), ("fill_probability", _F),
    ("fill_rule", _I), ("family", _I), ("exponent", _F),
    ("max_tilt_quote", _F), ("max_exposure_quote", _F), ("daily_loss_quote", _F),
    ("hedge", _B), ("hedge_target_base", _F), ("hedge_band_base", _F),
    ("sample_ns", _I), ("start_ns", _I), ("tilt_slope_bps", _F),
], align=True)  # fmt: skip
"""Terms of the strategy; ``fill_probability`` NaN: measured in the run."""

TRANSFER_TERMS: Final = np.dtype([
    ("open", _B), ("fee_fixed", _F), ("fee_rate", _F), ("min_amount", _F), ("step", _F),
    ("failure_probability", _F), ("loss_given_failure", _F), ("failure_key", np.uint64),
], align=True)  # fmt: skip
"""Terms of moving one asset one way, shape (2 assets, 2 destinations); amounts in the asset."""

SCHEDULE: Final = np.dtype([
    ("since_ns", _I), ("entry_bps", _F, (6,)), ("exit_bps", _F, (6,)), ("order_quote", _F), ("tilt_slope_bps", _F),
    ("max_hold_ns", _I),
], align=True)  # fmt: skip
"""Terms that hold from a time on, of the six modes; ``max_hold_ns`` -1: as before."""

ORDER: Final = np.dtype([
    ("pair", _I), ("slot", _I), ("venue", _I), ("sell", _B), ("maker", _B), ("reason", _I),
    ("price", _F), ("quantity", _F), ("sent_ns", _I), ("meets_ns", _I), ("cancel_sent_ns", _I), ("cancel_meets_ns", _I),
    ("known_ns", _I), ("filled", _F), ("notional", _F), ("state", _I),
], align=True)  # fmt: skip
ORDER_EVENT: Final = np.dtype([("order", _I), ("time_ns", _I), ("state", _I), ("filled", _F)], align=True)
FILL: Final = np.dtype([
    ("order", _I), ("pair", _I), ("venue", _I), ("sell", _B), ("maker", _B), ("reason", _I),
    ("time_ns", _I), ("known_ns", _I), ("quantity", _F), ("notional", _F),
    ("fee_base", _F), ("fee_quote", _F), ("fee_coin_quote", _F), ("mid", _F),
], align=True)  # fmt: skip
PAIR: Final = np.dtype([
    ("mode", _I), ("trigger", _I), ("decided_ns", _I), ("closed_ns", _I), ("quantity", _F), ("edge_bps", _F),
    ("threshold_bps", _F), ("best_sell", _F), ("best_buy", _F), ("plan_sell", _F),
    ("plan_buy", _F), ("sold", _F), ("bought", _F),
], align=True)  # fmt: skip
TRANSFER: Final = np.dtype([
    ("asset", _I), ("origin", _I), ("destination", _I), ("amount", _F), ("fee", _F), ("sent_ns", _I), ("due_ns", _I),
    ("state", _I), ("lost", _F), ("received", _F), ("ended_ns", _I),
], align=True)  # fmt: skip
CASH: Final = np.dtype([("venue", _I), ("kind", _I), ("time_ns", _I), ("amount", _F)], align=True)
SAMPLE: Final = np.dtype([
    ("time_ns", _I), ("mid_a", _F), ("mid_b", _F), ("mid_h", _F), ("base_a", _F), ("base_b", _F), ("base_h", _F),
    ("quote_a", _F), ("quote_b", _F), ("quote_h", _F), ("coin_a", _F), ("coin_b", _F), ("coin_h", _F),
    ("transit_base", _F), ("transit_quote", _F), ("unhedged_quote_s", _F), ("in_flight", _I),
], align=True)  # fmt: skip

BOOK: Final = np.dtype([
    ("row", _I), ("recv_ns", _I), ("changed_ns", _I), ("bid", _F), ("bid_size", _F), ("ask", _F), ("ask_size", _F),
    ("rung", _I), ("ladder_ns", _I), ("used_row", _I), ("used_rung", _I),
], align=True)  # fmt: skip
"""What is in force on a venue; ``row`` and ``rung`` -1 before the first quote and ladder."""

SLOT: Final = np.dtype([
    ("open", _B), ("pair", _I), ("mode", _I), ("seller", _I), ("buyer", _I), ("working", _I),
    ("maker_order", _I), ("maker_live", _B), ("cancel_sent", _B), ("sold", _F), ("bought", _F),
    ("repair", _I), ("tried_row", _I), ("ref_sell", _F), ("ref_buy", _F), ("threshold_bps", _F),
    ("maker_venue", _I), ("hedge_low", _F), ("hedge_high", _F), ("touch_low", _F), ("touch_high", _F),
    ("expires_ns", _I), ("hold_base", _F), ("hold_quote", _F),
    ("extra_venue", _I), ("extra_base", _F), ("extra_quote", _F),
], align=True)  # fmt: skip
"""A pair that is not closed; ``hold_base`` is reserved on its seller, ``hold_quote`` on its buyer, and extra
for a repair under way that those do not cover."""

QUEUE: Final = np.dtype([("due_ns", _I), ("sequence", _I), ("kind", _I), ("ref", _I), ("pair", _I)], align=True)

MOST_SLOTS: Final = 16
"""Pairs that may be open at once."""
MOST_LEVELS: Final = 20
"""Levels a side of a recorded ladder that are read."""
MOST_QUEUED: Final = 8192
"""Events that may be due at once."""

RUN: Final = np.dtype([
    ("venues", VENUE, (VENUES,)), ("strategy", STRATEGY, (1,)), ("moves", TRANSFER_TERMS, (2, 2)),
    ("enabled", np.uint8, (6,)), ("entry_bps", _F, (6,)), ("exit_bps", _F, (6,)),
    ("delay_places", _I, (VENUES * LEGS + 4, 2)), ("delay_keys", np.uint64, (VENUES * LEGS + 4,)),
    ("books", BOOK, (VENUES,)),
    ("ladder_prices", _F, (VENUES, 2, MOST_LEVELS)), ("ladder_sizes", _F, (VENUES, 2, MOST_LEVELS)),
    ("used", _F, (VENUES, 2, MOST_LEVELS + 1)),
    ("base", _F, (VENUES,)), ("quote", _F, (VENUES,)), ("coin", _F, (VENUES,)), ("transit", _F, (2, 2)),
    ("liquidation", _F, (VENUES, 2)), ("ended", _F, (6,)), ("share", _F, (6,)),
    ("slots", SLOT, (MOST_SLOTS,)), ("makers", _F, (MOST_SLOTS, NUMBERS)), ("maker_states", _I, (MOST_SLOTS, RULES)),
    ("queue", QUEUE, (MOST_QUEUED,)), ("queued", _I), ("sequence", _I), ("next_due_ns", _I),
    ("log_at", _I, (8,)), ("log_rows", _I, (8,)),
    ("schedule_at", _I), ("schedule_rows", _I), ("schedule_row", _I), ("schedule_ns", _I),
    ("instants_at", _I, (INSTANT_COLUMNS,)), ("instants", _I), ("instant", _I),
    ("tape_at", _I, (VENUES, 16)), ("tape_rows", _I, (VENUES, 4)), ("tape_levels", _I, (VENUES,)),
    ("orders", _I), ("order_events", _I), ("fills", _I), ("pairs", _I), ("transfers", _I), ("cash", _I),
    ("samples", _I),
    ("next_sample_ns", _I), ("midnight_ns", _I), ("day_profit", _F), ("paused", _B), ("halted", _B), ("overflow", _B),
    ("open_slots", _I), ("resting", _I, (VENUES,)), ("decided_ns", _I), ("tilt_since_ns", _I), ("tilt_sign", _I),
    ("version", _I), ("moved_version", _I), ("turn", _I), ("bounds_turn", _I), ("bounds_until_ns", _I), ("opens", _B),
    ("bounds", _F, (6, 3)), ("delta_dirty", _I), ("delta_row", _I), ("delta_working", _B),
    ("exposure", _F), ("exposure_mark", _F), ("exposure_ns", _I), ("unhedged_quote_s", _F),
    ("calm_until_ns", _I), ("last_ns", _I), ("cursors", _I, (STREAMS,)),
    ("level_prices", _F, (2, 2, MOST_LEVELS + 1)), ("level_sizes", _F, (2, 2, MOST_LEVELS + 1)), ("counts", _I, (2, 2)),
    ("take_prices", _F, (MOST_LEVELS + 1,)), ("take_sizes", _F, (MOST_LEVELS + 1,)),
    ("sell_free", _F, (2,)), ("buy_free", _F, (2,)), ("allowed", np.uint8, (6,)), ("thresholds", _F, (6,)),
    ("triggers", _I, (6,)), ("probabilities", _F, (6,)), ("headroom", _F, (2,)), ("decision", DECISION, (2,)),
], align=True)  # fmt: skip
"""All that a run knows, in one record: terms, books, balances, open pairs, what is due, and working space."""
