"""``arb optimize``: the thresholds to act on, how sure they are, and what they kept on later data."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arbresearch.cli.backtest import named_fees
from arbresearch.cli.common import JsonOption, StoreOption, print_json, stdout, store_path
from arbresearch.cli.store import say_what_was_dropped
from arbresearch.core import BadInput, expected
from arbresearch.settings import load_settings
from arbresearch.store import TickStore

if TYPE_CHECKING:
    from arbresearch.thresholds.result import OptimalThresholds

__all__ = ["optimize"]


class _Walk(StrEnum):
    ANCHORED = "anchored"
    ROLLING = "rolling"


def optimize(
    symbol: Annotated[str, typer.Option(help="Unified symbol on A, such as LUNC/USDT.")],
    sell_venue: Annotated[str, typer.Option(help="Venue A: the first direction sells here.")],
    buy_venue: Annotated[str, typer.Option(help="Venue B: the first direction buys here.")],
    store: StoreOption = None,
    buy_symbol: Annotated[
        str | None, typer.Option(help="Symbol on B where it is another.", show_default="as --symbol")
    ] = None,
    start: Annotated[str | None, typer.Option(help="From, ISO 8601 UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="Until (not included), ISO 8601 UTC.")] = None,
    fees: Annotated[
        str,
        typer.Option(
            help="Fees in bps such as gate=10,mexc=0/5 (maker/taker); else the settings' own, else those published."
        ),
    ] = "",
    capital: Annotated[float, typer.Option(help="What both venues hold at the start, quote currency.")] = 10_000.0,
    size: Annotated[float, typer.Option(help="Order size about which sizes are tried, quote currency.")] = 1_000.0,
    sizes: Annotated[
        str,
        typer.Option(help="Order sizes, comma separated, quote currency.", show_default="1/4, 1/2, 1 and 2 of --size"),
    ] = "",
    holds_minutes: Annotated[
        str,
        typer.Option(
            help="How long inventory may stay tilted, minutes, comma separated.",
            show_default="a day, at most a twentieth of the data",
        ),
    ] = "",
    latency_ms: Annotated[
        float | None,
        typer.Option(help="From a decision to the book that an order meets, ms.", show_default="measured by venue"),
    ] = None,
    price_band_bps: Annotated[float, typer.Option(help="How far beyond the price seen an order may fill.")] = 10.0,
    max_age_s: Annotated[float, typer.Option(help="A quote received longer ago is none, seconds.")] = 60.0,
    walk: Annotated[
        _Walk, typer.Option(help="Times to choose on: from the start on (anchored), or all as long (rolling).")
    ] = _Walk.ANCHORED,
    train_days: Annotated[
        float | None, typer.Option(help="Length of the first time to choose on, days.", show_default="half of the data")
    ] = None,
    test_days: Annotated[
        float | None,
        typer.Option(help="Length of each time to judge on, days.", show_default="a fifth of what remains"),
    ] = None,
    widths: Annotated[int, typer.Option(help="How many half widths are tried.", min=2, max=1_000)] = 20,
    regimes: Annotated[
        str, typer.Option(help="What thresholds may depend on, comma separated; 'none' for nothing.")
    ] = "hour,volatility,tilt",
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.", min=99)] = 999,
    confidence: Annotated[float, typer.Option(help="Of all intervals and bounds.")] = 0.95,
    candidates: Annotated[
        int, typer.Option(help="Pairs compared before this one; bounds and trials allow for it.", min=1)
    ] = 1,
    trials: Annotated[
        int | None, typer.Option(help="Settings tried in all, where more than these were.", show_default="these")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Threads that run the grid.", min=1, show_default="the setting 'workers'")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="New folder: thresholds, schedule, surface, the run.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Search for the thresholds of two venues on one part of the data and judge them on the part that follows.

    Every setting is run through the backtest: same books, fees, latencies, inventory. The middle of the plateau counts.

    The verdict rests on later data alone. No trade is an answer, and so is too little data.

    What --out saves as schedule.json, arb backtest --schedule follows.
    """
    from arbresearch.backtest.config import BacktestConfig
    from arbresearch.backtest.engine import SpotArbitrageBacktester
    from arbresearch.thresholds.optimizer import DynamicThresholdOptimizer
    from arbresearch.thresholds.settings import OptimizerSettings

    config = BacktestConfig(
        venue_a=sell_venue,
        venue_b=buy_venue,
        symbol_b=buy_symbol,
        start=start,
        end=end,
        position_size_usd=size,
        capital_quote=capital,
        fees=named_fees(fees),
        latency_ms=latency_ms,
        price_band_bps=price_band_bps,
        max_age_s=max_age_s,
        enable_transfers=False,
    )
    settings = OptimizerSettings(
        walk=walk.value,
        train_days=train_days,
        test_days=test_days,
        widths=widths,
        sizes_quote=_numbers("--sizes", sizes),
        holds_minutes=_numbers("--holds-minutes", holds_minutes),
        regimes=() if regimes == "none" else _words(regimes),
        resamples=resamples,
        confidence=confidence,
        candidates=candidates,
        trials=trials,
        workers=load_settings().workers if workers is None else workers,
    )
    if out is not None and out.exists():
        raise BadInput(expected("--out", "a folder that is not there yet", str(out)))
    own = {venue: one.schedule() for venue, one in load_settings().fees.items()}
    with TickStore(store_path(store), create=False) as ticks:
        say_what_was_dropped(ticks)
        optimizer = DynamicThresholdOptimizer(SpotArbitrageBacktester(ticks, own))
        found = optimizer.optimize_thresholds(symbol, config, settings)
    if out is not None:
        found.save(out)
    if as_json:
        print_json(_document(found))
    else:
        _show(found, out)


def _show(found: OptimalThresholds, out: Path | None) -> None:
    from arbresearch.cli import optimize_tables as tables
    from arbresearch.thresholds.words import threshold_verdict

    console = stdout()
    for table in (
        tables.thresholds(found),
        tables.process(found),
        tables.folds(found),
        tables.skill(found),
        tables.regimes(found),
        tables.sizes(found),
    ):
        if table.row_count:
            console.print(table)
    for warning in found.warnings:
        typer.echo(f"! {warning}")
    typer.echo(threshold_verdict(found))
    if out is not None:
        typer.echo(f"saved in {out}")


def _document(found: OptimalThresholds) -> dict[str, Any]:
    """Return what was found but the surface and the run, as JSON values."""
    from arbresearch.thresholds.words import threshold_name, threshold_verdict

    return {"pair": threshold_name(found), "sentence": threshold_verdict(found), **found.as_dict()}


def _words(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _numbers(option: str, text: str) -> tuple[float, ...] | None:
    """Read ``250,500``; nothing is None."""
    try:
        return tuple(float(one) for one in _words(text)) or None
    except ValueError:
        raise BadInput(expected(option, "numbers such as 250,500", repr(text))) from None
