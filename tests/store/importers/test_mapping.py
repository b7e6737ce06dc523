"""Mapping files: what is refused, and the shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbresearch.core import MappingError
from arbresearch.store.importers import describe_formats, list_mappings, load_mapping, resolve_mapping
from arbresearch.store.importers.mapping_parts import TextSpec
from tests.store.importers.kit import QUOTES_MAPPING, write_mapping


def test_a_mapping_file_is_read(tmp_path: Path) -> None:
    mapping = load_mapping(write_mapping(tmp_path))
    assert mapping.name == "mine"
    assert mapping.fed == ("quotes",)
    assert list(mapping.wanted()) == ["time", "bid", "bid_qty", "ask", "ask_qty"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("venue =", "vneue ="), "vneue: unknown key"),
        (('unit = "ms"', 'unit = "weeks"'), r"recv\.unit: Input should be 's', 'ms'"),
        (('unit = "ms"', 'unit = "ms", format = "%Y"'), "recv: format goes with unit 'iso', not 'ms'"),
        (('unit = "ms"', 'unit = "iso", zone = "Mars/Base"'), r"zone.*Mars/Base"),
        (("[tables.quotes.columns]", "[tables.quotse.columns]"), "tables.quotse: expected one of quotes"),
        (('bid_size = "bid_qty"', 'bid_sise = "bid_qty"'), r"tables\.quotes\.columns: .*bid_size.*, was bid_sise"),
        (('recv = { column = "time", unit = "ms" }', ""), "give a clock: recv, event or both"),
        (('symbol = "LUNC/USDT"', 'symbol = { column = "s", pattern = "(x)" }'), "pattern and template go together"),
        (('symbol = "LUNC/USDT"', 'symbol = { constant = "A/B", single = true }'), "single goes with columns"),
        (('format = "csv"', 'format = "xml"'), "format: Input should be 'csv' or 'parquet'"),
        (('doc = "quotes', 'doc = quotes'), "expected TOML"),
    ],
)  # fmt: skip
def test_a_malformed_mapping_names_the_key(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in QUOTES_MAPPING
    path = write_mapping(tmp_path, QUOTES_MAPPING.replace(*change))
    with pytest.raises(MappingError, match=message):
        load_mapping(path)


def test_an_unknown_mapping_lists_the_shipped_ones() -> None:
    with pytest.raises(MappingError, match=r"link_binance_huobi_l10, lunc_gate_perpetual.*'nonesuch'"):
        resolve_mapping("nonesuch")


def test_every_shipped_mapping_is_well_formed_and_described() -> None:
    mappings = list_mappings()
    assert {"coinbase_triangle_1m", "gate_spot_orderbooks", "binance_btc_depth", "lunc_mexc_spot"} <= set(mappings)
    described = {name for one in describe_formats() for name, _ in one.mappings}
    assert described == set(mappings)
    for name, mapping in mappings.items():
        assert mapping.name == name
        assert mapping.doc
        assert mapping.files


def test_texts_are_made_from_columns_values_and_file_names() -> None:
    symbol = TextSpec(column="s", pattern=r"(?P<base>[A-Z]+)USDT\.\w+", template="{base}/USDT")
    assert symbol.of_row(("LINKUSDT.BNC",)) == "LINK/USDT"
    assert symbol.of_row(("LINKBTC.BNC",)) == "LINKBTC.BNC"
    joined = TextSpec(template="{b}/{q} {m}", values={"BTC/USDT fut": "BTC/USDT:USDT"})
    assert joined.columns == ("b", "q", "m")
    assert joined.of_row(("BTC", "USDT", "fut")) == "BTC/USDT:USDT"
    named = TextSpec(file=r"_(?P<base>[A-Z]+)_(?P<quote>[A-Z]+)\.", template="{base}/{quote}")
    assert named.of_file(Path("/x_Y_Z./orderbooks_ETH_USDT.csv")) == "ETH/USDT"
    assert named.of_file(Path("books.csv")) is None
