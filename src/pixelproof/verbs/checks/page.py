"""What ``verify`` finds of a page and of the files beside it: whether they are what ``report`` makes, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pixelproof.errors import UserError
from pixelproof.numbers import first_of, shortened
from pixelproof.report.artefacts import missing_files
from pixelproof.report.page import rebuild_report
from pixelproof.report.rendering import FIGURES, TABLES, made_by, maker, shown_language
from pixelproof.runs.differing import Difference
from pixelproof.runs.files import read_text
from pixelproof.runs.folder import PAGE
from pixelproof.verbs.checks.check import Check

MADE = "what 'report' makes of the files"
_LINE = 80  # letters of a line of a page that a message shows


def page_checks(folder: Path, gone: Sequence[str]) -> list[Check]:
    """Return whether the page, and each of its figures and tables, is what ``report`` makes of the artefacts.

    Args:
        folder: The folder that is verified.
        gone: Files that it should hold, that its page does not name, and that are not there.
    """
    if not (folder / PAGE).is_file():
        return [Check(PAGE, "not checked", "it is not there; 'pixelproof report' makes it")]
    with TemporaryDirectory() as again:
        try:
            page = read_text(folder / PAGE)
            if (made := made_by(page)) != maker():
                other = f"it was made by {made or 'an earlier version of Pixelproof'}, and here is {maker()}"
                return [Check(PAGE, "not checked", f"{other}; 'pixelproof report' makes it again")]
            rebuild_report(folder, Path(again), shown_language(page))
            # What is missing is named on pages: one that does not was made when it was there.
            lost = [*gone, *(file for file in missing_files(folder) if file not in page)]
        except UserError as error:
            return [Check(PAGE, "differs", error.problem)]
        return [_page(page, read_text(Path(again) / PAGE), lost), *_beside(folder, Path(again), lost)]


def _page(page: str, again: str, lost: Sequence[str]) -> Check:
    if page == again:
        return Check(PAGE, "right", MADE)
    if lost:
        return _made_with(PAGE, lost)
    return Check(PAGE, "differs", f"it is not {MADE} now", (_first_line(page, again),))


def _beside(folder: Path, again: Path, lost: Sequence[str]) -> Iterator[Check]:
    """Yield whether each file beside the page is as it is made again; what nothing makes is the user's."""
    for made in (path for name in (FIGURES, TABLES) for path in sorted((again / name).glob("*"))):
        file = made.relative_to(again).as_posix()
        if not (folder / file).is_file():
            yield Check(file, "not checked", "it is not there; 'pixelproof report' makes it")
        elif (folder / file).read_bytes() == made.read_bytes():
            yield Check(file, "right", MADE)
        else:
            yield _made_with(file, lost) if lost else Check(file, "differs", f"it is not {MADE} now")


def _made_with(file: str, lost: Sequence[str]) -> Check:
    return Check(file, "not checked", f"it was made with {first_of(lost, 1)}, which is not there")


def _first_line(page: str, again: str) -> Difference:
    """Return the first line in which two pages differ."""
    lines, others = page.splitlines(), again.splitlines()
    most = min(len(lines), len(others))
    place = next((place for place in range(most) if lines[place] != others[place]), most)
    one, other = (shortened(each[place], _LINE) if place < len(each) else None for each in (lines, others))
    return Difference(f"line {place + 1}", one, other)
