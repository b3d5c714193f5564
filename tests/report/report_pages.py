"""Reads a page of HTML for the tests of the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID_TAGS = {"meta", "link", "img", "br", "rect", "path"}


@dataclass
class Table:
    """One table: its class and its rows of cell texts."""

    kind: str
    rows: list[list[str]] = field(default_factory=list)


class Page(HTMLParser):
    """The tags, the visible text and the tables of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text("utf-8")
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: list[Table] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(self.source)

    @property
    def text(self) -> str:
        """All visible text, white space collapsed."""
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        self.tags.append((tag, values))
        if tag not in VOID_TAGS:
            self._open.append(tag)
        if tag == "table":
            self.tables.append(Table(values.get("class", "")))
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self.tables[-1].rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self._open:
            self.scripts.append(data)
        elif "style" not in self._open:
            self.words.append(data)
            if "td" in self._open or ("th" in self._open and "table" in self._open):
                row = self.tables[-1].rows[-1]
                row[-1] = " ".join([*row[-1].split(), *data.split()])
