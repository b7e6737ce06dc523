"""What is said of a ranking, and what is kept of it, against rankings written down by hand."""

from __future__ import annotations

from typing import Any

import pytest

from arbresearch.core import BadInput
from arbresearch.discovery.scoring.summary import (
    funnel,
    ranking_figures,
    ranking_tables,
    refusals,
    refused,
    score_table,
)
from arbresearch.discovery.scoring.tear_sheet import SCORE_FIELDS, score_fields, waterfall
from arbresearch.discovery.scoring.words import (
    REASON_WORDS,
    choose_pair,
    describe_comparison,
    describe_pair,
    describe_ranking,
    ranking_status,
    ranking_verdict,
    reason_words,
)
from arbresearch.pipeline import save_result
from tests.discovery.scoring.hand_made import NOTHING, hand_ranking, score_row

PAYS, SMALL, FEES, LATE = "LUNC/USDT mexc-gate", "LINK/USDT binance-gate", "SNX/USDT gate-mexc", "XEM/BTC gate-mexc"


@pytest.fixture
def ranking() -> Any:
    return hand_ranking(
        score_row(PAYS, mean_bps_day=12.34, final_score=8.1, probability_positive=0.9999),
        score_row(SMALL, mean_bps_day=5.0, final_score=1.0, probability_positive=0.991, capacity_quote=400.0),
        score_row(FEES, reason="fees", detail="at most 3.1 bps before fees of 10", **NOTHING),
        score_row(LATE, reason="latency", detail="gone after 250 ms", mean_bps_day=-2.0, final_score=-6.0),
        skipped=[("A/USDT gate-mexc", "no_overlap", "gate ends before mexc begins")],
        candidates=4,
    )


@pytest.fixture
def none_viable() -> Any:
    return hand_ranking(
        score_row(LATE, reason="latency", detail="gone after 250 ms", mean_bps_day=-2.0, final_score=-6.0),
        score_row(FEES, reason="fees", detail="at most 3.1 bps before fees of 10", **NOTHING),
        score_row("B/USDT gate-mexc", reason="fees", detail="at most 1.0 bps", **NOTHING),
        candidates=3,
    )


def test_verdict_names_the_best_with_its_bound_and_its_money(ranking: Any) -> None:
    assert ranking_verdict(ranking) == (
        "2 of 4 pairs compared are viable; the best, LUNC/USDT mexc-gate, earned 12.3 bps a day on capital, at least "
        "8.1 with 95 % confidence (12.34 USDT a day on 10,000, at least 8.10; P(mean > 0) above 99.9 %)."
    )
    assert ranking_status(ranking) == "ok"


def test_verdict_where_there_is_one_pair() -> None:
    alone = hand_ranking(score_row(PAYS), candidates=1)
    assert ranking_verdict(alone).startswith(f"{PAYS}, the one pair compared, is viable; it earned 10.0 bps")
    one = hand_ranking(score_row(PAYS), score_row(FEES, reason="fees", **NOTHING), candidates=2)
    assert ranking_verdict(one).startswith(f"1 of 2 pairs compared is viable; the best, {PAYS}, earned")


def test_verdict_where_none_is_viable_says_why(none_viable: Any) -> None:
    assert ranking_verdict(none_viable) == (
        "None of 3 pairs compared is viable: 2 fees take more than it brings; 1 gone before an order arrives; "
        "the largest mean, XEM/BTC gate-mexc, is −2.0 bps a day on capital, refused: gone before an order arrives."
    )
    assert ranking_status(none_viable) == "no"
    nothing = hand_ranking(score_row(FEES, reason="fees", **NOTHING), candidates=2)
    assert ranking_verdict(nothing) == "None of 2 pairs compared is viable: 1 fees take more than it brings."


def test_verdict_of_one_pair(ranking: Any) -> None:
    assert ranking_verdict(ranking, SMALL).startswith(
        "LINK/USDT binance-gate, one of 4 pairs compared, is viable; it earned 5.0 bps a day on capital, at least 1.0"
    )
    assert ranking_verdict(ranking, FEES) == (
        "SNX/USDT gate-mexc, one of 4 pairs compared, is refused: fees take more than it brings; "
        "it never led to an order that was filled."
    )
    assert "−2.00 BTC a day on 10,000, at least −6.00" in ranking_verdict(ranking, LATE)


def test_status_warns_where_the_order_is_larger_than_the_capacity(ranking: Any) -> None:
    assert [ranking_status(ranking, pair) for pair in (PAYS, SMALL, FEES)] == ["ok", "warn", "no"]


