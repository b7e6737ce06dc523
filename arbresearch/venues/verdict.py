"""The words of a verdict on a coin: what was found, what it rests on, and when prices count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from arbresearch.core import ParameterError, expected
from arbresearch.venues.evidence import Evidence

__all__ = ["Ground", "Identity", "IdentitySettings", "Verdict"]


class Verdict(StrEnum):
    """Whether two venues list the same coin. Only ``verified`` pairs may ever be called viable."""

    VERIFIED = "verified"
    DIFFERENT = "different"
    UNVERIFIED = "unverified"


class Ground(StrEnum):
    """What a verdict rests on, strongest first.

    ``contract``: contract addresses; ``native``: the native coin of a common network, which has no contract; ``price``:
    equal tickers, prices and returns, the weakest of the three; ``none``: nothing that decides.
    """

    CONTRACT = "contract"
    NATIVE = "native"
    PRICE = "price"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySettings:
    """When prices are held to agree, and when to contradict.

    Parameters
    ----------
    max_price_gap_bps
        Prices of one coin further apart than this do not verify it.
    min_return_correlation
        Nor does a correlation of returns below this.
    absurd_ratio
        Prices apart by more than this factor, either way, contradict even an equal contract: the units differ, or
        what is published is wrong.
    accept_native
        Whether the native coin of a common network, without contract on both sides, verifies.

    Raises
    ------
    ParameterError
        If a value is out of its range.
    """

    max_price_gap_bps: float = 200.0
    min_return_correlation: float = 0.6
    absurd_ratio: float = 1.5
    accept_native: bool = True

    def __post_init__(self) -> None:
        """Refuse values that could not be meant."""
        ranges = {"max_price_gap_bps": (0.0, 5_000.0), "min_return_correlation": (0.0, 1.0), "absurd_ratio": (1.0, 1e6)}
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if not least < value <= most:
                raise ParameterError(expected(name, f"above {least:g}, at most {most:g}", value))


@dataclass(frozen=True, slots=True)
class Identity:
    """A verdict on one coin on two venues, and what it rests on.

    Parameters
    ----------
    asset_a, venue_a, asset_b, venue_b
        The tickers and where they are listed.
    verdict, ground, reason
        The verdict, what decided it, and one sentence.
    evidence
        What each common network says, sorted by network; also what did not decide.
    coin_price_ratio
        Price of A over B a coin (multiples such as 1000PEPE reduced to one); None where not known.
    return_correlation
        As given; None where not known.
    """

    asset_a: str
    venue_a: str
    asset_b: str
    venue_b: str
    verdict: Verdict
    ground: Ground
    reason: str
    evidence: tuple[Evidence, ...]
    coin_price_ratio: float | None
    return_correlation: float | None

    @property
    def verified(self) -> bool:
        """Return whether the coin is the same, on whatever ground."""
        return self.verdict is Verdict.VERIFIED
