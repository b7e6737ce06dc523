"""JSON answers of venues as people keep them: bare, with a header, or as lines of a recording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from arbresearch.core import ImportFailed, expected
from arbresearch.core.units import NS_PER_SECOND
from arbresearch.store.importers.content import open_content

__all__ = ["MAX_BYTES", "Payload", "load_payloads"]

MAX_BYTES: Final = 256 << 20
"""A snapshot is read whole; one larger than this is no snapshot."""

_RECORDED: Final = re.compile(
    r"^(?P<call>https?://\S+) -> (?P<seconds>\d+)(?:\.(?P<fraction>\d+))?: (?P<json>[\[{].*)$"
)
_HEADED: Final = re.compile(r"^(?P<method>GET|POST)\s*\n(?P<call>/\S+)\s*\n(?:true|false)\s*\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Payload:
    """One answer: what was asked where that is known, when it came (ns, None where not known), and the JSON."""

    call: str | None
    at_ns: int | None
    data: Any
    line: int = 1


def load_payloads(path: Path) -> list[Payload]:
    """Read the answers in a file.

    Understood are JSON; Parquet (its rows as objects); a request's method, path and a flag on three lines before
    the JSON; lines ``<url> -> <unix seconds>: <json>`` of a recording (other lines are passed over); and an object
    whose keys are requests (``GET /spot/currency_pairs``).

    Raises
    ------
    ImportFailed
        If the file is none of these, too large, empty or damaged.
    """
    with open_content(path) as content:
        raw = content.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ImportFailed(expected(str(path), f"a snapshot of at most {MAX_BYTES:_} bytes", "a larger file"))
    if raw.startswith(b"PAR1"):
        return [Payload(None, None, pl.read_parquet(raw).to_dicts())]
    text = raw.decode("utf-8-sig", errors="replace")
    recorded = list(_recorded(text))
    if recorded:
        return recorded
    headed = _HEADED.match(text)
    try:
        data = orjson.loads(text[headed.end() :] if headed else text)
    except orjson.JSONDecodeError as error:
        raise ImportFailed(
            expected(
                str(path), "JSON, Parquet, or recorded lines '<url> -> <time>: <json>'", f"something else: {error}"
            )
        ) from error
    if isinstance(data, dict) and any(key.startswith(("GET ", "POST ")) for key in data):
        return [Payload(key, None, value) for key, value in data.items() if key.startswith(("GET ", "POST "))]
    return [Payload(headed["call"] if headed else None, None, data)]


def _recorded(text: str) -> Iterator[Payload]:
    for number, line in enumerate(text.splitlines(), start=1):
        match = _RECORDED.match(line)
        if match is not None:
            fraction = (match["fraction"] or "").ljust(9, "0")[:9]
            at_ns = int(match["seconds"]) * NS_PER_SECOND + int(fraction)
            yield Payload(match["call"], at_ns, orjson.loads(match["json"]), number)
