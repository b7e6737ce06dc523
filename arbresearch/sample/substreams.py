"""Independent random substreams, so that any part of the market can be made alone."""

from __future__ import annotations

from enum import IntEnum
from zlib import crc32

import numpy as np

__all__ = ["Purpose", "substream"]


class Purpose(IntEnum):
    """What the numbers of a substream are used for; two purposes never share numbers."""

    ROLES = 1
    COIN = 2
    STREAM = 3
    MINUTES = 4
    SECONDS = 5
    MIDNIGHTS = 6
    ARRIVALS = 7
    DEVIATIONS = 8
    BOOK = 9
    CLOCKS = 10
    DEPTH = 11
    INCIDENTS = 12
    NETWORKS = 13
    FUNDING = 14


def substream(seed: int, purpose: Purpose, *names: str | int) -> np.random.Generator:
    """Return the generator that belongs to a seed, a purpose, and names such as coin, venue and day.

    Text enters by its CRC-32, so a substream depends on names and not on what else is simulated.
    """
    key = (int(purpose), *(name if isinstance(name, int) else crc32(name.encode()) for name in names))
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))
