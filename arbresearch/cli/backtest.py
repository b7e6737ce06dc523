"""``arb backtest``: what two venues would have brought, event by event, and where the edge went."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arbresearch.cli.common import JsonOption, StoreOption, print_json, stdout, store_path
from arbresearch.cli.store import say_what_was_dropped
from arbresearch.core import BadInput, FeeSchedule, expected
from arbresearch.settings import load_settings
from arbresearch.store import TickStore

if TYPE_CHECKING:
    from arbresearch.backtest import BacktestConfig, BacktestResult

__all__ = ["backtest", "named_fees"]

_THRESHOLD_BPS = 5.0


class _Policy(StrEnum):
    COMPLETE = "complete"
    UNWIND = "unwind"
    HOLD = "hold"


class _Rule(StrEnum):
    TOUCH = "touch"
    QUEUE = "queue"
    THROUGH = "through"


def backtest(
    symbol: Annotated[str, typer.Option(help="Unified symbol on the selling venue, such as LUNC/USDT.")],
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
    threshold_bps: Annotated[
        float | None, typer.Option(help="Net edge that must be exceeded, bps.", show_default=f"{_THRESHOLD_BPS:g}")
    ] = None,
    reverse_threshold_bps: Annotated[
        float | None, typer.Option(help="The same where B sells.", show_default="as --threshold-bps")
    ] = None,
    exit_bps: Annotated[
        float | None,
        typer.Option(help="The same where a trade brings inventory back.", show_default="as the thresholds"),
    ] = None,
    schedule: Annotated[
        Path | None,
        typer.Option(help="File of thresholds and sizes over time that arb optimize saved; instead of the above."),
    ] = None,
    one_way: Annotated[bool, typer.Option("--one-way", help="Only A sells; else both directions trade.")] = False,
    modes: Annotated[
        str, typer.Option(help="taker (both legs take), maker (one rests), all, or names of modes, comma separated.")
    ] = "taker",
    size: Annotated[float, typer.Option(help="Largest order of one action, quote currency.")] = 1_000.0,
    capital: Annotated[float, typer.Option(help="What both venues hold at the start, quote currency.")] = 10_000.0,
    latency_ms: Annotated[
        float | None,
        typer.Option(help="From a decision to the book that an order meets, ms.", show_default="measured by venue"),
    ] = None,
    one_leg: Annotated[_Policy, typer.Option(help="What is done when one leg filled more.")] = _Policy.COMPLETE,
    price_band_bps: Annotated[float, typer.Option(help="How far beyond the price seen an order may fill.")] = 10.0,
    max_age_s: Annotated[float, typer.Option(help="A quote received longer ago is none, seconds.")] = 60.0,
    in_flight: Annotated[int, typer.Option(help="Pairs that may be open at once.", min=1, max=16)] = 1,
    max_hold_minutes: Annotated[float, typer.Option(help="How long inventory may stay tilted.")] = 1_440.0,
    transfers: Annotated[
        bool, typer.Option("--transfers", help="Bring inventory back by transfers; else by reverse trades.")
    ] = False,
    hedge: Annotated[str, typer.Option(help="Perpetual that hedges, such as gate or 'gate LUNC/USDT:USDT'.")] = "",
    fill_rule: Annotated[_Rule, typer.Option(help="When a resting order counts as filled.")] = _Rule.QUEUE,
    daily_loss: Annotated[
        float | None, typer.Option(help="Loss at which trading stops for the day, quote currency.", show_default="none")
    ] = None,
    candidates: Annotated[
        int, typer.Option(help="Pairs and settings compared before this; the lower bound allows for it.", min=1)
    ] = 1,
    out: Annotated[Path | None, typer.Option(help="New folder for the result: frames, figures, settings.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a strategy over the recorded data of two venues and say what it amounts to.

    Every quote and trade is played in its order. Legs meet the books of their arrival; one may fill and the other not.

    The verdict holds annual return and drawdown against what is wanted. No is an answer, and so is too little data.

    Fees that nobody gave are asked for, never assumed.
    """
    from arbresearch.backtest.codes import OneLegPolicy
    from arbresearch.backtest.config import BacktestConfig
    from arbresearch.backtest.engine import SpotArbitrageBacktester
    from arbresearch.backtest.names import hedge_named, member_named, modes_named
    from arbresearch.matching import Rule
    from arbresearch.signals.schedule import ThresholdSchedule

    level = _THRESHOLD_BPS if threshold_bps is None and schedule is None else threshold_bps
    config = BacktestConfig(
        venue_a=sell_venue,
        venue_b=buy_venue,
        symbol_b=buy_symbol,
        start=start,
        end=end,
        modes=modes_named([one.strip() for one in modes.split(",") if one.strip()], one_way=one_way),
        sell_a_threshold_bps=level,
        sell_b_threshold_bps=level if reverse_threshold_bps is None else reverse_threshold_bps,
        sell_a_exit_bps=exit_bps,
        sell_b_exit_bps=exit_bps,
        schedule=None if schedule is None else ThresholdSchedule.load(schedule),
        position_size_usd=size,
        capital_quote=capital,
        fees=named_fees(fees),
        latency_ms=latency_ms,
        one_leg=member_named(OneLegPolicy, one_leg.value, "--one-leg"),
        price_band_bps=price_band_bps,
        max_age_s=max_age_s,
        max_in_flight=in_flight,
        max_hold_time_minutes=max_hold_minutes,
        enable_transfers=transfers,
        hedge=hedge_named(hedge),
        fill_rule=Rule(fill_rule.value),
        daily_loss_quote=daily_loss,
    )
    if out is not None and out.exists():
        raise BadInput(expected("--out", "a folder that is not there yet", str(out)))
    own = {venue: one.schedule() for venue, one in load_settings().fees.items()}
    with TickStore(store_path(store), create=False) as ticks:
        say_what_was_dropped(ticks)
        result = SpotArbitrageBacktester(ticks, own).run(symbol, config)
    if out is not None:
        result.save(out)
    if as_json:
        print_json(_document(result, config, candidates))
    else:
        _show(result, candidates, out)


