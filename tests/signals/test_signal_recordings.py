"""Streams and batches of real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from arbresearch.core import FeeSchedule
from arbresearch.edges import Pair, align
from arbresearch.signals import EnhancedSpotArbitrageSignal, SignalSettings
from tests.signals.quote_kit import quotes_of
from tests.signals.signal_kit import assert_same, some_calibration, stream

SETTINGS = SignalSettings(fees_a=FeeSchedule(0.0, 0.0), fees_b=FeeSchedule(0.0, 0.0), sell_a_bps=2.0, sell_b_bps=2.0)


def _link(shared_data: Path) -> Pair:
    columns = {"b1": "bid", "bv1": "bid_size", "a1": "ask", "av1": "ask_size"}
    frames = []
    for name in ("bnc", "hb"):
        frame = pl.read_csv(shared_data / "link_binance_huobi_l10" / f"orderbook_{name}.csv")
        time = pl.col("timestamp").str.to_datetime(time_unit="ns").dt.epoch("ns").alias("recv_ns")
        frames.append(frame.select(time, *(pl.col(old).cast(pl.Float64).alias(new) for old, new in columns.items())))
    return align(*frames)


def _lunc(shared_data: Path) -> Pair:
    columns = {"bid_price": "bid", "bid_qty": "bid_size", "ask_price": "ask", "ask_qty": "ask_size"}
    return align(
        *(
            pl.read_parquet(shared_data / "lunc_mexc_gate_bbo" / f"{name}.parquet").select(
                pl.col("timestamp").dt.epoch("ns").alias("recv_ns"),
                *(pl.col(old).alias(new) for old, new in columns.items()),
            )
            for name in ("lunc_mexc_spot", "lunc_gateio_futures")
        )
    ).overlap()


@pytest.mark.parametrize("name", ["link", "lunc"])
def test_stream_is_batch_on_recordings(shared_data: Path, name: str) -> None:
    pair = _link(shared_data) if name == "link" else _lunc(shared_data)
    quotes = quotes_of(pair)
    calibration = some_calibration(SETTINGS)
    batch = EnhancedSpotArbitrageSignal(SETTINGS, calibration).batch(pair)
    resume_at = np.random.default_rng(1).choice(len(quotes), 20, replace=False).tolist()
    assert_same(batch, stream(quotes, SETTINGS, calibration, resume_at))
    assert np.isfinite(batch.confidence[-1]).all()
    assert (batch.primary_signal > 0).any()
