"""What a study says against the score files of its runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from pixelproof.comparison.choice import again
from pixelproof.comparison.study_part import PartScores, of_folds
from pixelproof.runs import Run, load_scores
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.differing import differences, score_differences
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.files import read_json
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.sizes_file import load_sizes
from pixelproof.runs.study_file import FILE as STUDY
from pixelproof.runs.study_file import SPLIT, TEST, PartRecord
from pixelproof.verbs.checks.again import Found, differing_comparison, differing_evidence
from pixelproof.verbs.checks.check import Check, derived, score_checks, score_files
from pixelproof.verbs.checks.rule import rule_checks


def part_checks(record: PartRecord, folder: Path) -> list[Check]:
    """Return the checks of a part of a study."""
    part = PartScores.of(record, folder)
    runs = [run for model in record.models for run in (*model.runs, *model.smaller)]
    chosen_by = [file for choice in record.choices for file in choice.files]
    checks = score_checks(folder, [*(file for run in runs for file in score_files(folder, run)), *chosen_by])
    checks += rule_checks(folder, runs, checks)
    unread = {check.file for check in checks if check.outcome != "right"}
    for whole, files in {**part.folds, **_folds_of_sizes(record)}.items():
        checks.append(derived(folder, whole, unread, files, _whole(folder, files, record.data.fingerprint)))
        if checks[-1].outcome == "differs" or not (folder / whole).is_file():
            unread.add(whole)
    checks += _sized(record, part, folder, unread)
    for split in (SPLIT, TEST)[: 1 + record.test]:
        checks += _concluded(record, folder, split, unread)
    return checks


def choice_checks(parts: Sequence[PartRecord], folder: Path, checks: Sequence[Check]) -> Iterator[Check]:
    """Yield whether the record of a study says of all its choices what the scores of the selection part do."""
    needed = [file for part in parts for choice in part.choices for file in choice.files]
    unread = {check.file for check in checks if check.outcome != "right"}
    if needed:
        yield derived(folder, STUDY, unread, needed, lambda _: _choices(parts, folder))


def _choices(parts: Sequence[PartRecord], folder: Path) -> Found:
    for name, choice in ((f"{part.name}/{m.name}", each) for part in parts for m in part.models for each in m.choices):
        where = name if choice.fold is None else f"{name}, fold {choice.fold}"
        yield from differences(choice.model_dump(mode="json"), again(folder, choice).model_dump(mode="json"), where)


def _concluded(record: PartRecord, folder: Path, split: str, unread: Collection[str]) -> list[Check]:
    """Return the checks of what was concluded of a part's models on a split."""
    part, place = PartScores.of(record, folder, split), record.name if split == SPLIT else f"{record.name}/{split}"
    firsts = [file for files in part.models.values() for file in files[:1]]
    several = sum(len(files) for files in part.models.values()) > 1 or bool(record.folds)
    refused = split in record.not_compared  # so that a file which is not there is none that was lost
    checks = []
    for name, find, needed, expected in (
        (COMPARISON, lambda path: differing_comparison(path, part.compared()), firsts, len(firsts) > 1),
        (EVIDENCE, lambda path: differing_evidence(path, part.evidence()), part.files, several),
    ):
        file = f"{place}/{name}"
        if (expected and not refused) or (folder / file).exists():
            checks.append(derived(folder, file, unread, needed, find))
    return checks


def _whole(folder: Path, files: Sequence[str], fingerprint: str) -> Callable[[Path], Found]:
    own = [folder / file for file in files]
    return lambda path: score_differences(load_scores(path), of_folds(own, path.stem, fingerprint))


def _folds_of_sizes(record: PartRecord) -> dict[str, list[str]]:
    """Return the score file of each fold by that of all, of models that learned from fewer images."""
    count = record.folds or 1
    return {
        whole: [Run(run).scores(SPLIT).as_posix() for run in size.runs[place * count :][:count]]
        for model in record.models
        for size in model.sizes
        for place, whole in enumerate(size.scores)
    }


def _sized(record: PartRecord, part: PartScores, folder: Path, unread: Collection[str]) -> Iterator[Check]:
    """Yield whether what is said of the number of training images is what the scores say."""
    if part.sizes:
        needed = [file for sizes in part.sizes.values() for _, files in sizes for file in files]
        yield derived(folder, f"{record.name}/{SIZES}", unread, needed, lambda path: _sizes(path, part))


def _sizes(path: Path, part: PartScores) -> Found:
    load_sizes(path)
    return differences(read_json(path), part.size_curves().model_dump(mode="json"))
