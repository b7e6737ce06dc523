"""The signal of one pair of venues, quote by quote or over recorded books."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from arbresearch.core import BadInput, expected, format_ns
from arbresearch.edges.arrays import Bools
from arbresearch.edges.pair import Pair
from arbresearch.signals.batch import SignalBatch, batch_of
from arbresearch.signals.engine_state import new_engine, packed, restore
from arbresearch.signals.model import ConfidenceSource
from arbresearch.signals.result import EnhancedArbitrageSignal
from arbresearch.signals.settings import SignalSettings, VenueQuote
from arbresearch.signals.step import BACKWARDS, quote_step
from arbresearch.store.layout import write_atomically

__all__ = ["EnhancedSpotArbitrageSignal"]

_VENUES = {"a": 0, "b": 1}


class EnhancedSpotArbitrageSignal:
    """When to act on the edge between two venues: its context over several horizons, and a confidence.

    Each direction's net edge is sampled 120 times a horizon, at multiples of a 120th of it since the epoch: a sample
    is the edge in force just before that instant, NaN where books were stale or one-sided. At an update the window of
    a horizon is its last 120 samples; the update itself is not in it. The percentile is the edge's mid-rank in the
    window. Ten samples are a cell; when one completes, mean, standard deviation, trend, variance ratio and the fitted
    mean-reverting process are computed anew from the window, and hold until the next one completes. A horizon is
    ready when its window lay wholly after the first sample and half of the samples were known as its last cell
    completed; before, its numbers are NaN.

    Memory and work an update are bounded: a record of constant size, and at most 130 samples a horizon to catch up
    after a gap of any length.

    Parameters
    ----------
    settings
        Fees, horizons, thresholds.
    calibration
        What the confidence comes from; None: the chance of reversion itself, and ``calibrated`` is False.

    Raises
    ------
    BadInput
        A calibration for other horizons.
    """

    __slots__ = ("_calibration", "_engines", "_numbers", "_settings")

    def __init__(self, settings: SignalSettings, calibration: ConfidenceSource | None = None) -> None:
        self._settings = settings
        self._calibration = calibration
        self._engines = new_engine(settings, calibration)
        self._numbers = self._engines["numbers"]

    @property
    def settings(self) -> SignalSettings:
        """Return the settings."""
        return self._settings

    def update(self, quote: VenueQuote) -> EnhancedArbitrageSignal:
        """Take one quote and say what it means.

        Parameters
        ----------
        quote
            Received at the time of the quote before it, or later. Of several at one time each later one sees the
            others.

        Raises
        ------
        BadInput
            An unknown venue, a time before that of the last quote, or a price that is not positive and finite (NaN
            marks an empty side). Nothing is changed.
        """
        venue = _VENUES.get(quote.venue, -1)
        if venue < 0:
            raise BadInput(expected("venue", "a or b", repr(quote.venue)))
        code = quote_step(self._engines, venue, quote.recv_ns, quote.bid, quote.ask)
        if code:
            raise self._refusal(code, quote)
        return EnhancedArbitrageSignal(self._numbers.tobytes(), self._settings)

    def batch(self, pair: Pair, *, step: int = 1, rows: Bools | None = None) -> SignalBatch:
        """Return the signals at the instants of a pair, as a new signal gives them that is fed both books.

        A row is what :meth:`update` says at the last quote of its instant, to the last bit. This signal's own state
        is neither used nor changed; that after the pair is ``SignalBatch.state``. Limits of age and skew are those of
        the settings, not those of the pair.

        Parameters
        ----------
        pair
            As :func:`arbresearch.edges.align` gives it.
        step
            Return every so manieth row only, the first one included: a row takes 60 bytes a horizon.
        rows : array of bool, shape (len(pair),)
            Return these rows only.

        Raises
        ------
        BadInput
            A step below one, a mask of another shape, or both.
        """
        return batch_of(
            new_engine(self._settings, self._calibration), self._settings, pair, step=step, rows=rows
        )  # fmt: skip

    def state(self) -> bytes:
        """Return all that the signal remembers; always as many bytes."""
        return packed(self._engines, self._settings)

    @classmethod
    def resume(
        cls, settings: SignalSettings, state: bytes, calibration: ConfidenceSource | None = None
    ) -> Self:  # fmt: skip
        """Return a signal that goes on as the one would whose state it is.

        Parameters
        ----------
        settings
            Fees, horizons and limits of age and skew must be those of the state; thresholds and target may differ.
        state
            As :meth:`state` returns it.
        calibration
            As in the constructor; it is no part of the state.

        Raises
        ------
        BadInput
            Not a state, a damaged one, one of other settings or another version; a calibration for other horizons.
        """
        signal = cls(settings, calibration)
        restore(signal._engines, settings, state)
        return signal

    def save(self, path: Path) -> None:
        """Write the state to a file, whole or not at all."""
        write_atomically(path, self.state())

    @classmethod
    def load(cls, path: Path, settings: SignalSettings, calibration: ConfidenceSource | None = None) -> Self:
        """Return a signal from a file that :meth:`save` wrote; parameters and errors of :meth:`resume`.

        Raises
        ------
        BadInput
            No such file, too.
        """
        try:
            state = path.read_bytes()
        except FileNotFoundError:
            raise BadInput(expected("state", "a file", f"no file {path}")) from None
        return cls.resume(settings, state, calibration)

    def _refusal(self, code: int, quote: VenueQuote) -> BadInput:
        if code == BACKWARDS:
            last = format_ns(int(self._engines["state"]["time_ns"][0]))
            return BadInput(expected("recv_ns", f"{last} or later", format_ns(quote.recv_ns), "feed quotes in order"))
        found = f"bid {quote.bid} and ask {quote.ask}"
        return BadInput(expected("prices", "positive finite numbers, or NaN for an empty side", found))
