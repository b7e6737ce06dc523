"""Parameters: known names, right types, no secrets; read from a command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from arbresearch.core import ParameterError
from arbresearch.pipeline import check_cell, parameters_cell, parse_assignments, validate_parameters
from tests.pipeline.kit import QuickParams, write_notebook


class Rich(BaseModel):
    """Parameters of several types."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    venues: tuple[str, ...] = ("mexc", "gate")
    threshold_bps: float = Field(default=5.0, ge=0)
    rows: int | None = None
    strict: bool = True


def test_defaults_are_filled_in_as_json() -> None:
    checked = validate_parameters({"symbol": "A/B", "rows": 3}, model=Rich, what="10_discovery")
    assert checked == {"symbol": "A/B", "venues": ["mexc", "gate"], "threshold_bps": 5.0, "rows": 3, "strict": True}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"symbl": "A/B"}, "10_discovery, parameter: expected one of symbol, .*, was 'symbl'; did you mean 'symbol'?"),
        ({"zzz": 1}, "was 'zzz'$"),
        ({"symbol": 5}, "symbol: Input should be a valid string .found 5."),
        ({"symbol": "x", "threshold_bps": "five"}, "threshold_bps: .*valid number.* .found 'five'."),
        ({"symbol": "x", "threshold_bps": -1}, "greater than or equal to 0"),
        ({}, "symbol: Field required"),
    ],
)
def test_wrong_parameters_are_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        validate_parameters(given, model=Rich, what="10_discovery")


@pytest.mark.parametrize(
    "name", ["api_key", "secret", "MEXC_SECRET", "password", "access_token", "key", "apikey", "credentials"]
)
def test_secrets_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="give secrets in the environment"):
        validate_parameters({name: "x"}, defaults={name: "y"}, what="n")


@pytest.mark.parametrize("name", ["keep", "monkey", "secretary", "tokenise"])
def test_harmless_names_are_not_secrets(name: str) -> None:
    assert validate_parameters({name: 1}, defaults={name: 2}, what="n") == {name: 1}


def test_without_a_model_types_follow_the_cell() -> None:
    defaults = {"threshold_bps": 5.0, "rows": 3, "symbols": ["a"], "start": None, "strict": True}
    checked = validate_parameters({"threshold_bps": 4, "start": "2025-01-01"}, defaults=defaults, what="n")
    assert checked == {**defaults, "threshold_bps": 4, "start": "2025-01-01"}
    for name, value, words in (
        ("threshold_bps", "4", "a number such as 5.0, was '4' .str."),
        ("rows", True, "a whole number such as 3, was True .bool."),
        ("rows", 3.5, "a whole number such as 3, was 3.5 .float."),
        ("symbols", "a", "a list such as"),
    ):
        with pytest.raises(ParameterError, match=f"n, parameter '{name}': expected {words}"):
            validate_parameters({name: value}, defaults=defaults, what="n")


def test_cell_is_read(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", parameters="a = 1  # rows\nb: list = ['x', -2.5]\nc = None")
    assert parameters_cell(path) == {"a": 1, "b": ["x", -2.5], "c": None}


@pytest.mark.parametrize("source", ["a = f()", "import os", "a = b = 1", "a += 1", "a: int"])
def test_cell_holds_plain_values_only(tmp_path: Path, source: str) -> None:
    path = write_notebook(tmp_path / "n.ipynb", parameters=source)
    with pytest.raises(ParameterError, match=r"n\.ipynb, parameters: expected assignments of plain values"):
        parameters_cell(path)


def test_cell_must_be_there(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb")
    path.write_text(path.read_text().replace('"parameters"', '"other"'))
    with pytest.raises(ParameterError, match="one code cell tagged 'parameters', was 0"):
        parameters_cell(path)
    path.write_text("not a notebook")
    with pytest.raises(ParameterError, match="a Jupyter notebook"):
        parameters_cell(path)


def test_cell_and_model_must_agree(tmp_path: Path) -> None:
    check_cell(write_notebook(tmp_path / "n.ipynb"), QuickParams)
    with pytest.raises(ParameterError, match=r"'threshold_bps': expected the model's default 5\.0, was 6\.0"):
        check_cell(write_notebook(tmp_path / "n.ipynb", parameters="threshold_bps = 6.0\nname = 'x'"), QuickParams)
    with pytest.raises(ParameterError, match="'name': expected in cell and model alike, was in the model only"):
        check_cell(write_notebook(tmp_path / "n.ipynb", parameters="threshold_bps = 5.0"), QuickParams)
    with pytest.raises(ParameterError, match="'rows': expected in cell and model alike, was in the cell only"):
        check_cell(write_notebook(tmp_path / "n.ipynb", parameters="threshold_bps=5.0\nname='x'\nrows=1"), QuickParams)


def test_assignments_are_read_by_type() -> None:
    texts = ["symbol=123", "venues=mexc, gate", "threshold_bps=2.5", "rows=null", "strict=false"]
    read = parse_assignments(texts, model=Rich)
    assert validate_parameters(read, model=Rich, what="n") == {
        "symbol": "123",
        "venues": ["mexc", "gate"],
        "threshold_bps": 2.5,
        "rows": None,
        "strict": False,
    }
    assert parse_assignments(['venues=["okx"]', "symbol=a=b"], model=Rich) == {"venues": ("okx",), "symbol": "a=b"}
    assert parse_assignments(["rows=4", "name=5"], defaults={"rows": 1, "name": "x"}) == {"rows": 4, "name": "5"}
    assert parse_assignments(["other=[1]", "text=a,b", "n=4"]) == {"other": [1], "text": "a,b", "n": 4}


def test_unreadable_assignments_reach_the_model() -> None:
    read = parse_assignments(["symbol=x", "threshold_bps=five"], model=Rich)
    with pytest.raises(ParameterError, match="threshold_bps"):
        validate_parameters(read, model=Rich, what="n")
    with pytest.raises(ParameterError, match="expected name=value, was 'symbol'"):
        parse_assignments(["symbol"], model=Rich)
    with pytest.raises(ParameterError, match="parameter 'a': expected one value, was several"):
        parse_assignments(["a=1", "a=2"])
