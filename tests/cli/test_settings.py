"""Settings: where they come from, which wins, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbresearch.core import SettingsError
from arbresearch.settings import load_settings


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("ARB_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_defaults_without_file_or_environment() -> None:
    settings = load_settings()
    assert settings.store == Path("data/store")
    assert settings.reports == Path("reports")
    assert settings.fees == {}


def test_file_is_read_and_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "arbresearch.toml").write_text(
        'store = "a"\nreports = "b"\n[fees.mexc]\nmaker_bps = 0\ntaker_bps = 5\n'
    )
    monkeypatch.setenv("ARB_STORE", "c")
    settings = load_settings()
    assert (settings.store, settings.reports) == (Path("c"), Path("b"))
    schedule = settings.fees["mexc"].schedule()
    assert (schedule.maker, schedule.taker, schedule.tier) == (0.0, 0.0005, "account")


def test_nested_fees_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_FEES", '{"gate": {"maker_bps": 10, "taker_bps": 20}}')
    assert load_settings().fees["gate"].schedule().taker == 0.002


def test_another_file_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "elsewhere.toml"
    other.write_text("workers = 3\n")
    monkeypatch.setenv("ARB_SETTINGS_FILE", str(other))
    assert load_settings().workers == 3


def test_unknown_variable_is_named_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_STROE", "x")
    with pytest.raises(SettingsError, match=r"ARB_STROE: expected one of .*ARB_STORE.*unset it"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stor = 1\n", r"setting stor: .*Extra inputs"),
        ("workers = 0\n", r"setting workers: .*greater than or equal to 1.*was 0"),
        ('[fees.mexc]\nmaker_bps = "x"\ntaker_bps = 1\n', r"setting fees\.mexc\.maker_bps: .*was 'x'"),
        ("workers = \n", r"not readable as TOML"),
    ],
)
def test_a_wrong_file_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "arbresearch.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings()