def test_the_pair_that_was_asked_for_must_be_there(ranking: Any) -> None:
    assert choose_pair(ranking) == PAYS
    assert choose_pair(ranking, LATE) == LATE
    with pytest.raises(BadInput, match=r"pair: expected one of LUNC/USDT mexc-gate, .*, was 'LUNC'"):
        choose_pair(ranking, "LUNC")
    empty = hand_ranking(skipped=[("A/USDT gate-mexc", "no_overlap", "gate ends before mexc begins")], candidates=0)
    with pytest.raises(BadInput, match=r"quotes at the same time, was A/USDT gate-mexc: gate ends before mexc begins"):
        choose_pair(empty)


def test_words_are_complete_sentences_with_the_numbers(ranking: Any, none_viable: Any) -> None:
    words = describe_ranking(ranking)
    assert "**4 pairs** were compared, each with 10,000 (quote currency)" in words
    assert "with 95 % confidence **all** 4 bounds hold together" in words
    assert "**Viable: 2.** LUNC/USDT mexc-gate (8.1), LINK/USDT binance-gate (1.0);" in words
    assert "**Refused: 2.** fees take more than it brings: 1; gone before an order arrives: 1." in words
    assert "One pair could not be measured: gate ends before mexc begins." in words
    assert "looks at" not in words
    alone = describe_ranking(hand_ranking(score_row(PAYS), candidates=1))
    assert alone.startswith("**One pair** was looked at with 10,000 (quote currency) of capital")
    assert "with 95 % confidence it earns more than that." in alone
    part = hand_ranking(score_row(PAYS), candidates=40)
    assert "This report looks at one pair of them." in describe_ranking(part)
    assert "**None is viable.**" in describe_ranking(none_viable)


def test_words_of_one_pair_say_what_it_rests_on(ranking: Any) -> None:
    words = describe_pair(ranking, PAYS)
    assert "150 executed episodes in 96 blocks of 15 min, 24.0 h with both books." in words
    assert "After 250 ms, 80.0 % of the episodes are still above the entry." in words
    assert "Capacity: 2,500 an order" in words
    assert "Identity of the coin: **verified** (contract address)." in words
    floor = hand_ranking(score_row(PAYS, capacity_is_floor=True), candidates=1)
    assert "at least 2,500 an order" in describe_pair(floor, PAYS)
    refusal = describe_pair(ranking, FEES)
    assert "is refused: fees take more than it brings." in refusal
    assert "At most 3.1 bps before fees of 10." in refusal
    assert "nan" not in refusal


def test_comparison_says_whom_the_legacy_formula_would_have_picked(ranking: Any) -> None:
    legacy = hand_ranking(
        score_row(PAYS, legacy_rank=2, legacy_score=3.0),
        score_row(LATE, reason="latency", legacy_rank=1, legacy_score=9.0),
        score_row(FEES, reason="fees", **NOTHING),
        candidates=3,
    )
    assert describe_comparison(legacy) == (
        "Of the **2** pairs that it puts first, **1** is refused here: XEM/BTC gate-mexc "
        "(gone before an order arrives). One pair lies outside its domain."
    )


def test_every_reason_has_words() -> None:
    from arbresearch.discovery import Reason

    assert {str(one) for one in Reason} <= set(REASON_WORDS)
    assert reason_words("a_new_one") == "a new one"


def test_funnel_adds_up_and_keeps_viable_pairs_last(ranking: Any) -> None:
    frame = funnel(ranking)
    assert frame["step"][1] == "net of fees above 5 bps"
    # Each hand-made row has 1,000 raw, 400, 300, 200 and 150 executed; the one refused for fees has 1,000 raw alone.
    assert frame["episodes"].to_list() == [4_000, 1_200, 900, 600, 450, 300]
    assert frame["pairs"].to_list() == [4, 3, 3, 3, 3, 2]
    assert funnel(ranking, FEES)["episodes"].to_list() == [1_000, 0, 0, 0, 0, 0]


def test_funnel_never_widens() -> None:
    long = hand_ranking(score_row(PAYS, raw_episodes=3, alive_episodes=2, captured_episodes=1), candidates=1)
    assert funnel(long)["episodes"].to_list() == [3, 3, 3, 2, 1, 1]


