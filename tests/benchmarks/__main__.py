"""Run every benchmark: ``python -m tests.benchmarks [--out FILE] [--only AREA ...]``."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from tests.benchmarks.kit import BENCHES, Figure

FOLDER = Path(__file__).parent


def main() -> int:
    """Measure, print a table, and merge the figures into the file by area."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, help="JSON file; figures of areas not run are kept")
    parser.add_argument("--only", nargs="*", help="areas to run; all of them by default")
    options = parser.parse_args()
    for path in sorted(FOLDER.glob("bench_*.py")):
        importlib.import_module(f"tests.benchmarks.{path.stem}")
    unknown = sorted(set(options.only or ()) - set(BENCHES))
    if unknown:
        sys.stderr.write(f"areas: expected some of {', '.join(sorted(BENCHES))}, were {', '.join(unknown)}\n")
        return 2
    areas = options.only or sorted(BENCHES)
    console = Console()
    figures: list[Figure] = []
    for area in areas:
        for function in BENCHES[area]:
            console.print(f"[dim]{area}: {function.__name__}[/]")
            figures.extend(function())
    console.print(_table(figures))
    if options.out is not None:
        _write(options.out, figures, set(areas))
    return 0


def _table(figures: list[Figure]) -> Table:
    table = Table(title=f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    for name in ("area", "figure"):
        table.add_column(name)
    for name in ("value", "unit", "want", "compared with", "ratio"):
        table.add_column(name, justify="right")
    for one in figures:
        baseline = "-" if one.baseline is None else f"{one.baseline:,.4g}"
        ratio = "-" if one.ratio is None else f"{one.ratio:,.3g}"
        table.add_row(one.area, one.name, f"{one.value:,.4g}", one.unit, one.want or "-", baseline, ratio)
    return table


def _write(path: Path, figures: list[Figure], areas: set[str]) -> None:
    kept = [] if not path.exists() else [row for row in orjson.loads(path.read_bytes()) if row["area"] not in areas]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps([*kept, *map(asdict, figures)], option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    sys.exit(main())
