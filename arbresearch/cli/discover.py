"""``arb discover``: which pairs truly pay, how sure that is, and why the rest was refused."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from arbresearch.cli.common import JsonOption, StoreOption, print_json, progress_bar, stderr, stdout, store_path
from arbresearch.cli.store import say_what_was_dropped
from arbresearch.core import BadInput, expected
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.pairs import Markets
from arbresearch.settings import load_settings
from arbresearch.store import TickStore

if TYPE_CHECKING:
    from arbresearch.discovery import Ranking, SpotArbitrageCandidateFinder
    from arbresearch.discovery.board.watch import Board

__all__ = ["discover"]

_DEFAULT = ScoreSettings()
_WINDOW_DAYS = 14.0
_EVERY_S = 60.0


def discover(
    store: StoreOption = None,
    pairs: Annotated[str, typer.Option(help="Venue pairs such as mexc:gate, comma separated; all by default.")] = "",
    symbols: Annotated[str, typer.Option(help="Symbols, comma separated; all by default.")] = "",
    markets: Annotated[Markets, typer.Option(help="same: one symbol on two venues; any: spot on perpetual too.")] = (
        "same"
    ),
    start: Annotated[str | None, typer.Option(help="From, ISO 8601 UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="Until (not included), ISO 8601 UTC.")] = None,
    window_days: Annotated[
        float | None, typer.Option(help="Only the last days count.", show_default=f"all; {_WINDOW_DAYS:g} with --watch")
    ] = None,
    fees: Annotated[
        str,
        typer.Option(
            help="Taker fees in bps such as gate=10,mexc=5; else the settings' own, else those of the instruments."
        ),
    ] = "",
    capital: Annotated[
        float, typer.Option(help="Capital locked on both venues together, quote currency.")
    ] = _DEFAULT.capital_quote,
    notional: Annotated[
        float | None,
        typer.Option(help="Largest order of one action, quote currency.", show_default="a tenth of the capital"),
    ] = None,
    entry_bps: Annotated[float, typer.Option(help="Net edge that is acted on, bps.")] = _DEFAULT.entry_bps,
    latency_ms: Annotated[
        float | None, typer.Option(help="From a quote to our order in the book, ms.", show_default="measured by venue")
    ] = None,
    top: Annotated[
        int | None, typer.Option(help="Rows of a table at most.", show_default="20; with --all every one", min=1)
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show refused pairs too, each with its reason.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes that measure.", show_default="the setting 'workers'", min=1)
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on while data come in; Ctrl-C ends it.")] = False,
    every: Annotated[
        float | None, typer.Option(help="Seconds from round to round of --watch.", show_default=f"{_EVERY_S:g}")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="End --watch after so many.", show_default="without end", min=1)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Rank the pairs of the store by what they earn at least, and say why the others were refused.

    A pair is viable when its bound is above zero, it is one coin on both venues, and the books are deep enough.

    Bound and mean are net profit, bps of capital a day; the bound allows for how many pairs were compared.

    Fees that nobody gave are asked for, never assumed.

    With --watch only new data are measured each round; --json then prints a line a round.
    """
    from arbresearch.discovery import SpotArbitrageCandidateFinder

    _refuse_what_does_not_go_together(watch, {"--start": start, "--end": end}, {"--every": every, "--rounds": rounds})
    settings = ScoreSettings(
        capital_quote=capital,
        notional_quote=capital * _DEFAULT.notional_quote / _DEFAULT.capital_quote if notional is None else notional,
        entry_bps=entry_bps,
        latency_s=None if latency_ms is None else latency_ms / 1e3,
    )
    general = load_settings()
    rows = top if top is not None else None if show_all else 20
    with TickStore(store_path(store), create=False) as ticks:
        say_what_was_dropped(ticks)
        finder = SpotArbitrageCandidateFinder(
            ticks,
            settings,
            fees_bps=_fees(fees),
            own_fees={venue: own.schedule() for venue, own in general.fees.items()},
            workers=general.workers if workers is None else workers,
        )
        chosen: dict[str, Any] = {"symbols": _listed(symbols), "venue_pairs": _listed(pairs), "markets": markets}
        if watch:
            days = _WINDOW_DAYS if window_days is None else window_days
            cadence = _EVERY_S if every is None else every
            _watch(
                finder, {**chosen, "window_days": days, "every_s": cadence, "rounds": rounds}, rows, show_all, as_json
            )
            return
        with progress_bar("scoring") as update:
            ranking = finder.rank(**chosen, start=start, end=end, window_days=window_days, progress=update)
        if as_json:
            print_json(_document(ranking))
        else:
            _show(ranking, rows, show_all)