def test_refusals_are_counted_and_listed(ranking: Any, none_viable: Any) -> None:
    counted = refusals(none_viable)
    assert counted.rows() == [
        ("fees", "fees take more than it brings", 2, "SNX/USDT gate-mexc, B/USDT gate-mexc"),
        ("latency", "gone before an order arrives", 1, "XEM/BTC gate-mexc"),
    ]
    listed = refused(ranking)
    assert listed["pair"].to_list() == [FEES, LATE, "A/USDT gate-mexc"]
    assert listed["detail"][-1] == "gate ends before mexc begins"
    assert refused(none_viable)["pair"].to_list() == [FEES, "B/USDT gate-mexc", LATE]
    assert refused(none_viable, each=1)["pair"].to_list() == [FEES, LATE]


def test_outcome_of_each_pair_in_short(ranking: Any) -> None:
    assert score_table(ranking)["outcome"].to_list() == ["viable", "viable", "fees", "latency"]
    figures = ranking_figures(ranking, FEES)
    assert figures["P(mean > 0)"] == {"value": None, "text": "unknown"}
    never = hand_ranking(score_row(LATE, reason="latency", probability_positive=0.0), candidates=1)
    assert ranking_figures(never)["P(mean > 0)"] == {"value": 0.0, "text": "below 0.1 %"}
    assert ranking_figures(ranking)["P(mean > 0)"]["text"] == "above 99.9 %"


def test_fields_have_every_name_with_unit_and_meaning(ranking: Any) -> None:
    fields = score_fields(ranking, PAYS)
    assert fields.height == len(SCORE_FIELDS)
    shown = dict(fields.select("field", "value").iter_rows())
    assert shown["final_score"] == "8.1 bps a day"
    assert shown["survival_at_latency"] == "80.0 %"
    assert shown["capacity_quote"] == "2,500 USDT"
    assert shown["episodes"] == "150"
    floor = hand_ranking(score_row(PAYS, capacity_is_floor=True), candidates=1)
    assert dict(score_fields(floor, PAYS).select("field", "value").iter_rows())["capacity_quote"].startswith("at least")
    assert fields["meaning"].str.len_chars().min() > 5  # type: ignore[operator]
    assert dict(score_fields(ranking, FEES).select("field", "value").iter_rows())["final_score"] == "–"


def test_waterfall_adds_up_to_the_mean(ranking: Any) -> None:
    steps = waterfall(ranking, PAYS)
    assert steps["item"].to_list() == ["gross edge", "fees", "depth", "latency", "capital", "rebalancing"]
    assert steps["value_bps"].sum() == pytest.approx(12.34)
    assert waterfall(ranking, FEES).is_empty()


def test_profit_in_money_is_the_mean_on_the_capital(ranking: Any) -> None:
    assert score_table(ranking)["profit_quote_day"].to_list()[:2] == pytest.approx([12.34, 5.0])
    figures = ranking_figures(ranking)
    assert figures["pairs compared"] == {"value": 4}
    assert figures["viable"] == {"value": 2}
    assert figures["best pair"] == {"value": PAYS}
    assert figures["profit a day"]["text"] == "12.3 USDT"
    assert figures["profit a day, at least"]["value"] == pytest.approx(8.1)
    assert figures["capacity"]["text"] == "2,500 USDT"
    assert "pairs compared" not in ranking_figures(ranking, PAYS)


def test_viable_pairs_are_parameters_of_their_tear_sheets(ranking: Any, none_viable: Any) -> None:
    assert ranking_tables(ranking)["best"].to_dicts() == [
        {"symbols": "LUNC/USDT", "venue_pairs": "mexc:gate", "markets": "same", "pair": PAYS, "candidates": 4},
        {"symbols": "LINK/USDT", "venue_pairs": "binance:gate", "markets": "same", "pair": SMALL, "candidates": 4},
    ]
    assert ranking_tables(none_viable)["best"].is_empty()


def test_spot_against_perpetual_is_asked_for_by_its_coin() -> None:
    mixed = hand_ranking(score_row("LUNC/USDT mexc-gate perp", symbol_b="LUNC/USDT:USDT", venue_b="gate"), candidates=7)
    assert ranking_tables(mixed, markets="any")["best"].to_dicts() == [
        {
            "symbols": "LUNC/USDT", "venue_pairs": "mexc:gate", "markets": "any",
            "pair": "LUNC/USDT mexc-gate perp", "candidates": 7,
        }
    ]  # fmt: skip


def test_all_of_it_can_be_saved(ranking: Any, none_viable: Any) -> None:
    for one, pair in ((ranking, ""), (ranking, FEES), (ranking, PAYS), (none_viable, "")):
        saved = save_result(
            ranking_verdict(one, pair),
            status=ranking_status(one, pair),
            figures=ranking_figures(one, pair),
            tables=ranking_tables(one, pair),
        )
        assert saved.result.tables["scores"][0]["pair"] == one.scores["pair"][0]
