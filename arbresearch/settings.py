"""Settings: defaults, then ``arbresearch.toml`` in the working folder, then ``ARB_*`` in the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from arbresearch.core import FeeSchedule, SettingsError, expected

__all__ = ["SETTINGS_FILE", "FeeSettings", "Settings", "load_settings"]

SETTINGS_FILE: Final = "arbresearch.toml"
_INTERNAL: Final = frozenset({"ARB_RESULT_PATH", "ARB_FIGURES", "ARB_SETTINGS_FILE", "ARB_CHROMIUM"})
"""Variables that one part of the package sets for another; not settings."""


class FeeSettings(BaseModel):
    """Fees of your account on one venue, in basis points of notional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    maker_bps: Annotated[float, Field(ge=-100, le=500)]
    taker_bps: Annotated[float, Field(ge=-100, le=500)]
    tier: str = "account"

    def schedule(self) -> FeeSchedule:
        """Return the schedule as fractions."""
        return FeeSchedule.from_bps(self.maker_bps, self.taker_bps, self.tier)


class Settings(BaseSettings):
    """What holds for every command unless its options say otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="ARB_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    store: Path = Path("data/store")
    """Root of the tick store."""
    reports: Path = Path("reports")
    """Where runs are published."""
    workers: Annotated[int, Field(ge=1, le=256)] = min(4, os.cpu_count() or 1)
    """Processes that a pipeline may use at once."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    log_format: Literal["console", "json"] = "console"
    fees: dict[str, FeeSettings] = {}
    """Your own fees by venue; they take precedence over the published ones of the instruments table."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the settings file."""
        del dotenv_settings, file_secret_settings
        path = Path(os.environ.get("ARB_SETTINGS_FILE", SETTINGS_FILE))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=path)


def load_settings() -> Settings:
    """Return the settings in force.

    Raises
    ------
    SettingsError
        Naming the variable or key that is unknown or malformed, and where it came from.
    """
    known = set(Settings.model_fields)
    for name in os.environ:
        field = name.removeprefix("ARB_").lower().split("__")[0]
        if name.startswith("ARB_") and name not in _INTERNAL and field not in known:
            allowed = ", ".join(f"ARB_{one.upper()}" for one in sorted(known))
            raise SettingsError(expected(f"environment variable {name}", f"one of {allowed}", "unknown", "unset it"))
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            expected(
                f"setting {key}", first["msg"], repr(first.get("input")), f"see {SETTINGS_FILE} and ARB_* variables"
            )
        ) from error
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{os.environ.get('ARB_SETTINGS_FILE', SETTINGS_FILE)}: not readable as TOML: {error}"
        ) from error
