"""The statistics of blocks that were measured before, kept beside the store's data so that a re-score costs only news.

Of each pair there are two files: rows of doubles that are only ever appended to, and a small one, replaced as a whole,
that says how many rows hold, their checksum, and what the next block needs. Rows beyond what it says do not count, so
whatever is interrupted leaves the state before.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
import orjson

from arbresearch.core import StoreError
from arbresearch.discovery.blocks import measure_blocks, moves, scan_kernels, settle_kernels, stretch
from arbresearch.discovery.blocks.pair_blocks import Carry, PairBlocks, block_columns
from arbresearch.discovery.blocks.pair_terms import PairTerms
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.pairs import StreamPair
from arbresearch.edges import leadlag_kernels

__all__ = ["CACHE_FOLDER", "BlockCache", "Cached"]

CACHE_FOLDER: Final = "_scores"
_MADE_BY: Final = (measure_blocks, moves, scan_kernels, settle_kernels, stretch, leadlag_kernels)
"""Modules whose text is part of the name: other code may measure otherwise, so it begins anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Cached:
    """What was measured before: the blocks, and what the next one needs."""

    blocks: PairBlocks
    carry: Carry


class BlockCache:
    """Blocks of the pairs of one store under one choice of settings.

    Parameters
    ----------
    root
        The store's folder.
    settings
        Those that shape the blocks (:meth:`ScoreSettings.measured_with`) name the folder; others share it.
    """

    def __init__(self, root: Path, settings: ScoreSettings) -> None:
        code = sha256(b"".join(Path(one.__file__ or "").read_bytes() for one in _MADE_BY)).hexdigest()
        wanted = {"code": code, "columns": block_columns(settings), **settings.measured_with()}
        self._text = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS)
        self.folder = Path(root) / CACHE_FOLDER / sha256(self._text).hexdigest()[:16]
        self._width = 1 + len(block_columns(settings))

    def read(self, pair: StreamPair, terms: PairTerms, begin_ns: int) -> Cached | None:
        """Return what is kept of a pair; None where nothing is, or it was measured under other terms or from elsewhere.

        A file that is damaged counts as none.
        """
        rows_path, state_path = self._paths(pair)
        try:
            state = orjson.loads(state_path.read_bytes())
            size = state["rows"] * self._width * 8
            with rows_path.open("rb") as file:
                data = file.read(size)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if state.get("terms") != _terms_of(terms, begin_ns) or len(data) != size or crc32(data) != state["crc"]:
            return None
        rows = np.frombuffer(data, np.float64).reshape(-1, self._width)
        starts = np.frombuffer(np.ascontiguousarray(rows[:, 0]).tobytes(), np.int64)
        return Cached(PairBlocks(starts, rows[:, 1:]), Carry.from_dict(state["carry"]))

    def write(
        self, pair: StreamPair, terms: PairTerms, begin_ns: int, before: Cached | None, new: PairBlocks, carry: Carry
    ) -> None:
        """Add blocks to what :meth:`read` returned (None: begin anew).

        Raises
        ------
        StoreError
            If it cannot be written; what was there before holds, or nothing.
        """
        rows_path, state_path = self._paths(pair)
        rows = np.empty((len(new), self._width))
        rows[:, 0] = new.start_ns.view(np.float64)
        rows[:, 1:] = new.values
        data = rows.tobytes()
        try:
            held = len(before.blocks) if before is not None else 0
            crc = orjson.loads(state_path.read_bytes())["crc"] if before is not None else 0
            rows_path.parent.mkdir(parents=True, exist_ok=True)
            if before is None:
                state_path.unlink(missing_ok=True)
            with rows_path.open("r+b" if before is not None else "wb") as file:
                file.seek(held * self._width * 8)
                file.write(data)
                file.truncate()
            state = {
                "pair": pair.name,
                "rows": held + len(new),
                "crc": crc32(data, crc),
                "terms": _terms_of(terms, begin_ns),
                "carry": carry.as_dict(),
            }
            scratch = state_path.with_name(f".{state_path.name}.{os.getpid()}")
            scratch.write_bytes(orjson.dumps(state))
            scratch.replace(state_path)
        except OSError as error:
            raise StoreError(
                f"{rows_path}: cannot be written ({error}); free some space or score without a cache"
            ) from error

    def _paths(self, pair: StreamPair) -> tuple[Path, Path]:
        text = "_".join((pair.venue_a, pair.symbol_a, pair.venue_b, pair.symbol_b))
        name = "".join(one if one.isalnum() or one in "-_." else "+" for one in text)
        unique = sha256(text.encode()).hexdigest()[:8]
        return self.folder / f"{name}-{unique}.blocks", self.folder / f"{name}-{unique}.json"


def _terms_of(terms: PairTerms, begin_ns: int) -> dict[str, Any]:
    return {**terms.as_dict(), "begin_ns": begin_ns}
