"""What the parameters of several notebooks share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from arbresearch.core import ArbError, FeeSchedule, parse_ns
from arbresearch.settings import load_settings
from arbresearch.store import TickStore

__all__ = ["Bps", "NotebookParams", "PairParams", "Seconds"]

Seconds = Annotated[float, Field(ge=0, le=86_400 * 365)]
Bps = Annotated[float, Field(ge=-10_000, le=10_000, allow_inf_nan=False)]


class NotebookParams(BaseModel):
    """What every notebook that reads a store has.

    Parameters
    ----------
    store
        Folder of the tick store; empty: the setting ``store`` (``ARB_STORE``, else ``data/store``).
    symbols, start, end
        See the models below. Where a list of texts is wanted, one text will do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = ""
    symbols: list[str] = []
    start: str | None = None
    end: str | None = None

    @field_validator("symbols", "venues", "venue_pairs", "quote_groups", mode="before", check_fields=False)
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) and value else value

    @field_validator("start", "end")
    @classmethod
    def _moment(cls, value: str | None) -> str | None:
        try:
            return value if value is None or parse_ns(value) else None
        except ArbError as error:
            raise ValueError(str(error)) from None

    def open_store(self) -> TickStore:
        """Open the store; a relative folder is looked for here, then one up, for Jupyter starts in the notebook's.

        Raises
        ------
        BadInput
            If there is none.
        """
        path = Path(self.store) if self.store else load_settings().store
        above = Path("..") / path
        return TickStore(above if not path.exists() and above.exists() else path, create=False)


class PairParams(NotebookParams):
    """What every notebook that holds two streams against each other has; see the models below."""

    venue_pairs: list[str] = []
    markets: Literal["same", "any"] = "same"
    fees_bps: dict[str, Annotated[float, Field(ge=-100, le=500)]] = {}

    def own_fees(self) -> dict[str, FeeSchedule]:
        """Return the fees of one's own account from the settings, by venue."""
        return {venue: fees.schedule() for venue, fees in load_settings().fees.items()}
