"""The systematic candidate finder: every pair of a universe measured, judged and ranked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from arbresearch.core import BadInput, FeeSchedule, ParameterError, expected, parse_ns
from arbresearch.discovery.blocks.moves import MoveTable
from arbresearch.discovery.blocks.pair_terms import Delays, PairTerms, measured_latencies, pair_terms
from arbresearch.discovery.blocks.settings import HORIZON_NS, ScoreSettings
from arbresearch.discovery.board.board import ScoreBoard
from arbresearch.discovery.board.watch import Board, follow
from arbresearch.discovery.metrics.history import PairMetrics, historical_metrics
from arbresearch.discovery.metrics.settings import MetricsSettings
from arbresearch.discovery.pairs import Markets, StreamPair, choose_pairs, find_fees
from arbresearch.discovery.scoring.crew import Crew, Job
from arbresearch.discovery.scoring.evidence import Evidence
from arbresearch.discovery.scoring.ranking import Ranking, make_ranking
from arbresearch.discovery.scoring.reasons import Reason
from arbresearch.discovery.scoring.score import ArbitrageOpportunityScore, make_score
from arbresearch.discovery.universe.universe import Universe, discover_common_symbols
from arbresearch.store import Moment, TickStore
from arbresearch.venues import QuoteGroups, Verdict, identify_pairs

__all__ = ["SpotArbitrageCandidateFinder"]

_SPANS: Final = ("venue", "symbol", "first_ns", "last_ns")


@dataclass(frozen=True, slots=True)
class _Span:
    """When both streams of a pair have quotes: the first block's beginning and the last complete block's end."""

    begin_ns: int
    stop_ns: int


class SpotArbitrageCandidateFinder:
    """Finds which pairs of a store truly pay, and says how sure that is.

    Parameters
    ----------
    store
        Quotes, and where there are any instruments, networks and depth.
    settings
        Capital, size, delays and evidence wanted; the defaults when None.
    fees_bps, own_fees
        See :func:`arbresearch.discovery.find_fees`; fees that are nowhere are asked for, never assumed.
    workers
        Processes that measure pairs side by side; results do not depend on it.
    cached
        Whether blocks are kept beside the store's data (in its folder ``_scores``), so that scoring again costs only
        what is new.
    """

    def __init__(
        self,
        store: TickStore,
        settings: ScoreSettings | None = None,
        *,
        fees_bps: Mapping[str, float] | None = None,
        own_fees: Mapping[str, FeeSchedule] | None = None,
        workers: int = 1,
        cached: bool = True,
    ) -> None:
        if isinstance(workers, bool) or workers < 1:
            raise ParameterError(expected("workers", "one process or more", workers))
        self.store = store
        self.settings = settings or ScoreSettings()
        self.workers = workers
        self.cached = cached
        self._fees_bps = dict(fees_bps or {})
        self._own_fees = dict(own_fees or {})
        self._delays: Delays = {}

    def discover_common_symbols(
        self,
        venues: Sequence[str] = (),
        *,
        quote_groups: QuoteGroups | None = None,
        markets: Markets = "same",
        at: Moment | None = None,
    ) -> Universe:
        """Return the coins that venues have in common; see :func:`arbresearch.discovery.discover_common_symbols`."""
        identity = self.settings.identity
        return discover_common_symbols(
            self.store, venues, quote_groups=quote_groups, markets=markets, at=at, identity=identity
        )

    def calculate_historical_metrics(
        self,
        symbol: str,
        pair: str | StreamPair,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        settings: MetricsSettings | None = None,
    ) -> PairMetrics:
        """Measure one pair in depth: who leads, reversion, price discovery, distributions, lifetimes.

        Parameters
        ----------
        symbol
            Such as ``LUNC/USDT``.
        pair
            Two venues such as ``mexc:gate``, the first being A, or a :class:`StreamPair`.
        start, end
            Receive times, start included and end not; None is open.
        settings
            See :class:`arbresearch.discovery.MetricsSettings`.

        Raises
        ------
        BadInput
            The store has no such pair, its fees are not known, or the two do not overlap.
        """
        if not isinstance(pair, StreamPair):
            pair = choose_pairs(self.store, venue_pairs=[pair], symbols=[symbol])[0]
        fees = find_fees(self.store, [pair], self._fees_of([pair]), self._own_fees)
        return historical_metrics(
            self.store,
            pair,
            settings or MetricsSettings(),
            start,
            end,
            fees_a=fees[pair.streams[0]],
            fees_b=fees[pair.streams[1]],
        )

    def rank(
        self,
        symbols: Sequence[str] = (),
        venue_pairs: Sequence[str] = (),
        *,
        markets: Markets = "same",
        pairs: Sequence[StreamPair] = (),
        start: Moment | None = None,
        end: Moment | None = None,
        window_days: float | None = None,
        candidates: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Ranking:
        """Measure, judge and rank pairs.

        Parameters
        ----------
        symbols, venue_pairs, markets
            As :func:`arbresearch.discovery.choose_pairs` takes them.
        pairs
            These instead, such as :meth:`arbresearch.discovery.Universe.stream_pairs`.
        start, end
            Receive times. Blocks begin at or after ``start`` and end at ``end`` or before; None is open. With a
            start, nothing before it is read and inventory begins there. Fees, lots and contracts are those published
            by the end.
        window_days
            Only the last so many days count, inventory is that of the whole history; None: all.
        candidates
            How many pairs were compared in all, when these are a selection of them; at least as many as are ranked.
        progress
            Called with pairs done and in all.

        Raises
        ------
        BadInput
            No such pair, or fees are missing.
        ParameterError
            Fewer candidates than pairs, or a window that is not positive.
        """
        chosen = tuple(pairs) or choose_pairs(self.store, venue_pairs=venue_pairs, symbols=symbols, markets=markets)
        if window_days is not None and not window_days > 0:
            raise ParameterError(expected("window_days", "days above zero, or none", window_days))
        start_ns, end_ns = (None if one is None else parse_ns(one) for one in (start, end))
        spans, skipped = self._spans(chosen, start_ns, end_ns)
        compared = max(1, len(chosen)) if candidates is None else candidates
        if compared < len(chosen):
            raise ParameterError(expected("candidates", f"at least the {len(chosen)} pairs that are ranked", compared))
        instruments = self.store.instruments(end_ns)
        terms = self._terms(chosen, instruments)
        jobs = [Job(pair, terms[pair], *self._limits(span, window_days)) for pair, span in spans.items()]
        crew = Crew(self.store, self.settings, self._moves(), compared, self.workers, self.cached and start is None)
        found = []
        for done, one in enumerate(crew.work(jobs)):
            found.append(one)
            if progress is not None:
                progress(done + 1, len(jobs))
        judged = self._judge([job.pair for job in jobs], found, compared, instruments, end_ns)
        return make_ranking(judged, found, skipped, self.settings, compared)

    def watch(
        self,
        symbols: Sequence[str] = (),
        venue_pairs: Sequence[str] = (),
        *,
        markets: Markets = "same",
        pairs: Sequence[StreamPair] = (),
        every_s: float = 60.0,
        window_days: float | None = 14.0,
        rounds: int | None = None,
        recent_days: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> Iterator[Board]:
        """Rank again and again while data come in, and keep a board of who rises, falls, fades and is gone.

        Only new data are measured where blocks are cached. Pairs are chosen anew each round, so that what a recorder
        adds is ranked too. See :func:`arbresearch.discovery.watch.follow` for what ends it.

        Parameters
        ----------
        symbols, venue_pairs, markets, pairs, window_days, progress
            As :meth:`rank` takes them.
        every_s
            From the beginning of a round to that of the next, seconds.
        rounds
            So many; None: without end.
        recent_days
            What counts as of late, see :class:`arbresearch.discovery.ScoreBoard`.
        sleep
            Waits so many seconds.

        Raises
        ------
        BadInput, ParameterError
            As :meth:`rank`, in the round in which it happens; values out of range at once.
        """
        scope = {
            "symbols": sorted(symbols),
            "venue_pairs": sorted(venue_pairs),
            "markets": markets,
            "pairs": sorted(pair.streams for pair in pairs),
            "window_days": window_days,
            "fees_bps": self._fees_bps,
            "own_fees": {venue: [fees.maker, fees.taker] for venue, fees in self._own_fees.items()},
        }

        def ranked() -> Ranking:
            return self.rank(
                symbols, venue_pairs, markets=markets, pairs=pairs, window_days=window_days, progress=progress
            )

        board = ScoreBoard(self.store, self.settings, scope=scope, recent_days=recent_days)
        return follow(ranked, board, every_s=every_s, rounds=rounds, sleep=sleep)

    def score(
        self, symbol: str, pair: str, *, candidates: int = 1, start: Moment | None = None, end: Moment | None = None
    ) -> ArbitrageOpportunityScore:
        """Return the score of one pair, such as ``LUNC/USDT`` on ``mexc:gate``.

        Raises
        ------
        BadInput
            As :meth:`rank`, or the pair could not be measured.
        """
        ranking = self.rank([symbol], [pair], candidates=candidates, start=start, end=end)
        if not ranking.scores.height:
            raise BadInput(
                expected(f"{symbol} {pair}", "quotes of both at the same time", ranking.skipped["detail"][0])
            )
        return ranking.score(str(ranking.scores["pair"][0]))

    def _limits(self, span: _Span, window_days: float | None) -> tuple[int, int, int | None]:
        since = None if window_days is None else span.stop_ns - round(window_days * 86_400e9)
        return span.begin_ns, span.stop_ns, since

    def _fees_of(self, pairs: Sequence[StreamPair]) -> dict[str, float]:
        """Return of the given fees those that belong to the pairs; a name that fits no stream at all is refused."""
        streams = self.store.streams("quotes")
        known = {venue for venue, _ in streams} | {f"{venue} {symbol}" for venue, symbol in streams}
        for name in self._fees_bps:
            if name not in known:
                raise BadInput(expected("fees_bps", "a venue, or a venue and a symbol, of the store", repr(name)))
        here = {stream for pair in pairs for stream in pair.streams}
        names = {venue for venue, _ in here} | {f"{venue} {symbol}" for venue, symbol in here}
        return {name: fee for name, fee in self._fees_bps.items() if name in names}

    def _terms(self, pairs: Sequence[StreamPair], instruments: pl.DataFrame) -> dict[StreamPair, PairTerms]:
        fees = find_fees(self.store, pairs, self._fees_of(pairs), self._own_fees, instruments)
        venues = sorted({venue for pair in pairs for venue, _ in pair.streams})
        measured = measured_latencies(self.store, venues, self.settings, self._delays)
        return pair_terms(pairs, fees, instruments, {venue: seconds for venue, (seconds, _) in measured.items()})

    def _moves(self) -> MoveTable:
        return MoveTable.of(self.store)

    def _spans(
        self, pairs: Sequence[StreamPair], start_ns: int | None, end_ns: int | None
    ) -> tuple[dict[StreamPair, _Span], pl.DataFrame]:
        """Return when each pair can be measured, and which cannot and why; read from the commit log alone."""
        cover = {(venue, symbol): (first, last) for venue, symbol, first, last in
                 self.store.coverage("quotes").select(_SPANS).iter_rows()}  # fmt: skip
        block = self.settings.block_ns
        spans, skipped = {}, []
        for pair in pairs:
            missing = [f"{venue} {symbol}" for venue, symbol in pair.streams if (venue, symbol) not in cover]
            if missing:
                skipped.append((pair.name, Reason.NO_QUOTES, f"no quotes of {' and '.join(missing)} in the store"))
                continue
            (first_a, last_a), (first_b, last_b) = (cover[stream] for stream in pair.streams)
            begin = max(first_a, first_b) // block * block
            if start_ns is not None:
                begin = max(begin, -(-start_ns // block) * block)
            stop = (max(last_a, last_b) - HORIZON_NS) // block * block
            if end_ns is not None:
                stop = min(stop, end_ns // block * block)
            if min(last_a, last_b) <= max(begin, first_a, first_b) or stop <= begin:
                within = " in the range asked for" if start_ns is not None or end_ns is not None else ""
                detail = f"the two streams share no complete block of {block / 1e9:g} s{within}"
                skipped.append((pair.name, Reason.NO_OVERLAP, detail))
                continue
            spans[pair] = _Span(begin, stop)
        schema = {"pair": pl.String, "reason": pl.String, "detail": pl.String}
        return spans, pl.DataFrame(skipped, schema=schema, orient="row")

    def _judge(
        self,
        pairs: Sequence[StreamPair],
        found: Sequence[Evidence],
        compared: int,
        instruments: pl.DataFrame,
        end_ns: int | None,
    ) -> list[ArbitrageOpportunityScore]:
        """Say of every pair whether it is one coin, then whether it is viable."""
        rows = [
            {
                "asset": pair.coin.split("/")[0],
                "asset_b": pair.symbol_b.split("/")[0],
                "venue_a": pair.venue_a,
                "venue_b": pair.venue_b,
                "price_ratio": one.price_ratio * pair.units[0] / pair.units[1],
                "return_correlation": max(-1.0, min(1.0, one.price_correlation)),
            }
            for pair, one in zip(pairs, found, strict=True)
        ]
        schema = {"asset": pl.String, "asset_b": pl.String, "venue_a": pl.String, "venue_b": pl.String,
                  "price_ratio": pl.Float64, "return_correlation": pl.Float64}  # fmt: skip
        frame = pl.DataFrame(rows, schema=schema)
        networks = self.store.networks(end_ns)
        verdicts = identify_pairs(frame, networks, _listed(instruments, pairs), settings=self.settings.identity)
        told = verdicts.select("verdict", "ground", "reason").iter_rows()
        return [
            make_score(pair, one, self.settings, compared, Verdict(verdict), ground, why)
            for pair, one, (verdict, ground, why) in zip(pairs, found, told, strict=True)
        ]


def _listed(instruments: pl.DataFrame, pairs: Sequence[StreamPair]) -> pl.DataFrame:
    """Return what is listed with its contracts; a venue whose quotes are there lists the coin, whoever says so."""
    streams = sorted({stream for pair in pairs for stream in pair.streams})
    quoted = pl.DataFrame(
        {"venue": [venue for venue, _ in streams], "base": [symbol.split("/")[0] for _, symbol in streams]},
        schema={"venue": pl.String, "base": pl.String},
    ).with_columns(pl.lit(None, pl.String).alias("contract_address"))
    return pl.concat([instruments.select("venue", "base", "contract_address"), quoted])
