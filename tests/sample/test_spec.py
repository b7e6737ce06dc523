from __future__ import annotations

from typing import Any

import pytest

from arbresearch.core import ParameterError
from arbresearch.sample import SampleSpec, simulate_stream
from arbresearch.sample.catalog import COMMON_COINS, MAX_SYMBOLS, coin_names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"days": 0}, "days: expected a whole number from 1 to 3,650, was 0"),
        ({"days": -3}, "days"),
        ({"days": 1.5}, "days"),
        ({"days": True}, "days"),
        ({"seed": -1}, "seed"),
        ({"symbols": 11}, "fewer cannot hold every trap"),
        ({"symbols": MAX_SYMBOLS + 1}, "more have no names"),
        ({"venues": ("mexc",)}, "venues: expected two or more, was mexc"),
        ({"venues": ()}, "was none"),
        ({"venues": ("mexc", "gate", "mexc")}, "venues: expected each once, was mexc, gate, mexc"),
        ({"venues": ("mexc", "mtgox")}, "venue: expected one of mexc, gate, binance"),
        ({"venues": "mexc,gate"}, "a list of venue ids"),
        ({"start": "6 January 2025"}, "a day such as 2025-01-06"),
        ({"start": "2025-02-30"}, "2025-02-30"),
        ({"start": "1999-01-01"}, "2009"),
        ({"start": "2099-12-30", "days": 30}, "ends before 2100"),
        ({"quotes_per_day": 10}, "quotes_per_day"),
        ({"include_depth": 1}, "include_depth: expected true or false, was 1"),
    ],
)
def test_a_spec_out_of_range_is_refused_with_its_reason(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        SampleSpec(**values)
    assert message in str(caught.value)


def test_the_default_is_sixty_symbols_on_three_venues_for_three_days_and_about_six_million_quotes() -> None:
    spec = SampleSpec()
    assert (spec.symbols, spec.venues, spec.days) == (60, ("mexc", "gate", "binance"), 3)
    spot_and_swap_streams = 60 * 3 + 3 * 2
    assert 5.5e6 < spot_and_swap_streams * spec.days * spec.quotes_per_day < 6.5e6


def test_a_spec_survives_json() -> None:
    spec = SampleSpec(seed=11, days=2, venues=("okx", "gate"), include_depth=False)
    assert SampleSpec.from_dict(spec.as_dict()) == spec
    with pytest.raises(ParameterError, match="sample spec: expected exactly"):
        SampleSpec.from_dict({**spec.as_dict(), "colour": "red"})


def test_every_value_enters_the_key() -> None:
    specs = [
        SampleSpec(),
        SampleSpec(seed=8),
        SampleSpec(days=2),
        SampleSpec(symbols=61),
        SampleSpec(venues=("gate", "mexc", "binance")),
        SampleSpec(start="2025-01-07"),
        SampleSpec(quotes_per_day=10_801),
        SampleSpec(include_depth=False),
        SampleSpec(include_swaps=False),
    ]
    assert len({spec.key for spec in specs}) == len(specs) == 1 + len(SampleSpec.__dataclass_fields__)


def test_names_are_unique_begin_with_the_majors_and_go_on_when_the_common_ones_end() -> None:
    names = coin_names(MAX_SYMBOLS)
    assert names[:3] == ("BTC", "ETH", "SOL")
    assert len(set(names)) == len(names) == MAX_SYMBOLS > 1_200
    assert names[len(COMMON_COINS)] == "BABABA"
    assert coin_names(20) == names[:20]


@pytest.mark.parametrize(
    ("venue", "symbol", "day", "message"),
    [
        ("okx", "BTC/USDT", 0, "stream: expected a venue of mexc, gate, binance"),
        ("gate", "XYZ/USDT", 0, "was gate XYZ/USDT"),
        ("gate", "BTC/USDT", 3, "day: expected a whole number from 0 to 2, was 3"),
        ("gate", "BTC/USDT", -1, "day"),
    ],
)
def test_a_stream_or_day_that_is_not_there_is_named(venue: str, symbol: str, day: int, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        simulate_stream(SampleSpec(), venue, symbol, day)
    assert message in str(caught.value)
