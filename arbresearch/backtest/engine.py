"""The backtester: a symbol and a configuration in, a result out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from arbresearch.backtest.cautions import check_reach
from arbresearch.backtest.conditions import Conditions, conditions_of
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.equity import block_length_ns
from arbresearch.backtest.grid import GridPoint, GridRuns, run_grid
from arbresearch.backtest.inputs import Inputs, Recording
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.run import run_market
from arbresearch.core import NS_PER_SECOND, FeeSchedule
from arbresearch.matching import Rule
from arbresearch.store import TickStore

__all__ = ["SpotArbitrageBacktester"]


class SpotArbitrageBacktester:
    """Trades two venues of a store as a configuration says, event by event.

    What was read of the last symbol and span is kept, so that runs with other thresholds, sizes, fees or delays read
    nothing. A change of the data in the store is noticed.

    Parameters
    ----------
    store
        Quotes of both venues; trades for modes with a maker; levels, funding, instruments and networks where there are
        any.
    own_fees
        Fees of one's own accounts by venue; those of the configuration come first, the published ones last.
    """

    def __init__(self, store: TickStore, own_fees: Mapping[str, FeeSchedule] | None = None) -> None:
        self.store = store
        self._own_fees = dict(own_fees or {})
        self._recording: Recording | None = None

    def load(self, symbol: str, config: BacktestConfig) -> Inputs:
        """Read what a run needs, unless it has been read.

        Parameters
        ----------
        symbol
            Unified symbol on A, such as ``LUNC/USDT``.
        config
            Venues, span, and what of the data is used.

        Raises
        ------
        BadInput
            A stream that is not in the store or has no rows in the span, or two that share no time.
        """
        found = Recording.named(self.store, symbol, config)
        if self._recording is None or self._recording.key != found.key:
            self._recording = None  # let go of the old arrays before the new ones are read
            self._recording = found
        return self._recording.inputs(config)

    def conditions(self, symbol: str, config: BacktestConfig) -> Conditions:
        """Return the plain numbers of a run, where they come from, and what is doubtful about them.

        Raises
        ------
        BadInput
            As :meth:`run`.
        """
        return self.conditions_of(self.load(symbol, config), config)

    def conditions_of(self, inputs: Inputs, config: BacktestConfig) -> Conditions:
        """Return the same of what was read already.

        Raises
        ------
        BadInput
            As :meth:`run`.
        """
        return conditions_of(inputs, config, self._own_fees)

    def run(self, symbol: str, config: BacktestConfig | None = None) -> BacktestResult:
        """Run a configuration over the recorded data of a symbol.

        Parameters
        ----------
        symbol
            Unified symbol on A, such as ``LUNC/USDT``.
        config
            What is assumed; the defaults when None.

        Raises
        ------
        BadInput
            As :meth:`load`; or fees that are not known, a lot or smallest order above the order size, or balances that
            cannot trade either way.
        """
        config = BacktestConfig() if config is None else config
        return self.run_inputs(self.load(symbol, config), symbol, config)

    def run_inputs(self, inputs: Inputs, symbol: str, config: BacktestConfig) -> BacktestResult:
        """Run a configuration over what was read already, whatever span that is of.

        Raises
        ------
        BadInput
            As :meth:`run`.
        """
        conditions = self.conditions_of(inputs, config)
        log = run_market(inputs.market, conditions.terms)
        warnings = list(conditions.warnings)
        if not log.pairs.size:
            warnings += check_reach(inputs.market, conditions.terms)
        streams = inputs.streams
        return BacktestResult.build(
            log,
            inputs.market,
            conditions.terms,
            symbol=symbol,
            venues=(streams.a.venue, streams.b.venue, "" if streams.hedge is None else streams.hedge.venue),
            config=config.as_dict(),
            warnings=tuple(warnings),
            notes=conditions.notes,
            digest=inputs.digest,
        )

    def grid(
        self,
        symbol: str,
        config: BacktestConfig,
        points: Sequence[GridPoint],
        *,
        block_s: float | None = None,
        workers: int = 1,
    ) -> GridRuns:
        """Run a configuration with many thresholds, sizes and holding times over the recorded data of a symbol.

        Parameters
        ----------
        symbol, config
            As of :meth:`run`; what a point says replaces what the configuration says of it.
        points
            Settings.
        block_s
            Length of the blocks of UTC in which profit is counted, seconds; None: 15 minutes, an hour in recordings of
            more than ten days.
        workers
            Threads.

        Raises
        ------
        BadInput
            As :meth:`run` and :func:`~arbresearch.backtest.grid.run_grid`.
        """
        inputs = self.load(symbol, config)
        conditions = self.conditions_of(inputs, config)
        chosen = block_length_ns(*inputs.span, 1) if block_s is None else round(block_s * NS_PER_SECOND)
        return run_grid(inputs.market, conditions.terms, points, chosen, workers=workers)

    def bracket(self, symbol: str, config: BacktestConfig) -> dict[Rule, BacktestResult]:
        """Run a configuration under the three rules of resting orders: the bounds, and the estimate between them.

        Raises
        ------
        BadInput
            As :meth:`run`.
        """
        return {rule: self.run(symbol, replace(config, fill_rule=rule)) for rule in Rule}
