"""``doctor``: what is wrong with a data set, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.config import ModelConfig
from pixelproof.data.doctor import Diagnosis, examine, illustrate
from pixelproof.data.reader import ImageReader
from pixelproof.errors import UserError
from pixelproof.report.out_folder import require_place
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.diagnosis_folder import DiagnosisFolder
from pixelproof.runs.files import AnyPath
from pixelproof.runs.folder import PAGE
from pixelproof.runs.scenes import TABLE
from pixelproof.schema import parse


def examine_data(
    data: AnyPath,
    *,
    bands: str | Sequence[int] | None = None,
    stretch: str | Sequence[float] | Sequence[Sequence[float]] | None = None,
    groups: str | None = TABLE,
    out: AnyPath | None = None,
    overwrite: bool = False,
) -> Diagnosis:
    """Examine a data set.

    Args:
        data: The folder.
        bands: Read the images by these bands, counted from 1, as a network will; a list, or "3,2,1".
        stretch: Stored values that are black and white: a pair, or one for each band; a list, or "0,3000".
        groups: A regular expression that finds in an image's id the scene or patient it belongs to; "table" takes
            those that tables of the data name.
        out: Folder for ``diagnosis.json``, its pictures and its page, ``report.html``.
        overwrite: Replace a diagnosis that is there.

    Raises:
        UserError: The folder cannot be read as a data set, bands or stretch are refused, or ``out`` holds a diagnosis
            or lies in the data.
    """
    if stretch and not bands:
        raise UserError("--stretch is for bands, and none are named", "give --bands, too, such as --bands 1,2,3")
    model = parse(ModelConfig, {"name": "", "bands": bands, "stretch": stretch}, "doctor")
    if out is not None:
        require_place(Path(out), [DiagnosisFolder(Path(out)).record, Path(out) / PAGE], overwrite, [Path(data)])
        require_writable(Path(out))
    diagnosis = examine(Path(data), ImageReader.of(model), groups)
    if out is not None:
        # Here, not above: what draws pages takes a moment to load.
        from pixelproof.report.page import build_report

        DiagnosisFolder(Path(out)).save(illustrate(diagnosis, Path(data).resolve().name))
        build_report(out)
    return diagnosis
