"""A verdict on a stream, and the reasons for it in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import isnan
from typing import Any

from arbresearch.store.quality.settings import QualitySettings

__all__ = ["Verdict", "duration_text", "judge"]


class Verdict(StrEnum):
    """What a stream may be used for: anything; with the care its reasons name; nothing that counts."""

    GOOD = "good"
    USABLE = "usable"
    BAD = "bad"


_ORDER = (Verdict.GOOD, Verdict.USABLE, Verdict.BAD)


def judge(figures: Mapping[str, Any], settings: QualitySettings) -> tuple[Verdict, list[str]]:
    """Judge a stream by its figures (the columns of :attr:`QualityReport.streams`).

    Returns
    -------
    tuple
        The worst verdict that any figure gives, and a clause for each figure past its limit, worst first; what is
        worth knowing where none is.
    """
    rows = int(figures["rows"])
    if rows < settings.min_rows:
        return Verdict.BAD, [f"only {rows:,} rows, of at least {settings.min_rows:,}"]
    found = [*_times(figures, settings), *_states(figures, settings), *_clocks(figures, settings)]
    found.sort(key=lambda one: -_ORDER.index(one[0]))
    worst = found[0][0] if found else Verdict.GOOD
    return worst, [words for _, words in found] or _remarks(figures)


def _remarks(figures: Mapping[str, Any]) -> list[str]:
    """Return what is worth knowing of a stream without a fault."""
    shared, far = figures["shared_prints"], f"{figures['furthest_shared_bps']:,.0f} bps"
    if not shared:
        return ["no fault found"]
    words = "one price that jumped" if shared == 1 else f"{shared:,} prices that jumped up to"
    return ["no fault found", f"{words} {far} and came back: a move of the market, seen elsewhere too"]


def _level(share: float, usable: float, bad: float) -> Verdict:
    return Verdict.BAD if share > bad else Verdict.USABLE if share > usable else Verdict.GOOD


def _times(figures: Mapping[str, Any], chosen: QualitySettings) -> list[tuple[Verdict, str]]:
    found: list[tuple[Verdict, str]] = []
    covered, gaps = figures["covered_share"], figures["gaps"]
    level = _level(1.0 - covered, 1.0 - chosen.covered_usable, 1.0 - chosen.covered_bad)
    if level is not Verdict.GOOD:
        longest = duration_text(figures["longest_gap_s"])
        words = f"one gap of {longest}" if gaps == 1 else f"{gaps:,} gaps, the longest {longest}"
        found.append((level, f"{words}: {_percent(covered)} of the time is covered"))
    stale = figures["stale_share"]
    level = _level(stale, chosen.stale_usable, chosen.stale_bad) if figures["stale_spans"] else Verdict.GOOD
    if level is not Verdict.GOOD:
        longest, spans = duration_text(figures["longest_stale_s"]), figures["stale_spans"]
        words = f"stood still for {longest}" if spans == 1 else f"stood still {spans:,} times, up to {longest}"
        found.append((level, f"{words}, while its neighbours moved ({_percent(stale)} of the time)"))
    return found


def _states(figures: Mapping[str, Any], chosen: QualitySettings) -> list[tuple[Verdict, str]]:
    found: list[tuple[Verdict, str]] = []
    for name, words in (("crossed", "bid above ask"), ("locked", "bid equal to ask"), ("one_sided", "a side empty")):
        share = figures[f"{name}_time_share"]
        if share is not None:
            level = _level(share, getattr(chosen, f"{name}_usable"), getattr(chosen, f"{name}_bad"))
            if level is not Verdict.GOOD:
                found.append((level, f"{words} in {figures[f'{name}_rows']:,} rows ({_percent(share)} of the time)"))
    lone = figures["lone_prints"]
    level = _level(lone / figures["rows"], chosen.prints_usable, chosen.prints_bad)
    if level is not Verdict.GOOD:
        far = f"{figures['furthest_lone_bps']:,.0f} bps"
        words = f"a lone price {far} away" if lone == 1 else f"{lone:,} lone prices, up to {far} away"
        found.append((level, f"{words}, confirmed by no other venue"))
    share = figures["duplicate_rows"] / figures["rows"]
    level = _level(share, chosen.duplicate_usable, chosen.duplicate_bad)
    if level is not Verdict.GOOD:
        found.append((level, f"{figures['duplicate_rows']:,} duplicate rows ({_percent(share)})"))
    return found


def _clocks(figures: Mapping[str, Any], chosen: QualitySettings) -> list[tuple[Verdict, str]]:
    if not figures["event_share"]:
        return []
    found: list[tuple[Verdict, str]] = []
    if figures["negative_share"] > chosen.negative_usable:
        behind = duration_text(figures["clock_behind_s"])
        if figures["negative_share"] > 0.5:
            words = f"the local clock runs {behind} behind the exchange's"
        else:
            words = "clock or time stamps unsteady"
        early = _percent(figures["negative_share"])
        found.append((Verdict.USABLE, f"{words}: {early} of rows arrive before they happen"))
    late_s = figures["offset_p99_ms"] / 1e3
    if late_s > chosen.delay_usable_s:
        found.append((Verdict.USABLE, f"one row in a hundred is over {duration_text(late_s)} late"))
    drift, low, high = (figures[name] for name in ("drift_ppm", "drift_low_ppm", "drift_high_ppm"))
    if not isnan(drift) and abs(drift) > chosen.drift_usable_ppm and low * high > 0:
        found.append((Verdict.USABLE, f"the clocks drift by {drift:+.0f} ppm ({low:+.0f} to {high:+.0f})"))
    share = figures["unordered_rows"] / figures["rows"]
    if share > chosen.unordered_usable:
        found.append((Verdict.USABLE, f"{_percent(share)} of rows carry an event time before that of an earlier row"))
    return found


def _percent(share: float) -> str:
    percent = 100.0 * share
    if 0.0 < percent < 0.01:
        return "under 0.01 %"
    if 99.99 < percent < 100.0:
        return "over 99.99 %"
    return f"{percent:.2f} %" if percent < 1.0 or percent > 99.0 else f"{percent:.1f} %"


def duration_text(seconds: float) -> str:
    """Write a duration in the unit that suits it: ``187 ms``, ``1.27 s``, ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    for size, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
