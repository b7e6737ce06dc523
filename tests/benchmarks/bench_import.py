"""Import rates, end to end, against Polars that only parses and writes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from arbresearch.store.importers.mapping import Mapping
from tests.benchmarks.kit import Figure, bench, paired

ROWS = 1_000_000
START_MS = 1_760_156_313_361


def _mapping(form: str) -> Mapping:
    columns = {"bid": "b", "bid_size": "bs", "ask": "a", "ask_size": "as"}
    return Mapping.model_validate(
        {
            "name": "bench",
            "doc": "quotes with two clocks",
            "format": form,
            "venue": "gate",
            "symbol": "LUNC/USDT",
            "recv": {"column": "t", "unit": "ms"},
            "event": {"column": "e", "unit": "ms"},
            "tables": {"quotes": {"columns": columns}},
        }
    )


def _quotes() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    bid = np.round(0.05 + rng.integers(-1, 2, ROWS).cumsum() * 1e-7 % 0.01, 8)
    times = START_MS + rng.integers(0, 60, ROWS).cumsum()
    sizes = np.round(rng.lognormal(8, 1, (2, ROWS)), 1)
    return pl.DataFrame(
        {"t": times, "e": times - 40, "b": bid, "bs": sizes[0], "a": bid + 2e-7, "as": sizes[1]}
    ).with_columns(pl.col("a").round(8))


@bench("import")
def import_rates() -> Iterable[Figure]:
    """Yield rows a second of csv and Parquet imports: hashed, checked, counted, stored, committed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame = _quotes()
        frame.write_csv(folder / "quotes.csv")
        frame.write_parquet(folder / "quotes.parquet")
        readers: dict[str, Callable[[Path], pl.DataFrame]] = {"csv": pl.read_csv, "parquet": pl.read_parquet}
        numbers = count()
        for form, read in readers.items():
            path, mapping = folder / f"quotes.{form}", _mapping(form)

            def ours(form: str = form, path: Path = path, mapping: Mapping = mapping) -> None:
                store = TickStore(folder / f"store{next(numbers)}")
                report = import_files(store, form, [path], mapping=mapping)
                if report.accepted != {"quotes": ROWS}:
                    raise RuntimeError(f"imported {report.accepted}")

            def theirs(read: Callable[[Path], pl.DataFrame] = read, path: Path = path) -> None:
                read(path).write_parquet(folder / f"plain{next(numbers)}.parquet", compression="zstd")

            ours_s, theirs_s, ratio = paired(ours, theirs, rounds=3)
            yield Figure("import", f"{form} quotes", ROWS / ours_s, "rows/s", None, ROWS / theirs_s, ratio)
