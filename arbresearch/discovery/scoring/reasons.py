"""Why a pair is refused: one named reason, the first of the funnel at which it fails."""

from __future__ import annotations

from enum import StrEnum
from math import isnan
from typing import Final

from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.scoring.evidence import Evidence
from arbresearch.venues import Verdict

__all__ = ["Reason", "refusal"]


_MOSTLY: Final = 0.5
"""From this share on, something is said of the whole: of time against a standing book, of profit in one episode."""


class Reason(StrEnum):
    """What speaks against a pair, in the order in which it is asked."""

    NO_QUOTES = "no_quotes"
    NO_OVERLAP = "no_overlap"
    DIFFERENT_COIN = "different_coin"
    UNVERIFIED_COIN = "unverified_coin"
    TOO_FEW_BLOCKS = "too_few_blocks"
    FROZEN_BOOK = "frozen_book"
    NEVER_CROSSES = "never_crosses"
    ISOLATED_PRINT = "isolated_print"
    FEES = "fees"
    THIN = "thin"
    LATENCY = "latency"
    ONE_WAY = "one_way"
    TOO_FEW_EPISODES = "too_few_episodes"
    NOT_SIGNIFICANT = "not_significant"
    SHALLOW = "shallow"


def refusal(evidence: Evidence, verdict: Verdict, why: str, settings: ScoreSettings) -> tuple[Reason | None, str]:
    """Return why a pair is not viable, by key and in words; None and an empty text where it is.

    Parameters
    ----------
    evidence
        What was measured.
    verdict, why
        Whether the coin is the same on both venues, and what that rests on.
    settings
        The limits.
    """
    if verdict is Verdict.DIFFERENT:
        return Reason.DIFFERENT_COIN, why
    if verdict is not Verdict.VERIFIED:
        return Reason.UNVERIFIED_COIN, why
    if evidence.blocks < settings.min_blocks:
        found = f"{evidence.blocks} blocks with both books, {settings.min_blocks} are wanted"
        return Reason.TOO_FEW_BLOCKS, found
    doubt = _doubt(evidence, settings)
    if doubt is not None:
        return doubt
    if evidence.liquidity_depth_score < settings.min_depth_score:
        share = f"{100.0 * evidence.liquidity_depth_score:.0f} %"
        return Reason.SHALLOW, f"the books hold only {share} of an order within half the edge"
    return None, ""


def _doubt(found: Evidence, settings: ScoreSettings) -> tuple[Reason, str] | None:
    """Return the first stage of the funnel at which a pair without a positive bound failed; None with one."""
    if found.final_score > 0.0:
        return None
    enough, net = settings.min_episodes, found.net_episodes
    if found.standing_share > _MOSTLY:
        share = f"{100.0 * found.standing_share:.0f} % of the time with a net edge"
        return Reason.FROZEN_BOOK, f"{share} is against a book that stands still or is silent"
    if found.raw_episodes == 0:
        return Reason.NEVER_CROSSES, "no bid of one venue is ever above the ask of the other"
    if net < enough:
        far_off = found.avg_spread_bps > found.gross_spread_bps - found.avg_spread_bps
        if net and found.best_share > _MOSTLY and found.best_spike and far_off:
            return Reason.ISOLATED_PRINT, f"one of {_count(net, 'net episode')} holds nearly all of the profit"
        edges = f"{_count(found.raw_episodes, 'episode')} before fees, {net} above {settings.entry_bps:g} bps after"
        return Reason.FEES, edges
    if found.sized_episodes < enough:
        return Reason.THIN, f"{found.sized_episodes} of {net} episodes show as much as the smallest order"
    if found.alive_episodes < enough or (
        found.mean_bps_day <= 0.0 and found.decided_bps_day > 0.0 >= found.met_bps_day
    ):
        share = f"{100.0 * found.alive_episodes / found.sized_episodes:.0f} %"
        return Reason.LATENCY, f"{share} still pay after {1e3 * found.latency_s:.0f} ms"
    drained = found.executed_episodes < _MOSTLY * found.alive_episodes or found.mean_bps_day <= 0.0
    if found.one_way_share > settings.one_way_share and drained:
        share = f"{100.0 * found.one_way_share:.0f} % of the edge has one direction"
        moved = "coin cannot be moved back" if isnan(found.transfer_viability_score) else "moving coin back costs more"
        return Reason.ONE_WAY, f"{share} and {moved}: {found.executed_episodes} of {net} episodes could be acted on"
    if found.executed_episodes < enough:
        return Reason.TOO_FEW_EPISODES, f"{found.executed_episodes} executed episodes, {enough} are wanted"
    if isnan(found.final_score):
        return Reason.TOO_FEW_BLOCKS, "no lower bound can be given"
    mean = f"{found.mean_bps_day:.3g} bps a day"
    return Reason.NOT_SIGNIFICANT, f"mean {mean}, but at least only {found.final_score:.3g} at the confidence asked for"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" + ("" if number == 1 else "s")
