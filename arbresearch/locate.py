"""Where notebooks and pipelines are: here, in the checkout, or inside an installed package."""

from __future__ import annotations

from pathlib import Path

from arbresearch.core import BadInput, expected
from arbresearch.params import MODELS
from arbresearch.pipeline import Notebook

__all__ = ["find_notebook", "find_pipeline", "listed"]

_PACKAGE = Path(__file__).resolve().parent


def _folders(kind: str) -> list[Path]:
    places = (Path.cwd() / kind, _PACKAGE.parent / kind, _PACKAGE / f"_{kind}")
    return [place for place in dict.fromkeys(places) if place.is_dir()]


def _find(kind: str, ending: str, name: str) -> Path | None:
    given = Path(name)
    if given.suffix == ending and given.is_file():
        return given.resolve()
    return next((path for folder in _folders(kind) if (path := folder / f"{name}{ending}").is_file()), None)


def listed() -> dict[str, list[str]]:
    """Return the names of the notebooks and pipelines there are, in each folder's order."""
    found = {}
    for kind, ending in (("notebooks", ".ipynb"), ("pipelines", ".toml")):
        names = (path.stem for folder in _folders(kind) for path in sorted(folder.glob(f"*{ending}")))
        found[kind] = list(dict.fromkeys(names))
    return found


def find_notebook(name: str) -> Notebook:
    """Return a notebook by name or path, with the model of its parameters.

    Raises
    ------
    BadInput
        If there is none; the message lists those there are.
    """
    path = _find("notebooks", ".ipynb", name)
    if path is None:
        raise BadInput(expected("notebook", f"one of {', '.join(listed()['notebooks'])}, or a path", repr(name)))
    return Notebook(path.stem, path, MODELS.get(path.stem))


def find_pipeline(name: str) -> Path | None:
    """Return the file of a pipeline by name or path; None when there is none."""
    return _find("pipelines", ".toml", name)
