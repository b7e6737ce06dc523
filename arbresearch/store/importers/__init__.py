"""Getting recordings into the store: formats, mappings, and an account of every row.

``import_files(store, "csv", [path], mapping="link_binance_huobi_l10")`` is what ``arb import`` calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from arbresearch.store.importers import (
    binance_public,
    binance_raw,
    crypto_lake,
    csv_format,
    parquet_format,
    snapshots,
    tardis,
)
from arbresearch.store.importers.base import (
    OPTIONS,
    Batch,
    Format,
    Rejection,
    Source,
    formats,
    get_format,
    register,
)
from arbresearch.store.importers.mapping import Mapping, list_mappings, load_mapping, resolve_mapping
from arbresearch.store.importers.outcome import FileOutcome, ImportReport
from arbresearch.store.importers.runner import Progress, import_files

__all__ = [
    "OPTIONS",
    "Batch",
    "FileOutcome",
    "Format",
    "FormatDescription",
    "ImportReport",
    "Mapping",
    "Progress",
    "Rejection",
    "Source",
    "describe_formats",
    "formats",
    "get_format",
    "import_files",
    "list_mappings",
    "load_mapping",
    "register",
    "resolve_mapping",
]

_REGISTERED: Final = (binance_public, binance_raw, crypto_lake, csv_format, parquet_format, snapshots, tardis)
"""Importing these modules is what makes their formats known."""


@dataclass(frozen=True, slots=True)
class FormatDescription:
    """What ``arb import --list`` shows of a format: mappings are pairs of name and sentence."""

    name: str
    doc: str
    extensions: tuple[str, ...]
    options: tuple[str, ...]
    mappings: tuple[tuple[str, str], ...]


def describe_formats() -> tuple[FormatDescription, ...]:
    """Return every format by name, with the mappings that are shipped for it."""
    shipped = list_mappings().values()
    return tuple(
        FormatDescription(
            one.name,
            one.doc,
            one.extensions,
            one.options,
            tuple((mapping.name, mapping.doc) for mapping in shipped if mapping.format == one.name),
        )
        for one in formats()
    )
