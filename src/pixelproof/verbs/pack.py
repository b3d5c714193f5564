"""``pack``: what a reader needs of a study, a run or a stress to check all of it, without weights and the data."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pixelproof.comparison.stressed import sides_of
from pixelproof.errors import UserError
from pixelproof.progress import say
from pixelproof.report.artefacts import is_study_or_run, outdated_scores, read_study
from pixelproof.report.page import build_report
from pixelproof.report.rendering import FIGURES
from pixelproof.runs import LABELS_FILE, Run
from pixelproof.runs.atomic import atomic_folder, is_free
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.explanation_folder import COPIED, NUMBERED, ExplanationFolder
from pixelproof.runs.files import AnyPath, read_json, read_yaml, write_json, write_text
from pixelproof.runs.folder import CONFIG, ENVIRONMENT, PAGE
from pixelproof.runs.plain import to_yaml
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.stress_file import FILE as STRESS
from pixelproof.runs.stress_file import load_stress
from pixelproof.runs.stress_folder import StressFolder
from pixelproof.runs.study_file import FILE as STUDY
from pixelproof.runs.study_file import TEST, load_study
from pixelproof.runs.without_places import without_places

WEIGHTS, PICTURES, OTHERS = "weights", "pictures of the data", "other files"
_WEIGHTS = {"checkpoints", "backends"}
_THUMBNAILS = "*-thumbnails.npz"


@dataclass
class Packed:
    """What was packed, and what was left out.

    Attributes:
        folder: Where it lies.
        files: How many files there are, the page among them.
        size: Their bytes.
        left: The bytes that were left out by what they are: weights, pictures of the data, other files.
    """

    folder: Path
    files: int = 0
    size: int = 0
    left: dict[str, int] = field(default_factory=dict)


def pack_folder(folder: AnyPath, out: AnyPath, *, images: bool = False) -> Packed:
    """Copy what says and proves the figures of a study, a run or a stress, and build the page of it anew.

    Args:
        folder: A study folder, a run folder, or one that ``stress`` wrote.
        out: A folder that does not exist yet, or is empty.
        images: Also take the pictures of the data that pages show.

    Raises:
        UserError: ``folder`` is none of these, a file in it is damaged, or ``out`` holds something.
    """
    folder, out = Path(folder), Path(out).resolve()
    known = is_study_or_run(folder)
    if not known and not StressFolder(folder).exists():
        raise UserError(f"{folder} holds neither a study nor a run", "give a folder that study, train or stress made")
    _require_empty(out)
    for sentence in (said for part in read_study(folder).parts for said in outdated_scores(part)) if known else ():
        say(f"note: {sentence}")
    pictures = _pictures(folder)
    taken = {*_records(folder), *(pictures if images else ())}
    with atomic_folder(out.parent) as temporary:
        # Under its name, which the page of a run says.
        packed = temporary / out.name
        for file in sorted(taken):
            _copy(folder / file, packed / file)
        build_report(packed)
        sizes = [file.stat().st_size for file in packed.rglob("*") if file.is_file()]
        _require_empty(out)  # for what another process has written meanwhile
    return Packed(out, len(sizes), sum(sizes), _left(folder, taken, pictures))


def _require_empty(out: Path) -> None:
    if not is_free(out):
        raise UserError(f"{out} already exists", "choose another --out, or remove it yourself")


def _runs(folder: Path) -> list[Run]:
    """Return the runs of a study, or the one that a folder is."""
    if not (folder / STUDY).exists():
        return [Run(folder)]
    models = [model for part in load_study(folder / STUDY).parts for model in part.models]
    return [Run(folder / run) for model in models for run in (*model.runs, *model.not_chosen, *model.smaller)]


def _records(folder: Path) -> set[Path]:
    """Return the files, by their paths in a folder, that say and prove its figures, and show no image."""
    if not is_study_or_run(folder):
        sides = sides_of(load_stress(folder / STRESS)).values()
        return _there(folder, [folder / STRESS, *(folder / file for side in sides for file in side.files())])
    files = [file for run in _runs(folder) for file in _records_of(run)]
    if (folder / STUDY).exists():
        parts = load_study(folder / STUDY).parts
        places = [folder / part.name / split for part in parts for split in ("", TEST)[: 1 + part.test]]
        files += [folder / STUDY, *(place / name for place in places for name in (COMPARISON, EVIDENCE, SIZES))]
        models = [model for part in parts for model in part.models if model.scores]
        files += [folder / whole for model in models for whole in (model.scores, *model.seed_scores)]
        files += [folder / whole for model in models for size in model.sizes for whole in size.scores]
    return _there(folder, files)


def _records_of(run: Run) -> Iterator[Path]:
    found = ExplanationFolder(run.explanation)
    yield from (run.path / name for name in (CONFIG, LABELS_FILE, ENVIRONMENT))
    yield from (run.architecture, run.diagram, run.metrics.path, run.calibration, run.rule)
    yield from (found.explanation, found.suspects, found.next)
    yield from (run.path / "scores").glob("[!.]*")
    yield from (file for file in (run.path / "features").glob("[!.]*.npz") if not file.match(_THUMBNAILS))


def _pictures(folder: Path) -> set[Path]:
    """Return the files of a folder, by their paths in it, that show images of the data."""
    if not is_study_or_run(folder):
        return _there(folder, StressFolder(folder).shown())
    return _there(folder, (file for run in _runs(folder) for file in _pictures_of(run)))


def _pictures_of(run: Run) -> Iterator[Path]:
    found = ExplanationFolder(run.explanation)
    yield from (run.proof_images, found.pictures, found.cams)
    yield from (run.shown(sample_id) for sample_id in run.shown_ids())
    yield from (run.path / "features").glob(_THUMBNAILS)
    yield from (file for place in (found.worst, found.doubtful) for file in place.glob(NUMBERED))
    yield from found.images.glob(COPIED)


def _there(folder: Path, files: Iterable[Path]) -> set[Path]:
    return {file.relative_to(folder) for file in files if file.is_file()}


def _copy(file: Path, to: Path) -> None:
    """Copy a file, as plain data without the places of this machine where it names some."""
    to.parent.mkdir(parents=True, exist_ok=True)
    read = {CONFIG: read_yaml, ENVIRONMENT: read_json, STUDY: read_json, COMPARISON: read_json, STRESS: read_json}.get(
        file.name
    )
    value = None if read is None else read(file)
    if value == without_places(value):
        shutil.copyfile(file, to)
    elif file.name == CONFIG:
        write_text(to, to_yaml(without_places(value)))
    else:
        write_json(to, without_places(value))


def _left(folder: Path, taken: set[Path], pictures: set[Path]) -> dict[str, int]:
    """Return the bytes of what was not taken; pages and figures are made anew."""
    left = dict.fromkeys((WEIGHTS, PICTURES, OTHERS), 0)
    for path in (path for path in folder.rglob("*") if path.is_file()):
        file = path.relative_to(folder)
        if file in taken or file == Path(PAGE) or file.parts[0] == FIGURES:
            continue
        kind = PICTURES if file in pictures else WEIGHTS if _WEIGHTS & set(file.parts) else OTHERS
        left[kind] += path.stat().st_size
    return {kind: size for kind, size in left.items() if size}
