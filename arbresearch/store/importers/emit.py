"""Turn decoded pieces of a file into the batches that an import stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from arbresearch.store.importers.base import Batch, Rejection
from arbresearch.store.importers.decode import Decoder

__all__ = ["emit"]


def emit(
    decoder: Decoder,
    raw: pl.DataFrame,
    rows: pl.Series,
    text: Callable[[int], str],
    *,
    refused: Sequence[Rejection] = (),
    consumed: int,
) -> Iterator[Batch]:
    """Yield one batch a fed table.

    Parameters
    ----------
    decoder
        What applies the mapping.
    raw, rows
        A piece of the file and the row or line number of each of its rows.
    text
        Gives the original text of a line by its number.
    refused
        Rows refused before they could be decoded.
    consumed
        Bytes of the content read so far.
    """
    mask = decoder.wanted_rows(raw)
    filtered = 0
    if mask is not None:
        filtered = raw.height - int(mask.sum())
        raw, rows = raw.filter(mask), rows.filter(mask)
    for number, one in enumerate(decoder.decode(raw)):
        fine = one.reasons.is_null()
        bad = rows.filter(~fine)
        own = tuple(
            Rejection(line, reason, text(line))
            for line, reason in zip(bad.to_list(), one.reasons.filter(~fine).to_list(), strict=True)
        )
        kept = rows.filter(fine)
        yield Batch(
            table=one.table,
            frame=one.frame.filter(fine),
            rows=kept,
            rejected=(*(refused if number == 0 else ()), *own),
            consumed=consumed,
            filtered=filtered if number == 0 else 0,
            notes=decoder.notes,
            texts=_texts(kept, text),
        )


def _texts(rows: pl.Series, text: Callable[[int], str]) -> Callable[[Sequence[int]], list[str]]:
    return lambda positions: [text(int(rows[position])) for position in positions]
