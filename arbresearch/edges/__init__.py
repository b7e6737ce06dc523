"""Two books side by side: aligned updates, gross and net edges, episodes, lifetimes and depth."""

from arbresearch.edges.align import align
from arbresearch.edges.depth import (
    Executable,
    Walk,
    executable,
    executable_books,
    slippage_bps,
    walk,
    walk_books,
)
from arbresearch.edges.edge import edges
from arbresearch.edges.episodes import episodes
from arbresearch.edges.legs import DIRECTION, Direction
from arbresearch.edges.pair import Book, Pair
from arbresearch.edges.profile import edge_profile, time_share
from arbresearch.edges.survival import Survival, survival

__all__ = [
    "DIRECTION",
    "Book",
    "Direction",
    "Executable",
    "Pair",
    "Survival",
    "Walk",
    "align",
    "edge_profile",
    "edges",
    "episodes",
    "executable",
    "executable_books",
    "slippage_bps",
    "survival",
    "time_share",
    "walk",
    "walk_books",
]
