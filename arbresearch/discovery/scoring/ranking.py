"""The ranking of all candidates: frames for tables and charts, and the score of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.scoring.evidence import Evidence
from arbresearch.discovery.scoring.score import ArbitrageOpportunityScore

__all__ = ["Ranking", "make_ranking"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """What :meth:`SpotArbitrageCandidateFinder.rank` found.

    Parameters
    ----------
    settings
        What was assumed and asked for.
    candidates
        How many pairs were compared; every lower bound holds together with all others.
    scores
        A row a pair, viable ones first, then by score, mean and gross episodes: rank (from 1), the fields of
        :class:`ArbitrageOpportunityScore`, and legacy_rank (null where the old formula gives nothing).
    latency
        pair, latency_s, mean_bps_day (on capital) and survival (share of net episodes still above the entry).
    capacity
        pair, notional_quote, profit_quote_day (without limits of inventory) and marginal_bps (what one more unit of
        notional an episode brings).
    blocks
        pair, start_ns, covered_s and profit_bps_day (bps of capital at that pace for a day; NaN where it does not
        count).
    skipped
        pair, reason and detail of those that could not be measured.
    """

    settings: ScoreSettings
    candidates: int
    scores: pl.DataFrame
    latency: pl.DataFrame
    capacity: pl.DataFrame
    blocks: pl.DataFrame
    skipped: pl.DataFrame

    def __len__(self) -> int:
        """Return how many pairs are ranked."""
        return self.scores.height

    def __iter__(self) -> Iterator[ArbitrageOpportunityScore]:
        """Yield the scores, best first."""
        for values in self.scores.iter_rows(named=True):
            yield _score(values)

    @property
    def viable(self) -> pl.DataFrame:
        """Return the rows of viable pairs."""
        return self.scores.filter("viable")

    def score(self, pair: str) -> ArbitrageOpportunityScore:
        """Return the score of a pair by its name; :class:`BadInput` when it is not in the ranking."""
        rows = self.scores.filter(pl.col("pair") == pair)
        if not rows.height:
            raise BadInput(expected("pair", "one of the ranking", repr(pair)))
        return _score(rows.row(0, named=True))


_FIELDS = tuple(ArbitrageOpportunityScore.__dataclass_fields__)
_TYPES: dict[str, Any] = {"str": pl.String, "float": pl.Float64, "int": pl.Int64, "bool": pl.Boolean}


def _score(values: Mapping[str, Any]) -> ArbitrageOpportunityScore:
    return ArbitrageOpportunityScore(**{name: values[name] for name in _FIELDS})


def make_ranking(
    scores: Sequence[ArbitrageOpportunityScore],
    found: Sequence[Evidence],
    skipped: pl.DataFrame,
    settings: ScoreSettings,
    candidates: int,
) -> Ranking:
    """Put scores and the evidence they rest on into order."""
    types = {name: _TYPES[str(field.type)] for name, field in ArbitrageOpportunityScore.__dataclass_fields__.items()}
    rows = [{name: getattr(one, name) for name in _FIELDS} for one in scores]
    table = pl.DataFrame(rows, schema=types).with_columns(pl.Series("legacy_rank", _legacy_ranks(scores), pl.Int64))
    order = [
        ~pl.col("viable"),
        *(-pl.col(name).fill_nan(-np.inf) for name in ("final_score", "mean_bps_day")),
        -pl.col("raw_episodes"),
        pl.col("pair"),
    ]
    ranked = (
        table.sort(order, maintain_order=True).with_row_index("rank", 1).with_columns(pl.col("rank").cast(pl.Int64))
    )
    place = {name: rank for rank, name in enumerate(ranked["pair"])}
    ordered = sorted(zip(scores, found, strict=True), key=lambda both: place[both[0].pair])
    return Ranking(
        settings,
        candidates,
        ranked,
        _rows(ordered, "latencies", ("latency_s", "mean_bps_day", "survival")),
        _rows(ordered, "sizes", ("notional_quote", "profit_quote_day", "marginal_bps")),
        _blocks(ordered),
        skipped,
    )


def _legacy_ranks(scores: Sequence[ArbitrageOpportunityScore]) -> list[int | None]:
    values = pl.Series([one.legacy_score for one in scores], dtype=pl.Float64).fill_nan(None)
    return values.rank("min", descending=True).to_list()


def _rows(
    ordered: Sequence[tuple[ArbitrageOpportunityScore, Evidence]], field: str, names: tuple[str, ...]
) -> pl.DataFrame:
    rows = [(score.pair, *row) for score, one in ordered for row in getattr(one, field)]
    return pl.DataFrame(rows, schema={"pair": pl.String, **dict.fromkeys(names, pl.Float64)}, orient="row")


def _blocks(ordered: Sequence[tuple[ArbitrageOpportunityScore, Evidence]]) -> pl.DataFrame:
    schema = {"pair": pl.String, "start_ns": pl.Int64, "covered_s": pl.Float64, "profit_bps_day": pl.Float64}
    if not ordered:
        return pl.DataFrame(schema=schema)
    names = pl.Series("pair", [score.pair for score, _ in ordered], pl.String)
    places = np.repeat(np.arange(len(ordered)), [one.start_ns.size for _, one in ordered])
    columns = {name: np.concatenate([getattr(one, name) for _, one in ordered]) for name in list(schema)[1:]}
    return pl.DataFrame([names.gather(places), *(pl.Series(name, values) for name, values in columns.items())])
