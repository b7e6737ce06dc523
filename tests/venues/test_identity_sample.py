"""On a simulated market whose truth is known, read back from a store."""

from __future__ import annotations

import polars as pl
import pytest

from arbresearch.sample import Kind, SampleSpec, plan_market, truth_of
from arbresearch.sample.reference import instruments_frame, networks_frame
from arbresearch.store import TickStore
from arbresearch.venues import identify_pairs, unmapped_networks

SPECS = {
    "three venues": SampleSpec(seed=7, symbols=60),
    "eight venues": SampleSpec(
        seed=8, symbols=120, venues=("mexc", "gate", "binance", "okx", "bybit", "kucoin", "bitget", "huobi")
    ),
    "a universe": SampleSpec(seed=9, symbols=1_200, venues=("mexc", "gate")),
}


@pytest.fixture(params=list(SPECS))
def judged(request: pytest.FixtureRequest, store: TickStore) -> pl.DataFrame:
    spec = SPECS[request.param]
    plan = plan_market(spec)
    store.append("networks", networks_frame(plan, 0))
    store.append("instruments", instruments_frame(plan, 0))
    rows = [
        (pair.symbol.split("/")[0], pair.venue_a, pair.venue_b, str(pair.kind), pair.variant)
        for pair in truth_of(spec).pairs
    ]
    pairs = pl.DataFrame(rows, schema=["asset", "venue_a", "venue_b", "kind", "variant"], orient="row")
    assert unmapped_networks(store.networks()).height == 0
    return identify_pairs(pairs, store.networks(), store.instruments())


def test_every_pair_that_pays_is_verified_and_no_other_coin_is(judged: pl.DataFrame) -> None:
    pays = judged.filter(pl.col("kind") == Kind.PAYS)
    assert pays.height > 0
    assert pays["verdict"].unique().to_list() == ["verified"]
    traps = judged.filter(pl.col("kind") == Kind.IDENTITY)
    assert traps.height > 0
    hides = pl.col("variant") % 3 == 2
    assert traps.filter(~hides)["verdict"].unique().to_list() == ["different"]
    assert set(traps.filter(hides)["verdict"]) == {"unverified"}
    rest = judged.filter(pl.col("kind") != Kind.IDENTITY)
    assert rest["verdict"].unique().to_list() == ["verified"]
    assert set(rest["ground"]) == {"contract", "native"}
