"""The program as a user types it: exit codes, standard output, standard error, JSON."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from arbresearch.cli import app
from arbresearch.core import BadInput, ParameterError
from arbresearch.store import TickStore
from tests.cli.program import arb

SMALL = ["--days", "1", "--symbols", "12", "--venues", "mexc,gate", "--quotes-per-day", "2000", "--seed", "3"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "store"
    result = CliRunner().invoke(app, ["sample", "--store", str(folder), *SMALL])
    assert result.exit_code == 0, result.output
    assert "quotes" in result.output
    return folder


def _json(*arguments: str) -> object:
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return orjson.loads(result.stdout)


def test_the_same_sample_again_adds_nothing(made: Path) -> None:
    with TickStore(made) as ticks:
        before = ticks.digest()
    result = CliRunner().invoke(app, ["sample", "--store", str(made), *SMALL])
    assert "nothing added" in result.output
    with TickStore(made) as ticks:
        assert ticks.digest() == before


def test_coverage_counts_every_row(made: Path) -> None:
    listed = _json("coverage", "--store", str(made), "--table", "quotes")
    with TickStore(made) as ticks:
        counted = ticks.sql("select count(*) n from quotes")["n"][0]
    assert isinstance(listed, list)
    assert sum(row["rows"] for row in listed) == counted


def test_sql_prints_rows(made: Path) -> None:
    rows = _json("sql", "select venue, count(*) n from quotes group by all order by all", "--store", str(made))
    assert isinstance(rows, list)
    assert [row["venue"] for row in rows] == ["gate", "mexc"]
    shown = CliRunner().invoke(app, ["sql", "select 1.5 as x", "--store", str(made)])
    assert "1.5" in shown.stdout


def test_check_gives_a_verdict_for_each_stream(made: Path) -> None:
    found = _json("check", "--store", str(made))
    assert isinstance(found, dict)
    with TickStore(made) as ticks:
        streams = ticks.coverage().filter(ticks.coverage()["table"].is_in(["quotes", "trades", "depth"])).height
    assert found["counts"]["streams"] == streams
    assert {row["verdict"] for row in found["streams"]} <= {"good", "usable", "bad"}


def test_compact_leaves_the_data_as_it_was(made: Path) -> None:
    with TickStore(made) as ticks:
        before = ticks.digest()
    done = _json("compact", "--store", str(made), "--grace", "0")
    assert isinstance(done, dict)
    with TickStore(made) as ticks:
        assert ticks.digest() == before


def test_import_list_names_formats_and_mappings() -> None:
    formats = _json("import", "--list")
    assert isinstance(formats, list)
    assert {"binance-raw", "csv", "parquet", "tardis", "binance-public", "crypto-lake", "instruments", "networks"} <= {
        one["name"] for one in formats
    }
    assert "--mapping" in CliRunner().invoke(app, ["import", "--list"]).stdout


def test_import_counts_and_does_not_repeat(tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'doc = "four columns"\nformat = "csv"\nvenue = "mexc"\n[recv]\ncolumn = "t"\nunit = "ms"\n'
        '[symbol]\nconstant = "A/USDT"\n'
        '[tables.quotes.columns]\nbid = "b"\nbid_size = "bs"\nask = "a"\nask_size = "as"\n'
    )
    data = tmp_path / "d.csv"
    data.write_text("t,b,bs,a,as\n1700000000000,1,2,3,4\n1700000001000,-1,2,3,4\n")
    arguments = ["import", "csv", str(data), "--store", str(tmp_path / "s"), "--mapping", str(mapping)]
    first = _json(*arguments)
    assert isinstance(first, dict)
    assert first["accepted"] == {"quotes": 1}
    assert first["rejected"] == {"price_not_positive": 1}
    second = CliRunner().invoke(app, arguments)
    assert "nothing added" in second.output


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["coverage", "--store", "none"], BadInput, "an existing store"),
        (["sample", "--store", "s", "--days", "0"], ParameterError, "days: expected a whole number from 1"),
        (["import"], BadInput, "FORMAT PATH"),
        (["import", "cvs", "x", "--store", "s"], BadInput, "cvs"),
    ],
)
def test_bad_input_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], kind: type[Exception], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, kind)
    assert message in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, "arbresearch "),
        (["coverage", "--store", "nowhere"], 2, "error: BadInput: store: expected an existing store"),
        (["coverage", "--nonsense"], 2, "No such option"),
    ],
)
def test_exit_codes_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = arb(monkeypatch, capsys, *arguments)
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_a_command_that_fails_exits_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "store.json").write_text('{"format": 99}')
    monkeypatch.setenv("ARB_STORE", "store")
    done = arb(monkeypatch, capsys, "doctor", "--json")
    assert done.returncode == 1
    assert any(one["state"] == "fail" for one in orjson.loads(done.stdout))


def test_logs_are_json_on_standard_error_when_asked_for(tmp_path: Path) -> None:
    """The installed program, in a process of its own."""
    program = Path(sys.executable).with_name("arb")
    environment = _environment(ARB_LOG_LEVEL="info", ARB_LOG_FORMAT="json")
    done = subprocess.run(
        [program, "coverage", "--store", "none"], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    record = orjson.loads(done.stderr.splitlines()[-1])
    assert (record["event"], record["exit_code"], record["level"]) == ("command ended", 2, "info")
    assert (done.returncode, done.stdout) == (2, "")


def _environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ARB_")}
    return {**plain, "COLUMNS": "200", **more}
