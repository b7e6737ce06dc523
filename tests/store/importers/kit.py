"""Small files to import, written by hand."""

from __future__ import annotations

import csv
from pathlib import Path

QUOTES_MAPPING = """
doc = "quotes with a receive clock in milliseconds"
format = "csv"
venue = "mexc"
symbol = "LUNC/USDT"
recv = { column = "time", unit = "ms" }

[tables.quotes.columns]
bid = "bid"
bid_size = "bid_qty"
ask = "ask"
ask_size = "ask_qty"
"""

HEADER = "time,bid,bid_qty,ask,ask_qty"
START_MS = 1_760_156_313_361


def write_mapping(folder: Path, text: str = QUOTES_MAPPING, name: str = "mine") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def write_lines(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def good_lines(count: int, start: int = 0) -> list[str]:
    return [f"{START_MS + 100 * row},1.0{row % 10},10.5,1.1{row % 10},7" for row in range(start, start + count)]


def rejects_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
