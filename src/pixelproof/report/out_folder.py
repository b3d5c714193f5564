"""The folder that a command writes its files and a page to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pixelproof.data.layouts.folders_file import folders_of
from pixelproof.errors import UserError
from pixelproof.report.artefacts import refuse_study_or_run
from pixelproof.runs.atomic import refuse_existing


def require_place(out: Path, files: Iterable[Path], overwrite: bool, data: Iterable[Path] = ()) -> None:
    """Refuse a folder in which something would be lost, or taken for data the next time.

    Args:
        out: The folder.
        files: What is to be written there.
        overwrite: Whether these may be replaced.
        data: The data sets, or files, that are looked at.

    Raises:
        UserError: It holds a study or a run, or one of the files, or lies in the data.
    """
    refuse_study_or_run(out)
    for folder in (folder for root in data for folder in folders_of(root)):
        if out.resolve().is_relative_to(folder.resolve()):
            raise UserError(f"{out} lies in {folder}, whose images are looked at", "choose an --out beside it")
    refuse_existing(files, overwrite)
