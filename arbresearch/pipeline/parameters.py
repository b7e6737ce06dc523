"""The parameters of a notebook: read from its tagged cell, checked against its model, never a secret."""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from arbresearch.core import ParameterError, expected
from arbresearch.pipeline.result import first_problem

__all__ = ["check_cell", "parameters_cell", "parse_assignments", "validate_parameters"]

_SECRET: Final = re.compile(
    r"(?:^|_)(?:api|apikey|key|secret|passwd|password|passphrase|token|credentials?)(?:_|s?$)", re.IGNORECASE
)
_KINDS: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}


def parameters_cell(path: Path) -> dict[str, Any]:
    """Return the names and defaults in the cell of a notebook that is tagged ``parameters``.

    Raises
    ------
    ParameterError
        If there is no such cell, or it holds anything but assignments of plain values.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise ParameterError(expected(f"notebook {path.name}", "a Jupyter notebook", str(error))) from None
    tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise ParameterError(expected(f"notebook {path.name}", "one code cell tagged 'parameters'", len(tagged)))
    source = tagged[0]["source"]
    found: dict[str, Any] = {}
    for statement in ast.parse(source if isinstance(source, str) else "".join(source)).body:
        target = _target(statement)
        if target is None:
            line = ast.unparse(statement)
            raise ParameterError(expected(f"{path.name}, parameters", "assignments of plain values", repr(line[:60])))
        found[target] = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
    return found


def _target(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target = statement.target
    else:
        return None
    try:
        ast.literal_eval(statement.value)  # type: ignore[arg-type]
    except ValueError:
        return None
    return target.id if isinstance(target, ast.Name) else None


def validate_parameters(
    given: Mapping[str, Any],
    *,
    model: type[BaseModel] | None = None,
    defaults: Mapping[str, Any] | None = None,
    what: str,
) -> dict[str, Any]:
    """Check parameters and return them as JSON values, defaults filled in.

    Parameters
    ----------
    given
        Name to value.
    model
        The frozen pydantic model of the notebook's parameters.
    defaults
        Where there is no model: the parameters cell; a value must have the type of its default.
    what
        What messages call the notebook.

    Raises
    ------
    ParameterError
        For an unknown name (with the closest known one), a wrong type or value, or the name of a secret.
    """
    refuse_secrets(given, what)
    if model is None:
        known = dict(defaults or {})
        refuse_unknown(given, known, what)
        for name, value in given.items():
            _same_kind(name, value, known[name], what)
        return {**known, **given}
    refuse_unknown(given, model.model_fields, what)
    refuse_secrets(model.model_fields, what)
    try:
        checked = model.model_validate(dict(given))
    except ValidationError as error:
        raise ParameterError(expected(f"{what}, parameters", "values of their types", first_problem(error))) from None
    return checked.model_dump(mode="json")


def refuse_secrets(names: Iterable[str], what: str) -> None:
    """Refuse parameter names of secrets: parameters are published with every report."""
    for name in names:
        if _SECRET.search(name):
            raise ParameterError(
                expected(
                    f"{what}, parameter {name!r}", "no secret", "the name of one", "give secrets in the environment"
                )
            )


def refuse_unknown(given: Iterable[str], known: Iterable[str], what: str) -> None:
    """Refuse names that are not among the known ones, with the closest of those."""
    names = list(known)
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            todo = f"did you mean {close[0]!r}?" if close else ""
            raise ParameterError(
                expected(f"{what}, parameter", f"one of {', '.join(names) or 'none'}", repr(name), todo)
            )


def _same_kind(name: str, value: object, default: object, what: str) -> None:
    kind = type(default)
    if default is None or type(value) is kind or (kind is float and type(value) is int):
        return
    want = _KINDS.get(kind, kind.__name__)
    raise ParameterError(
        expected(f"{what}, parameter {name!r}", f"{want} such as {default!r}", f"{value!r} ({type(value).__name__})")
    )


def parse_assignments(
    pairs: Sequence[str], *, model: type[BaseModel] | None = None, defaults: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Read ``name=value`` texts from a command line.

    With a model (or defaults) a value is read as the type of its parameter: text stays text, ``a,b`` or JSON gives a
    list, ``null`` gives none. Unknown names are read as JSON where they are JSON, and left for
    :func:`validate_parameters` to refuse.

    Raises
    ------
    ParameterError
        For a text without ``=``, or a name given twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        name = name.strip()
        if not sign or not name:
            raise ParameterError(expected("parameter", "name=value", repr(pair)))
        if name in found:
            raise ParameterError(expected(f"parameter {name!r}", "one value", "several"))
        found[name] = _read(text, _annotation(name, model, defaults))
    return found


def _annotation(name: str, model: type[BaseModel] | None, defaults: Mapping[str, Any] | None) -> Any:
    if model is not None and name in model.model_fields:
        return model.model_fields[name].rebuild_annotation()
    if defaults is not None and defaults.get(name) is not None:
        return type(defaults[name])
    return None


def _read(text: str, annotation: Any) -> Any:
    candidates: list[Any] = [text]
    try:
        candidates.append(json.loads(text))
    except ValueError:
        candidates.append([part.strip() for part in text.split(",") if part.strip()])
    if annotation is None:
        return candidates[1] if not isinstance(candidates[1], list) or text.lstrip().startswith("[") else text
    if text == "null":
        candidates.reverse()
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    for candidate in candidates:
        try:
            return adapter.validate_python(candidate)
        except ValidationError:
            continue
    return text


def check_cell(path: Path, model: type[BaseModel]) -> None:
    """Check that a notebook's parameters cell and its model say the same: names and defaults.

    Raises
    ------
    ParameterError
        Naming the parameter that differs.
    """
    cell = parameters_cell(path)
    fields = model.model_fields
    for name in sorted(set(cell) ^ set(fields)):
        where = ("the cell", "the model") if name in cell else ("the model", "the cell")
        raise ParameterError(
            expected(f"{path.name}, parameter {name!r}", "in cell and model alike", f"in {where[0]} only")
        )
    from_cell = validate_parameters(cell, model=model, what=path.name)
    optional = {name: cell[name] for name, field in fields.items() if field.is_required()}
    from_model = validate_parameters(optional, model=model, what=path.name)
    for name, value in from_cell.items():
        if value != from_model[name]:
            raise ParameterError(
                expected(
                    f"{path.name}, parameter {name!r}", f"the model's default {from_model[name]!r}", f"{cell[name]!r}"
                )
            )
