"""What every notebook must look like: thin, tagged, stripped, and in step with the model of its parameters."""

from __future__ import annotations

import ast
import copy
import re
import tokenize
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbstripout import strip_output

from arbresearch.params import MODELS
from arbresearch.pipeline import check_cell
from tests.notebooks.reference import NOTEBOOKS, REFERENCE, tags

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

MOST_CODE_CELLS = 20
LONGEST_FUNCTION = 5
NETWORK = {"aiohttp", "ccxt", "httpx", "requests", "socket", "urllib", "websockets"}


def _read(path: Path) -> Any:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_question_comes_first_and_the_result_last(path: Path) -> None:
    notebook = _read(path)
    assert notebook.cells[0].cell_type == "markdown"
    assert re.match(r"# .+\?\n", notebook.cells[0].source)
    last = ast.parse(_code(notebook)[-1].source).body
    assert len(last) == 1
    assert isinstance(last[0], ast.Expr)
    assert ast.unparse(last[0].value).startswith("save_result(")
    assert "save_result(" not in "".join(cell.source for cell in _code(notebook)[:-1])


def test_parameters_are_tagged_commented_and_those_of_the_model(path: Path) -> None:
    cells = _code(_read(path))
    assert [("parameters" in tags(cell)) for cell in cells] == [True] + [False] * (len(cells) - 1)
    source = cells[0].source
    for line in source.splitlines():
        assert re.fullmatch(r"[a-z_]+ = .+  # .{10,}", line), line
    check_cell(path, MODELS[path.stem])


def test_every_parameter_reaches_the_model(path: Path) -> None:
    model = MODELS[path.stem]
    trees = [ast.parse(cell.source) for cell in _code(_read(path))]
    calls = [one for tree in trees for one in ast.walk(tree) if isinstance(one, ast.Call)]
    built = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == model.__name__]
    assert len(built) == 1
    assert not built[0].args
    assert {key.arg: ast.unparse(key.value) for key in built[0].keywords} == {name: name for name in model.model_fields}


def test_it_is_thin(path: Path) -> None:
    cells = _code(_read(path))
    assert len(cells) <= MOST_CODE_CELLS
    for cell in cells:
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.For | ast.While | ast.AsyncFor | ast.ClassDef | ast.comprehension), (
                cell.source
            )
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < LONGEST_FUNCTION
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [one.name for one in node.names] + [getattr(node, "module", None) or ""]
                assert not NETWORK & {name.split(".")[0] for name in names}


def test_it_names_no_place_on_a_disk(path: Path) -> None:
    for cell in _code(_read(path)):
        for token in tokenize.generate_tokens(StringIO(cell.source).readline):
            assert not (token.type == tokenize.STRING and re.match(r"""f?["'](/|~|[A-Z]:\\)""", token.string)), (
                token.string
            )


def test_it_is_stripped_but_for_reference_cells(path: Path) -> None:
    notebook = _read(path)
    stripped = strip_output(copy.deepcopy(notebook), keep_output=False, keep_count=True, keep_id=True)
    assert stripped == notebook
    assert "papermill" not in notebook.metadata
    references = [cell for cell in _code(notebook) if REFERENCE in tags(cell)]
    assert 1 <= len(references) <= 2
    for cell in _code(notebook):
        assert (cell.execution_count is not None) == (cell in references)
        assert ("keep_output" in tags(cell)) == (cell in references)
        assert bool(cell.outputs) == (cell in references)
        assert all(one.output_type == "stream" and one.name == "stdout" for one in cell.outputs)


def test_text_is_wrapped_and_every_part_has_words(path: Path) -> None:
    notebook = _read(path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert all(len(line) <= 125 for line in cell.source.splitlines())
            assert cell.source.startswith("#")


def test_it_has_a_model(path: Path) -> None:
    assert path.stem in MODELS
    assert MODELS[path.stem].model_config["frozen"]
    assert MODELS[path.stem].model_config["extra"] == "forbid"
