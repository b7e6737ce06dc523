"""Finding what a page would fetch, so that none ever does."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

__all__ = ["external_references"]

_FETCHING: Final = frozenset(
    {"src", "srcset", "poster", "data", "background", "action", "formaction", "manifest", "ping", "xlink:href"}
)
_SCHEME: Final = re.compile(r"^(?:[a-z][a-z0-9+.\-]*:|//|/)", re.IGNORECASE)
_CSS_URL: Final = re.compile(r"url\(\s*['\"]?\s*([^'\")]*)", re.IGNORECASE)
_CSS_IMPORT: Final = re.compile(r"@import\s+['\"]?([^'\";\s]*)", re.IGNORECASE)


def external_references(html: str) -> list[str]:
    """List everything in a page that points outside of it, as ``tag attribute=target``.

    Allowed are ``data:`` targets, fragments (``#part``), and relative links in ``<a href>`` and in the refresh of a
    ``<meta>``, which lead from one report to another. Everything else counts: scripts, styles, images, fonts,
    frames, forms, absolute links, ``url()`` and ``@import`` in styles.

    Returns
    -------
    list of str
        Empty for a self-contained page.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            target = (value or "").strip()
            if name in _FETCHING or (name == "href" and tag != "a"):
                for one in target.split(",") if name == "srcset" else [target]:
                    self._fetch(tag, name, one.strip())
            elif name == "href" and _SCHEME.match(target) and not target.startswith("data:"):
                self.found.append(f"{tag} href={target}")
            elif name == "content" and tag == "meta" and "url=" in target.lower():
                where = target.lower().partition("url=")[2].strip("'\" ")
                if _SCHEME.match(where):
                    self.found.append(f"meta refresh={where}")
            elif name == "srcdoc":
                self.found.append(f"{tag} srcdoc")
            elif name == "style" or "url(" in target:
                self._css(tag, target)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._in_style = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._css("style", data)

    def _fetch(self, tag: str, name: str, target: str) -> None:
        if target and not target.startswith(("data:", "#")):
            self.found.append(f"{tag} {name}={target}")

    def _css(self, tag: str, text: str) -> None:
        for target in (*_CSS_URL.findall(text), *_CSS_IMPORT.findall(text)):
            if not target.lower().startswith("url("):
                self._fetch(tag, "css", target)
