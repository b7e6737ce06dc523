"""The fast pass over raw lines against the parser that knows JSON."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arbresearch.store.importers import binance_lines
from arbresearch.store.importers.scan import DIFF, QUOTE, SLOW, TRADE, Scanned, scan
from tests.store.importers.wire_kit import MS, RECV, notes, read, refused, spot_ticker, stream, write

decimals = st.one_of(
    st.from_regex(r"[0-9]{1,9}(\.[0-9]{0,10})?", fullmatch=True),
    st.sampled_from(
        [
            "0.00000000",
            "61737.63000000",
            "9007199254740993",
            "0.1234567890123456789",
            "1e5",
            "-1",
            "",
            "x",
            "nan",
            "1.2.3",
        ]
    ),
)
levels_of = st.lists(st.tuples(decimals, decimals).map(list), max_size=3)
counts = st.integers(0, 2**63 - 1)
times = st.sampled_from([MS, MS * 1000 + 7])
symbols = st.sampled_from(["BTCUSDT", "ETHUSDT"])
bodies = st.one_of(
    st.fixed_dictionaries(
        {"u": counts, "s": symbols, "b": decimals, "B": decimals, "a": decimals, "A": decimals}, optional={"T": times}
    ),
    st.fixed_dictionaries(
        {
            "e": st.just("trade"), "E": times, "T": times, "s": symbols,
            "t": counts, "p": decimals, "q": decimals, "m": st.booleans(),
        },
        optional={"M": st.booleans(), "X": st.just('MARK"ET')},
    ),
    st.fixed_dictionaries(
        {
            "e": st.just("depthUpdate"), "E": times, "s": symbols,
            "U": counts, "u": counts, "b": levels_of, "a": levels_of,
        },
        optional={"T": times, "pu": counts},
    ),
)  # fmt: skip


@st.composite
def combined(draw: st.DrawFn) -> str:
    data = draw(bodies)
    kind = {"trade": "trade", "depthUpdate": draw(st.sampled_from(["depth", "depth@0ms", "depth@100ms"]))}.get(
        data.get("e"), "bookTicker"
    )
    shuffled = dict(draw(st.permutations(list(data.items()))))
    spaced = draw(st.sampled_from([(",", ":")] * 4 + [(", ", ": ")]))
    text = json.dumps({"stream": f"{data['s'].lower()}@{kind}", "data": shuffled}, separators=spaced)
    cut = draw(st.sampled_from([len(text)] * 9 + [len(text) - 1, len(text) // 2]))
    return f"{RECV} {text[:cut]}"


def everything(path: Path) -> list[Any]:
    batches = read(path)
    frames = [batch.frame.sort("recv_ns", maintain_order=True).to_dicts() for batch in batches]
    return [
        frames,
        [batch.rows.to_list() for batch in batches],
        refused(batches),
        notes(batches),
        [one.filtered for one in batches],
    ]


def read_by_json(path: Path) -> list[Any]:
    def nothing(data: bytes, markets: Any) -> Scanned:
        return (whole := scan(data, markets))._replace(kind=np.full_like(whole.kind, SLOW))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binance_lines, "scan", nothing)
        return everything(path)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(combined(), min_size=1, max_size=25))
def test_the_fast_pass_reads_what_the_json_parser_reads(tmp_path: Path, given_lines: list[str]) -> None:
    known = [f"{RECV} {json.dumps(one)}" for one in (
        spot_ticker(1, "1", "1", "2", "1"), spot_ticker(1, "1", "1", "2", "1", symbol="ETHUSDT"),
        stream("bookTicker", u=1, s="BTCUSDT", b="1", B="1", a="2", A="1", T=MS),
        stream("bookTicker", u=1, s="ETHUSDT", b="1", B="1", a="2", A="1", T=MS),
    )]  # fmt: skip
    padding = [known[0]] * 600  # the first block, after which the symbols are known
    path = write(tmp_path / "a.log", [*known, *padding, *given_lines], packed=False)
    assert repr(everything(path)) == repr(read_by_json(path))


def test_most_lines_take_the_fast_pass(shared_data: Path) -> None:
    data = gzip.decompress((shared_data / "binance_bookticker_raw/spot/btcusdt_20240808.gz").read_bytes())
    scanned = scan(data, [("BTCUSDT", False)])
    assert Counter(scanned.kind.tolist()) == {QUOTE: 28_040, TRADE: 9_757, DIFF: 3_451, SLOW: 1}


def test_recording_the_fast_pass_reads_what_the_json_parser_reads(shared_data: Path, tmp_path: Path) -> None:
    for market in ("spot", "usdm"):
        data = gzip.decompress((shared_data / f"binance_bookticker_raw/{market}/ethusdt_20240808.gz").read_bytes())
        path = tmp_path / market / "a.log"
        path.parent.mkdir()
        path.write_bytes(b"\n".join(data.split(b"\n")[:10_000]))
        assert repr(everything(path)) == repr(read_by_json(path))
