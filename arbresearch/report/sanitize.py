"""Making the HTML of notebook cells safe to put into a report."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

from markdown_it import MarkdownIt

__all__ = ["clean_html", "markdown_html", "strip_ansi"]

_WORDS: Final = """
a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i
img kbd li mark ol p pre s section small span strong sub summary sup table tbody td tfoot th thead tr u ul var
"""
_TAGS: Final = frozenset(_WORDS.split())
_VOID: Final = frozenset({"br", "col", "hr", "img"})
_SILENT: Final = frozenset(
    {"applet", "embed", "iframe", "math", "noscript", "object", "script", "style", "svg", "template", "title"}
)
_ATTRIBUTES: Final = frozenset(
    {"align", "alt", "class", "colspan", "height", "open", "rowspan", "scope", "span", "start", "title", "width"}
)
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_OUTSIDE: Final = re.compile(r"^(?:[a-z][a-z0-9+.\-]*:|//|/)", re.IGNORECASE)

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def strip_ansi(text: str) -> str:
    """Remove terminal colours and other escape sequences."""
    return _ANSI.sub("", text)


def markdown_html(text: str) -> str:
    """Render markdown (CommonMark and tables, no raw HTML) to safe HTML."""
    return clean_html(_MARKDOWN.render(text))


def clean_html(html: str) -> str:
    """Keep the structure and the words of an HTML fragment and nothing that runs, styles the page or fetches.

    Scripts, styles, frames, embedded objects, event handlers, ids and inline styles are dropped. A link that leads
    outside becomes its text followed by the address; an image stays only if its data are inside the page. Tags left
    open are closed.
    """
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return cleaner.text()


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._silent = 0

    def text(self) -> str:
        closing = [f"{after}</{tag}>" if tag else after for tag, after in reversed(self._open)]
        return "".join(self._parts + closing)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        if self._silent or tag not in _TAGS:
            return
        values = {name: value or "" for name, value in attrs}
        kept = [f' {name}="{escape(values[name])}"' for name in values if name in _ATTRIBUTES]
        if tag == "img":
            if not values.get("src", "").startswith("data:image/"):
                self._parts.append(f'<span class="note">[image: {escape(values.get("alt") or "not kept")}]</span>')
                return
            kept.append(f' src="{escape(values["src"])}"')
        if tag == "a":
            self._link(values.get("href", "").strip(), kept)
            return
        self._parts.append(f"<{tag}{''.join(kept)}>")
        if tag not in _VOID:
            self._open.append((tag, ""))

    def _link(self, target: str, kept: list[str]) -> None:
        if _OUTSIDE.match(target):
            self._parts.append("<span>")
            address = target if target.lower().startswith(("http://", "https://")) else ""
            self._open.append(("span", f' <span class="address">({escape(address)})</span>' if address else ""))
        else:
            self._parts.append(f'<a href="{escape(target)}"{"".join(kept)}>')
            self._open.append(("a", ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            return
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
            return
        if self._silent or tag not in _TAGS:
            return
        wanted = {tag, "span"} if tag == "a" else {tag}
        if not any(name in wanted for name, _ in self._open):
            return
        while self._open:
            name, after = self._open.pop()
            self._parts.append(f"{after}</{name}>")
            if name in wanted:
                return

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(escape(data, quote=False))
