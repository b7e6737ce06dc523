"""The cells of an executed notebook as blocks that the report template lays out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any, Final

from arbresearch.report.sanitize import clean_html, markdown_html, strip_ansi
from arbresearch.report.svg import scope_ids, strip_svg

__all__ = ["RESULT_MIME", "Block", "Output", "report_blocks"]

RESULT_MIME: Final = "application/vnd.arbresearch.result+json"
"""Type of the output that a report shows in its verdict block instead of where it was made."""

_H1: Final = re.compile(r"<h1>(.*?)</h1>\s*", re.DOTALL)
_H2: Final = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_TABLE: Final = re.compile(r"(<table\b.*?</table>)", re.DOTALL)
_LONGEST: Final = 20_000


@dataclass(slots=True)
class Output:
    """One output as HTML: what kind it is, its size in bytes, and whether it was left out."""

    kind: str
    html: str
    collapsed: str = ""
    omitted: bool = False

    @property
    def size(self) -> int:
        """Return how many bytes the output takes in the page."""
        return len(self.html.encode())

    def omit(self, note: str) -> None:
        """Put a note in place of the output."""
        self.html, self.omitted = f'<p class="note omitted">{escape(note)}</p>', True


@dataclass(slots=True)
class Block:
    """One cell: markdown as HTML, or code with its outputs. ``number`` counts cells from 1."""

    number: int
    html: str = ""
    code: str = ""
    outputs: list[Output] = field(default_factory=list)
    heading: str = ""
    anchor: str = ""
    words: str = ""


def report_blocks(notebook: Mapping[str, Any]) -> tuple[str, list[Block]]:
    """Return the title (the first heading of level one, or empty) and the blocks of a notebook.

    Code cells that show nothing are put together with the one that follows them.
    """
    blocks: list[Block] = []
    title, silent = "", ""
    for number, cell in enumerate(notebook["cells"], start=1):
        source = _joined(cell["source"])
        if cell["cell_type"] == "markdown":
            _keep_code(blocks, number - 1, silent)
            silent = ""
            html = markdown_html(source)
            found = _H1.search(html)
            if found and not title:
                title, html = _plain(found[1]), _H1.sub("", html, count=1)
            heading = _H2.search(html)
            anchor = f"part-{number}" if heading else ""
            if heading:
                html = html.replace("<h2>", f'<h2 id="{anchor}">', 1)
            text = _plain(heading[1]) if heading else ""
            blocks.append(Block(number, html, heading=text, anchor=anchor, words=source))
        elif cell["cell_type"] == "code" and source.strip():
            outputs = [one for index, raw in enumerate(cell["outputs"]) if (one := _output(raw, f"c{number}o{index}-"))]
            words = " ".join(_plain(one.html) for one in outputs if one.kind.startswith("text/"))
            code = f"{silent}\n\n{source}" if silent else source
            silent = "" if outputs else code
            if outputs:
                blocks.append(Block(number, code=code, outputs=outputs, words=words))
    _keep_code(blocks, len(notebook["cells"]), silent)
    return title, blocks


def _keep_code(blocks: list[Block], number: int, code: str) -> None:
    """Put code that shows nothing and has no successor to the code before it, else into a block of its own."""
    if code and blocks and blocks[-1].code:
        blocks[-1].code += f"\n\n{code}"
    elif code:
        blocks.append(Block(number, code=code))


def _output(raw: Mapping[str, Any], prefix: str) -> Output | None:
    kind = raw["output_type"]
    if kind == "stream":
        text = _shortened(strip_ansi(_joined(raw["text"])))
        return Output(raw["name"], f"<pre>{escape(text)}</pre>", "Messages" if raw["name"] == "stderr" else "")
    if kind == "error":
        text = strip_ansi("\n".join(raw["traceback"])) or f"{raw['ename']}: {raw['evalue']}"
        html = f'<pre class="error">{escape(_shortened(text))}</pre>'
        return Output("error", html, f"{raw['ename']}: {raw['evalue']}"[:200])
    data = raw.get("data", {})
    words = raw.get("metadata", {}).get("arbresearch", {})
    if RESULT_MIME in data:
        return None
    for mime in ("image/svg+xml", "image/png", "image/jpeg", "text/html", "text/markdown", "text/plain"):
        if mime in data:
            return Output(mime, _rich(mime, _joined(data[mime]), words, prefix))
    return None


def _rich(mime: str, text: str, words: Mapping[str, str], prefix: str) -> str:
    alt, caption = escape(words.get("alt", "chart")), words.get("caption", "")
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    if mime == "image/svg+xml":
        inner = scope_ids(strip_svg(text), prefix)
        return f'<figure role="img" aria-label="{alt}">{inner}{below}</figure>'
    if mime.startswith("image/"):
        data = re.sub(r"[^A-Za-z0-9+/=]", "", text)
        return f'<figure><img src="data:{mime};base64,{data}" alt="{alt}">{below}</figure>'
    if mime == "text/html":
        html = clean_html(text)
        return html if '<div class="table">' in html else _TABLE.sub(r'<div class="table">\1</div>', html)
    if mime == "text/markdown":
        return markdown_html(text)
    return f"<pre>{escape(_shortened(strip_ansi(text)))}</pre>"


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}\n... {len(text) - _LONGEST:,} characters left out ...\n{text[-half:]}"


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html)).strip()