def _show(result: BacktestResult, candidates: int, out: Path | None) -> None:
    from arbresearch.backtest.judged import judged
    from arbresearch.backtest.words import backtest_verdict
    from arbresearch.cli import backtest_tables as tables

    console, summary = stdout(), judged(result, candidates)
    for table in (
        tables.assumption_table(result),
        tables.waterfall_table(result),
        tables.pair_table(result),
        tables.verdict_table(summary),
    ):
        if table.row_count:
            console.print(table)
    for warning in result.warnings:
        typer.echo(f"! {warning}")
    typer.echo(backtest_verdict(result, summary, candidates))
    if out is not None:
        typer.echo(f"saved in {out}")


def _document(result: BacktestResult, config: BacktestConfig, candidates: int) -> dict[str, Any]:
    """Return what was found but the records, as JSON values."""
    from arbresearch.backtest.judged import judged
    from arbresearch.backtest.words import backtest_verdict, run_name

    summary = judged(result, candidates)
    return {
        "pair": run_name(result),
        "verdict": backtest_verdict(result, summary, candidates),
        "answer": summary.answer,
        "candidates": candidates,
        "summary": summary.as_dict(),
        "waterfall": result.waterfall.to_dicts(),
        "days": result.days.to_dicts(),
        "markouts": result.markouts.to_dicts(),
        "settings": config.as_dict(),
        "notes": list(result.notes),
        "warnings": list(result.warnings),
        "digest": result.digest,
    }


def named_fees(text: str) -> dict[str, FeeSchedule]:
    """Read ``gate=10,mexc=0/5``: of both roles, or maker and taker; ``gate LUNC/USDT:USDT=2`` for one stream."""
    found = {}
    for one in (part.strip() for part in text.split(",") if part.strip()):
        name, _, value = one.rpartition("=")
        maker, slash, taker = value.partition("/")
        try:
            found[name.strip()] = FeeSchedule.from_bps(float(maker), float(taker if slash else maker), tier="given")
        except ValueError:
            name = ""
        if not name.strip():
            raise BadInput(expected("--fees", "bps by venue such as gate=10,mexc=0/5", repr(one)))
    return found
