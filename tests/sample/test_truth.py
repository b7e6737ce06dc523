from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from arbresearch.core import BadInput
from arbresearch.sample import Kind, SampleSpec, load_truth, truth_of
from arbresearch.sample.truth import share_above

SPEC = SampleSpec(seed=3, symbols=12)


@pytest.mark.parametrize(
    ("cost", "mean", "sd"), [(20.0, 0.0, 20.0), (25.0, 40.0, 9.0), (25.0, -40.0, 9.0), (5.0, 1.0, 8.0)]
)
def test_share_and_excess_are_those_of_a_normal_variable(cost: float, mean: float, sd: float) -> None:
    share, excess = share_above(cost, mean, sd)
    assert share == pytest.approx(norm.sf(cost, mean, sd) + norm.cdf(-cost, mean, sd), rel=1e-12)
    above, _ = quad(lambda x: (x - cost) * norm.pdf(x, mean, sd), cost, mean + 12 * sd)
    below, _ = quad(lambda x: (-x - cost) * norm.pdf(x, mean, sd), mean - 12 * sd, -cost)
    assert excess == pytest.approx((above + below) / share, rel=1e-6)


def test_nothing_is_above_a_cost_that_is_out_of_reach() -> None:
    assert share_above(1_000.0, 0.0, 1.0) == (0.0, 0.0)


def test_costs_are_the_fees_of_two_takers_and_two_half_spreads() -> None:
    pair = truth_of(SPEC).pair("BTC/USDT", "mexc", "gate")
    mexc, gate = (truth_of(SPEC).stream(venue, "BTC/USDT") for venue in ("mexc", "gate"))
    assert (mexc.taker_fee, gate.taker_fee) == (0.0005, 0.001)
    assert pair.fees_bps == pytest.approx(15.0, abs=0.01)
    half_spreads = [one.half_spread_bps + 5_000 * one.tick / one.price for one in (mexc, gate)]
    assert pair.spreads_bps == pytest.approx(sum(half_spreads))
    assert pair.cost_bps == pytest.approx(pair.fees_bps + pair.spreads_bps)


def test_paying_pairs_pay_and_only_they_and_some_traps_seem_to() -> None:
    for seed in range(20):
        for pair in truth_of(SampleSpec(seed=seed)).pairs:
            if pair.kind is Kind.PAYS:
                assert 0.12 < (pair.expected_share or 0.0) < 0.6
                assert (pair.expected_net_edge_bps or 0.0) > 5.0
                assert 40.0 < pair.half_life_s < 160.0
            if pair.kind in (Kind.NONE, Kind.FEES):
                assert pair.expected_share is not None
                assert pair.expected_share < 0.001
            if pair.kind in (Kind.IDENTITY, Kind.FROZEN):
                assert pair.expected_share is None


def test_pairs_are_spot_with_spot_and_perpetual_with_perpetual() -> None:
    truth = truth_of(SPEC)
    assert len(truth.pairs) == 12 * 3 + 3
    assert sum(pair.symbol.endswith(":USDT") for pair in truth.pairs) == 3
    assert len(truth_of(SampleSpec(seed=3, symbols=12, include_swaps=False)).pairs) == 12 * 3


def test_truth_survives_its_file(tmp_path: Path) -> None:
    truth = truth_of(SPEC)
    truth.write(tmp_path / "truth.json")
    assert load_truth(tmp_path / "truth.json") == truth
    assert load_truth(tmp_path) == truth
    assert [path.name for path in tmp_path.iterdir()] == ["truth.json"]
    raw = json.loads((tmp_path / "truth.json").read_text())
    assert raw["version"] == 1
    assert raw["spec"]["seed"] == 3
    with pytest.raises(FrozenInstanceError):
        truth.version = 2  # type: ignore[misc]


def test_a_failed_write_leaves_the_old_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "truth.json"
    truth_of(SPEC).write(path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(OSError, match="No space left"):
        truth_of(SampleSpec(seed=4, symbols=12)).write(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected the truth file of a sample market, was nothing; make one with: arb sample"),
        ("{", "expected JSON"),
        ("[]", "version: expected at most 1, was None"),
        ('{"version": 99}', "version: expected at most 1, was 99; use a newer arbresearch"),
        ('{"version": 1, "pairs": [{"kind": "pays"}], "streams": [], "spec": {}}', "truth file of a sample market"),
    ],
)
def test_what_is_no_truth_file_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "truth.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadInput) as caught:
        load_truth(path)
    assert message in str(caught.value)


def test_asking_for_what_is_not_there_says_so() -> None:
    truth = truth_of(SPEC)
    assert truth.pair("BTC/USDT", "gate", "mexc") == truth.pair("BTC/USDT", "mexc", "gate")
    with pytest.raises(BadInput, match="BTC/USDT mexc okx"):
        truth.pair("BTC/USDT", "mexc", "okx")
    with pytest.raises(BadInput, match="okx BTC/USDT"):
        truth.stream("okx", "BTC/USDT")
    assert np.isfinite([pair.cost_bps for pair in truth.pairs]).all()
