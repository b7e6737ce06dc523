"""Files that use the store's own column names need no mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from arbresearch.core import MappingError, expected
from arbresearch.store.importers.mapping import Mapping
from arbresearch.store.schemas import TABLES, Kind

__all__ = ["plain_mapping"]

_MARKS: Final = {
    "quotes": {"bid", "ask"},
    "depth": {"bids", "asks"},
    "trades": {"price", "size"},
    "funding": {"rate"},
    "networks": {"asset", "network"},
    "instruments": {"base", "quote", "tick"},
}


def plain_mapping(path: Path, columns: tuple[str, ...], form: Literal["csv", "parquet"]) -> Mapping:
    """Return the mapping of a file whose columns have the names of one table of the store; times in ns.

    Raises
    ------
    MappingError
        If the names are those of no table, or no clock is there.
    """
    table = next((name for name, marks in _MARKS.items() if marks <= set(columns)), None)
    clocks = {name: {"column": f"{name}_ns", "unit": "ns"} for name in ("recv", "event") if f"{name}_ns" in columns}
    if table is None or not clocks:
        names = "; ".join(f"{name}: {', '.join(TABLES[name].names)}" for name in _MARKS)
        raise MappingError(
            expected(f"{path} without a mapping", f"the column names of a table ({names})", ", ".join(columns),
                     "give --mapping, a shipped one or a file of your own")
        )  # fmt: skip
    data: dict[str, Any] = {"name": "plain", "doc": "the store's own column names", "format": form, **clocks}
    data |= {name: {"column": name} for name in ("venue", "symbol") if name in columns}
    if table == "depth":
        data["levels"] = {name: name for name in ("bids", "bid_sizes", "asks", "ask_sizes")} | {"into": ["depth"]}
    else:
        fed = [one for one in TABLES[table].columns if one.name not in ("venue", "symbol", "recv_ns", "event_ns")]
        specs = {
            one.name: {"column": one.name, **({"unit": "ns"} if one.kind is Kind.TIME else {})}
            for one in fed
            if one.name in columns or one.required
        }
        data["tables"] = {table: {"columns": specs}}
    return Mapping.model_validate(data)
