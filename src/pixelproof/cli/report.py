"""``pixelproof report``: rebuild the page from artefacts alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import LanguageOption


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What study, train, compare, explain or assess made.")],
    lang: LanguageOption = "en",
) -> None:
    """Rebuild the page from artefacts alone."""
    # Here, not above: the charts' library takes a moment to load, which other verbs need not wait for.
    from pixelproof.report.page import build_report

    print(build_report(folder, lang))
