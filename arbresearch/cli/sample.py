"""``arb sample``: simulate a market whose truth is known."""

from __future__ import annotations

import time
from collections import Counter
from typing import Annotated

import polars as pl
import typer

from arbresearch.cli.common import JsonOption, StoreOption, print_json, progress_bar, store_path
from arbresearch.cli.store import say_what_was_dropped
from arbresearch.sample import TRUTH_FILE, SampleSpec, generate, is_stored
from arbresearch.store import TickStore

__all__ = ["sample"]

_DEFAULT = SampleSpec()


def sample(
    store: StoreOption = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = _DEFAULT.seed,
    days: Annotated[int, typer.Option(help="Whole UTC days.")] = _DEFAULT.days,
    symbols: Annotated[int, typer.Option(help="Number of coins.")] = _DEFAULT.symbols,
    venues: Annotated[str, typer.Option(help="Venue ids, comma separated.")] = ",".join(_DEFAULT.venues),
    start: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")] = _DEFAULT.start,
    quotes_per_day: Annotated[int, typer.Option(help="Expected quotes a stream and day.")] = _DEFAULT.quotes_per_day,
    as_json: JsonOption = False,
) -> None:
    """Simulate a market with planted candidates and traps; what is true is written to truth.json beside it.

    The same market twice adds nothing.
    """
    spec = SampleSpec(
        seed=seed,
        days=days,
        symbols=symbols,
        venues=tuple(one.strip() for one in venues.split(",") if one.strip()),
        start=start,
        quotes_per_day=quotes_per_day,
    )
    began = time.perf_counter()
    with TickStore(store_path(store)) as ticks:
        say_what_was_dropped(ticks)
        known = is_stored(ticks, spec)
        with progress_bar("simulating") as update:
            truth = generate(ticks, spec, progress=update)
        held = ticks.coverage()
        rows = dict(held.group_by("table", maintain_order=True).agg(pl.col("rows").sum()).iter_rows())
    seconds = time.perf_counter() - began
    if as_json:
        print_json({"spec": spec.as_dict(), "added": not known, "rows": rows, "seconds": seconds})
        return
    if known:
        typer.echo(f"{store_path(store)} holds this market already; nothing added")
    else:
        listed = ", ".join(f"{count:,} {table}" for table, count in rows.items())
        typer.echo(f"{listed} in {store_path(store)} after {seconds:.1f} s")
    kinds = Counter(str(pair.kind) for pair in truth.pairs)
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    typer.echo(f"{len(truth.pairs)} pairs of venues, in truth: {listed} ({ticks.root / TRUTH_FILE})")
