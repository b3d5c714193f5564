"""``verify``: whether what a folder says follows from the score files in it."""

from __future__ import annotations

from pathlib import Path

from pixelproof.comparison.stressed import again, sides_of
from pixelproof.errors import UserError
from pixelproof.runs import Run
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.differing import differences
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.files import AnyPath, read_json
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.stress_file import FILE as STRESS
from pixelproof.runs.stress_file import load_stress
from pixelproof.runs.stress_folder import StressFolder
from pixelproof.runs.study_file import FILE as STUDY
from pixelproof.runs.study_file import load_study
from pixelproof.runs.unpaired_file import FILE as UNPAIRED
from pixelproof.verbs.checks.again import Found
from pixelproof.verbs.checks.check import Check, Verification, derived, score_checks, score_files
from pixelproof.verbs.checks.compared import comparison_checks, sets_checks
from pixelproof.verbs.checks.page import page_checks
from pixelproof.verbs.checks.rule import rule_checks
from pixelproof.verbs.checks.study import choice_checks, part_checks


def verify_folder(folder: AnyPath) -> Verification:
    """Make again, in memory, all that was derived from the score files of a folder, and say where it differs.

    Args:
        folder: A study folder, a run folder, or one that ``compare`` or ``stress`` wrote.

    Raises:
        UserError: It is none of these, or the record that says what it holds is damaged.
    """
    folder = Path(folder)
    if (folder / STUDY).exists():
        parts = load_study(folder / STUDY).parts
        checks = [check for part in parts for check in part_checks(part, folder)]
        checks += choice_checks(parts, folder, checks)
    elif Run.lies_in(folder):
        checks = score_checks(folder, score_files(folder, "."))
        checks += rule_checks(folder, ["."], checks)
    elif _is_a_part(folder.resolve()):
        raise UserError(f"{folder} is a part of a study", "give the study's folder")
    elif (folder / COMPARISON).is_file():
        checks = comparison_checks(folder)
    elif (folder / UNPAIRED).is_file():
        checks = sets_checks(folder)
    elif StressFolder(folder).exists():
        checks = _stressed(folder)
    else:
        problem = f"{folder} holds neither a study, a run nor a comparison"
        raise UserError(problem, "give a folder that study, train, compare or stress made")
    gone = [check.file for check in checks if Path(check.file).name in (COMPARISON, EVIDENCE, SIZES)]
    return Verification((*checks, *page_checks(folder, [file for file in gone if not (folder / file).is_file()])))


def _is_a_part(folder: Path) -> bool:
    """Return whether a folder is that of a study's part, which the study's record says how to check."""
    record = folder.parent / STUDY
    return record.is_file() and folder.name in [part.name for part in load_study(record).parts]


def _stressed(folder: Path) -> list[Check]:
    """Return the checks of a folder that ``stress`` wrote."""
    try:
        record = load_stress(folder / STRESS)
    except UserError as error:
        return [Check(STRESS, "differs", error.problem)]
    files = [file for side in sides_of(record).values() for file in side.files()]
    checks = score_checks(folder, files)
    unread = [check.file for check in checks if check.outcome != "right"]

    def find(path: Path) -> Found:
        return differences(read_json(path), again(folder, record).model_dump(mode="json"))

    return [*checks, derived(folder, STRESS, unread, files, find)]