def _refuse_what_does_not_go_together(watch: bool, without: Mapping[str, object], within: Mapping[str, object]) -> None:
    wrong, want = (without, "no --watch, which follows the newest data") if watch else (within, "--watch")
    for name, value in wrong.items():
        if value is not None:
            raise BadInput(expected(name, want, repr(value), "leave it out"))


def _watch(
    finder: SpotArbitrageCandidateFinder, chosen: dict[str, Any], rows: int | None, show_all: bool, as_json: bool
) -> None:
    told: set[Path] = set()
    done = 0
    try:
        for board in finder.watch(**chosen):
            done = board.round
            for one in board.set_aside:
                if one not in told:
                    typer.echo(f"the board was damaged and is now {one}; its rounds do not count", err=True)
                    told.add(one)
            _show_round(board, rows, show_all, as_json)
    except KeyboardInterrupt:
        pass
    if done != chosen["rounds"]:
        stderr().print(f"stopped after {done:,} round{'' if done == 1 else 's'}")


def _show_round(board: Board, rows: int | None, show_all: bool, as_json: bool) -> None:
    from arbresearch.cli import discover_tables as tables

    if as_json:
        more = {"round": board.round, "as_of_ns": board.as_of_ns, "changed": board.changed}
        line = {**more, "board": board.table.to_dicts(), **_document(board.ranking)}
        sys.stdout.write(orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")
        sys.stdout.flush()
        return
    typer.echo(tables.round_sentence(board))
    if board.changed and board.table.height:
        shown = tables.board_table(board, rows, show_all)
        if shown.row_count:
            stdout().print(shown)
        for line_of_gone in tables.gone(board):
            typer.echo(line_of_gone)


def _show(ranking: Ranking, rows: int | None, show_all: bool) -> None:
    from arbresearch.cli import discover_tables as tables

    console = stdout()
    if show_all or ranking.viable.height:
        console.print(tables.ranking_table(ranking, rows, show_all))
    if ranking.viable.height < ranking.scores.height + ranking.skipped.height:
        console.print(tables.refusal_table(ranking))
    typer.echo(tables.closing_sentence(ranking))


def _document(ranking: Ranking) -> dict[str, Any]:
    """Return all that was found but the blocks, as JSON values."""
    from arbresearch.cli.discover_tables import closing_sentence

    return {
        "verdict": closing_sentence(ranking),
        "candidates": ranking.candidates,
        "viable": ranking.viable.height,
        "settings": ranking.settings.as_dict(),
        "scores": ranking.scores.to_dicts(),
        "latency": ranking.latency.to_dicts(),
        "capacity": ranking.capacity.to_dicts(),
        "skipped": ranking.skipped.to_dicts(),
    }


def _listed(text: str) -> Sequence[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _fees(text: str) -> dict[str, float]:
    """Read ``gate=10,mexc=5``, or ``gate LUNC/USDT:USDT=2`` for one stream."""
    found = {}
    for one in _listed(text):
        name, _, value = one.rpartition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            name = ""
        if not name.strip():
            raise BadInput(expected("--fees", "bps by venue such as gate=10,mexc=5", repr(one)))
    return found
