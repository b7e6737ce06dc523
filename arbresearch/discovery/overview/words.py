"""What an overview says, in words."""

from __future__ import annotations

from math import isnan
from typing import Literal

import polars as pl

from arbresearch.discovery.overview.overview import Overview

__all__ = ["describe", "seconds_text", "status_of", "verdict"]


def verdict(overview: Overview) -> str:
    """Return one sentence with numbers: how many pairs have an edge, and the best of them."""
    best = overview.pairs.row(0, named=True)
    count, what = overview.pairs.height, _what(overview)
    ever = int((overview.pairs["episodes"] > 0).sum())
    if not ever:
        return (
            f"None of {_pairs(count)} ever had {what}; the nearest, {best['pair']}, came to "
            f"{_number(best['net_max_bps'])} bps net of fees ({_number(best['gross_max_bps'])} before)."
        )
    figures = (
        f"{_percent(best['share'])} of the time in {_episodes(best['episodes'])}, {_median(best['median_s'])}, "
        f"longest {seconds_text(best['longest_s'])}, at most {_number(best['peak_bps'])} bps"
    )
    aside = f" ({best['remark']})" if best["remark"] else ""
    if count == 1:
        return f"{best['pair']} had {what} {figures}{aside}."
    sound = int((overview.pairs["remark"] == "").sum())
    lead = f"{ever} of {_pairs(count)} had {what}, {sound} of them without a remark"
    return f"{lead}; most often {best['pair']}: {figures}{aside}."


def status_of(overview: Overview) -> Literal["ok", "warn", "no"]:
    """Return ``ok`` where a pair with an edge has no remark, ``warn`` where all do, ``no`` where none has an edge."""
    if not bool((overview.pairs["episodes"] > 0).any()):
        return "no"
    return "ok" if bool((overview.pairs["remark"] == "").any()) else "warn"


def describe(overview: Overview) -> str:
    """Return a few sentences in Markdown about the best pair and about all of them together."""
    best = overview.pairs.row(0, named=True)
    left = (
        ""
        if overview.settings.basis == "gross"
        else f"; {_what(overview)} is left {_percent(best['share'])} of the time"
    )
    span = f"{seconds_text(3600.0 * best['hours'])} with both books, {best['updates']:,} updates of either"
    first = (
        f"**{best['pair']}**, {span}. Before fees, the better direction is above zero "
        f"{_percent(best['gross_share'])} of the time: {_number(best['gross_mean_bps'])} bps on average, "
        f"{_number(best['gross_p99_bps'])} at the 99th percentile, {_number(best['gross_max_bps'])} at most. "
        f"Taking on both sides costs {best['fees_bps']:.3g} bps{left}."
    )
    return "\n\n".join([first, *_lifetimes(overview), *_leader(overview), *_together(overview)])


def _lifetimes(overview: Overview) -> list[str]:
    best = overview.pairs.row(0, named=True)
    if not best["episodes"]:
        return []
    alive, latency = best["alive_share"], seconds_text(overview.settings.latency_s)
    after = "" if isnan(alive) else f" {_percent(alive)} of them are still open {latency} later."
    number = f"**{_episodes(best['episodes'])}** ({best['episodes_per_hour']:.3g} an hour)"
    shown = f"At its start, the middle one shows {best['median_quote']:,.0f} (quote currency) at the best prices."
    lengths = f"{_median(best['median_s'])}, the longest {seconds_text(best['longest_s'])}"
    return [f"That time is {number}, {lengths}.{after} {shown}"]


def _leader(overview: Overview) -> list[str]:
    """Return who moves first, where one step to one side says clearly more than one to the other."""
    best, step = overview.pairs.row(0, named=True), overview.settings.lag_step_s
    near = overview.lags.filter(pl.col("lag_s").abs() <= 1.5 * step).sort("lag_s")
    before, now, after = near["correlation"].to_list()
    error = 1.0 / max(1, int(near["steps"].min())) ** 0.5  # type: ignore[arg-type]
    larger, smaller = max(after, before), min(after, before)
    if not (larger > 4.0 * error and larger - abs(smaller) > 4.0 * error):
        return []
    ends = [best["venue_a"], best["venue_b"]] if best["venue_a"] != best["venue_b"] else ["spot", "the perpetual"]
    leader, follower = ends if after > before else ends[::-1]
    same = f"returns over {seconds_text(step)} have a correlation of {now:.2f}"
    later = f"those of {follower} one step later still {larger:.2f}, those one step before {smaller:.2f}"
    return [f"**{leader} moves first.** {same.capitalize()}; {later}."]


def _together(overview: Overview) -> list[str]:
    lines = []
    if overview.pairs.height > 1:
        ever = overview.pairs.filter(pl.col("episodes") > 0)
        often, sound = int((ever["share"] > 0.01).sum()), int((ever["remark"] == "").sum())
        lines.append(
            f"Of {_pairs(overview.pairs.height)}, {ever.height:,} ever had {_what(overview)}, {often:,} for more than "
            f"1 % of the time, {sound:,} without a remark."
        )
    if overview.skipped.height:
        lines.append(
            f"{_pairs(overview.skipped.height).capitalize()} could not be measured: {overview.skipped['reason'][0]}."
        )
    return lines


def _what(overview: Overview) -> str:
    chosen = overview.settings
    above = "above zero" if chosen.threshold_bps == 0 else f"above {chosen.threshold_bps:g} bps"
    return f"a {chosen.basis} edge {above}"


def _pairs(count: int) -> str:
    return "one pair" if count == 1 else f"{count:,} pairs"


def _episodes(count: int) -> str:
    return "one episode" if count == 1 else f"{count:,} episodes"


def _median(seconds: float) -> str:
    return "more than half of them not seen to end" if isnan(seconds) else f"median {seconds_text(seconds)}"


def _percent(share: float) -> str:
    if isnan(share):
        return "an unknown share"
    percent = 100.0 * share
    if 0 < percent < 0.01:
        return "under 0.01 %"
    return f"{percent:.2g} %" if percent < 1 else f"{percent:.1f} %"


def _number(value: float) -> str:
    return f"{value:,.1f}".replace("-", "−")


def seconds_text(seconds: float) -> str:
    """Write a duration in the unit that suits it."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"
