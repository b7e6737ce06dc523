"""Instruments and networks from the answers of venues."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl
import pytest

from arbresearch.core import ImportFailed
from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from tests.store.importers.kit import rejects_of

AT = "2025-04-15T12:00:00Z"
AT_NS = 1_744_718_400 * 10**9

GATE_PAIR = {
    "id": "ETH_USDT", "base": "ETH", "quote": "USDT", "fee": "0.2", "min_base_amount": "0.001", "min_quote_amount": "3",
    "amount_precision": 4, "precision": 2, "trade_status": "tradable",
}  # fmt: skip
GATE_CONTRACT = {
    "name": "LUNC_USDT", "quanto_multiplier": "10000", "order_price_round": "0.00000001", "order_size_min": 1,
    "maker_fee_rate": "-0.000152", "taker_fee_rate": "0.00075", "in_delisting": False,
}  # fmt: skip
MEXC_COIN = {
    "coin": "USDT",
    "networkList": [
        {
            "coin": "USDT", "depositEnable": True, "minConfirm": "20", "network": "Tron(TRC20)", "netWork": "TRX",
            "withdrawEnable": False, "withdrawFee": "1", "withdrawIntegerMultiple": "6", "withdrawMax": "30000000",
            "withdrawMin": "2", "contract": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        },
        {
            "coin": "USDT", "depositEnable": True, "minConfirm": 0, "network": "EOS", "withdrawEnable": True,
            "withdrawFee": "0.1", "withdrawIntegerMultiple": "0.0001", "contract": "",
            "depositTips": "Both a MEMO and an Address are required.",
        },
    ],
}  # fmt: skip


def _write(path: Path, data: object, head: str = "") -> Path:
    path.write_bytes(head.encode() + orjson.dumps(data))
    return path


def test_a_snapshot_without_a_time_asks_for_it(store: TickStore, tmp_path: Path) -> None:
    path = _write(tmp_path / "pairs.json", [GATE_PAIR])
    with pytest.raises(ImportFailed, match=r"pairs\.json: expected the instant it was taken.*give it: --at 2025"):
        import_files(store, "instruments", [path])
    assert store.coverage().height == 0
    assert import_files(store, "instruments", [path], at=AT).accepted == {"instruments": 1}


def test_gate_pair_in_our_units(store: TickStore, tmp_path: Path) -> None:
    import_files(store, "instruments", [_write(tmp_path / "pairs.json", [GATE_PAIR])], at=AT)
    assert store.instruments().row(0, named=True) == {
        "venue": "gate", "symbol": "ETH/USDT", "recv_ns": AT_NS, "base": "ETH", "quote": "USDT", "settle": None,
        "market": "spot", "active": True, "tick": 0.01, "lot": 0.0001, "min_quantity": 0.001, "min_notional": 3.0,
        "contract_size": 1.0, "maker_fee": 0.002, "taker_fee": 0.002, "contract_address": None,
    }  # fmt: skip


def test_gate_contracts_are_in_coins_and_inverse_ones_refused(store: TickStore, tmp_path: Path) -> None:
    half = GATE_CONTRACT | {
        "name": "LAB_USDT",
        "quanto_multiplier": "100",
        "order_size_min": "0.1",
        "enable_decimal": True,
    }
    inverse = GATE_CONTRACT | {"name": "BTC_USD", "quanto_multiplier": "0"}
    path = _write(tmp_path / "contracts.json", [GATE_CONTRACT, inverse, half])
    report = import_files(store, "instruments", [path], at=AT)
    assert report.rejected == {"entry_malformed": 1}
    assert report.files[0].rejects is not None
    (row,) = rejects_of(report.files[0].rejects)
    assert row["line"] == "2"
    assert "quanto_multiplier '0'" in row["text"]
    rows = {one["symbol"]: one for one in store.instruments().iter_rows(named=True)}
    lunc, lab = rows["LUNC/USDT:USDT"], rows["LAB/USDT:USDT"]
    assert (lunc["lot"], lunc["min_quantity"], lunc["contract_size"], lunc["tick"]) == (
        10_000.0,
        10_000.0,
        10_000.0,
        1e-8,
    )
    assert (lunc["maker_fee"], lunc["taker_fee"], lunc["settle"], lunc["market"]) == (
        -0.000152,
        0.00075,
        "USDT",
        "swap",
    )
    assert (lab["lot"], lab["contract_size"]) == (10.0, 100.0)


def test_mexc_coins(store: TickStore, tmp_path: Path) -> None:
    path = _write(tmp_path / "coins.txt", [MEXC_COIN], "GET\n/api/v3/capital/config/getall\ntrue\n")
    assert import_files(store, "networks", [path], at=AT).accepted == {"networks": 2}
    rows = {one["network"]: one for one in store.networks().iter_rows(named=True)}
    tron, eos = rows["TRX"], rows["EOS"]
    assert (tron["withdraw_open"], tron["deposit_open"], tron["fee"], tron["min_withdraw"]) == (False, True, 1.0, 2.0)
    assert (tron["precision"], tron["confirmations"], tron["memo"]) == (1e-6, 20, None)
    assert tron["contract_address"] == "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
    assert (eos["precision"], eos["memo"], eos["contract_address"], eos["max_withdraw"]) == (0.0001, True, None, None)


def test_gate_withdrawal_fees(store: TickStore, tmp_path: Path) -> None:
    one = {
        "currency": "GT",
        "withdraw_amount_mini": "0.11",
        "withdraw_eachtime_limit": "20000",
        "withdraw_fix_on_chains": {"ETH": "15", "TRX": "0"},
        "withdraw_percent_on_chains": {"ETH": "0.1%"},
    }
    import_files(store, "networks", [_write(tmp_path / "fees.json", [one])], at=AT)
    rows = {
        row["network"]: (row["fee"], row["fee_fraction"], row["min_withdraw"]) for row in store.networks().to_dicts()
    }
    assert rows == {"ETH": (15.0, 0.001, 0.11), "TRX": (0.0, None, 0.11)}


def test_exchange_info_says_its_own_time(store: TickStore, tmp_path: Path) -> None:
    symbol = {"symbol": "BROCKUSDT", "status": "1", "baseAsset": "BROCK", "baseAssetPrecision": 2, "quoteAsset": "USDT",
              "quotePrecision": 5, "baseSizePrecision": "0", "quoteAmountPrecision": "1", "makerCommission": "0.0005",
              "takerCommission": "0.0005", "isSpotTradingAllowed": True}  # fmt: skip
    path = _write(tmp_path / "info.json", {"serverTime": 1737623435453, "symbols": [symbol, symbol | {"status": "3"}]})
    import_files(store, "instruments", [path])
    frame = store.sql("select * from instruments order by active")
    assert frame["recv_ns"].to_list() == [1737623435453 * 10**6] * 2
    assert frame["active"].to_list() == [False, True]
    assert frame.select("tick", "lot", "min_quantity", "min_notional").row(1) == (1e-5, 0.01, None, 1.0)


def test_recorded_lines_carry_their_time(store: TickStore, tmp_path: Path) -> None:
    head = "https://api.gateio.ws/api/v4/spot/currency_pairs -> 1619093531.883842: "
    path = _write(tmp_path / "GATE.0", [GATE_PAIR], head)
    path.write_text(path.read_text() + "\nconfiguration: {}\n")
    import_files(store, "instruments", [path])
    assert store.instruments()["recv_ns"].to_list() == [1_619_093_531_883_842_000]


def test_own_tables_as_json(store: TickStore, tmp_path: Path) -> None:
    rows = [{"venue": "okx", "asset": "USDT", "network": "TRC20", "recv_ns": AT_NS, "fee": 1.0, "withdraw_open": True}]
    import_files(store, "networks", [_write(tmp_path / "networks.json", rows)])
    assert store.networks().select("venue", "fee", "withdraw_open", "recv_ns").row(0) == ("okx", 1.0, True, AT_NS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", r"instruments as one of: gate spot pairs, gate contracts, mexc exchangeInfo.*nothing of that kind"),
        ("[1, 2]", "nothing of that kind"),
        ("<html>", "expected JSON, Parquet, or recorded lines"),
        ('[{"id": "E_U", "base": "E", "quote": "U", "amount_precision": 1}]', "none; rejected 1 entry_malformed"),
    ],
)
def test_what_is_no_snapshot_is_refused(store: TickStore, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ImportFailed, match=message):
        import_files(store, "instruments", [path], at=AT)


def test_binance_and_okx_books_and_networks(store: TickStore, shared_data: Path) -> None:
    folder = shared_data / "binance_okx_l5_snapshot"
    report = import_files(store, "networks", [folder / "books_and_networks.json"], at=AT)
    assert report.accepted["networks"] == 1_188
    assert report.rejected == {}
    both = pl.col("venue").n_unique() == 2
    quotes = store.sql("select * from quotes")
    paired = quotes.group_by("symbol").agg(both.alias("both"))
    assert paired.height == 327
    assert int(paired["both"].sum()) == 304
    wide = quotes.filter(venue="binance").join(quotes.filter(venue="okx"), on="symbol")
    ratio = pl.max_horizontal(pl.col("bid") / pl.col("ask_right"), pl.col("bid_right") / pl.col("ask"))
    best = wide.select("symbol", best=1e4 * (ratio - 1))
    shares = [round(100 * float((best["best"] > level).mean()), 2) for level in (0, 5, 10, 20, 50)]
    assert shares == pytest.approx([13.2, 4.9, 3.0, 0.66, 0.0], abs=0.051)
    top = best.sort("best").row(-1)
    assert (top[0].split("/")[0], round(top[1], 1)) == ("GMT", 42.7)


def test_flat_networks_agree_with_the_nested_ones(store: TickStore, shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "binance_okx_l5_snapshot"
    text = "select venue, asset, network, fee, min_withdraw from networks order by all"
    import_files(store, "networks", [folder / "books_and_networks.json"], at=AT)
    nested = store.sql(text)
    with TickStore(tmp_path / "other") as other:
        import_files(other, "networks", [folder / "withdraw_networks.parquet"], at=AT)
        flat = other.sql(text)
    assert nested.height == 1_188
    assert nested.equals(flat)
    assert nested["network"].n_unique() == 157


def test_recorded_gate_and_mexc_answers(store: TickStore, shared_data: Path) -> None:
    folder = shared_data / "venue_payloads"
    recorded = folder / "recorded"
    spot = import_files(store, "instruments", [recorded / "GATEIO.0", recorded / "GATEIO_FUTURES.0"])
    assert spot.accepted == {"instruments": 1_458 + 302}
    lunc = store.instruments().filter(symbol="LUNC/USDT:USDT").row(0, named=True)
    assert (lunc["contract_size"], lunc["tick"], lunc["recv_ns"]) == (10_000.0, 1e-8, 1_684_930_163_948_353_800)
    coins = import_files(store, "networks", [recorded / "mexc_capital_config_getall_raw.json"], at=AT)
    assert coins.accepted == {"networks": 12}
    assert store.networks().filter(asset="USDT", network="TRX")["fee"].to_list() == [1.0]
    samples = [folder / "mexc" / "rest" / "Account" / "GetUserAssets.txt"]
    assert import_files(store, "networks", samples, at=AT).accepted == {"networks": 2}
