"""``verify``: whether what a folder says follows from the score files in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from pixelproof.comparison.choice import again
from pixelproof.comparison.compare import compare_scores
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.opening import open_models, open_sets
from pixelproof.comparison.stressed import again as again_stressed
from pixelproof.comparison.stressed import sides_of
from pixelproof.comparison.study_part import PartScores, of_folds
from pixelproof.comparison.unpaired import compare_sets
from pixelproof.errors import UserError
from pixelproof.evaluation.metrics import protocol_of
from pixelproof.runs import Run, load_scores
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import ComparisonRecord, load_comparison
from pixelproof.runs.differing import Difference, differences, score_differences
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.evidence_file import EvidenceRecord, load_evidence
from pixelproof.runs.files import AnyPath, read_json
from pixelproof.runs.scenes import ALONE
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.sizes_file import load_sizes
from pixelproof.runs.stress_file import FILE as STRESS
from pixelproof.runs.stress_file import load_stress
from pixelproof.runs.stress_folder import StressFolder
from pixelproof.runs.study_file import FILE as STUDY
from pixelproof.runs.study_file import SPLIT, TEST, PartRecord, load_study
from pixelproof.runs.unpaired_file import FILE as UNPAIRED
from pixelproof.runs.unpaired_file import load_unpaired
from pixelproof.verbs.checks.check import Check, Verification, derived, score_checks
from pixelproof.verbs.checks.page import page_checks
from pixelproof.verbs.checks.rule import rule_checks

Found = Iterator[Difference]


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
        checks = [check for part in parts for check in _part(part, folder)]
        checks += _chosen(parts, folder, checks)
    elif Run.lies_in(folder):
        checks = score_checks(folder, _scores_of(folder, "."))
        checks += rule_checks(folder, ["."], checks)
    elif _is_a_part(folder.resolve()):
        raise UserError(f"{folder} is a part of a study", "give the study's folder")
    elif (folder / COMPARISON).is_file():
        checks = _compared(folder)
    elif (folder / UNPAIRED).is_file():
        checks = _sets(folder)
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


def _scores_of(folder: Path, run: str) -> list[str]:
    """Return the score files of a run, by their paths in a folder; that of validation whether it is there or not."""
    own = Run(folder / run).scores(SPLIT)
    files = sorted({own, *own.parent.glob("[!.]*.npz")})
    return [file.relative_to(folder).as_posix() for file in files]


def _part(record: PartRecord, folder: Path) -> list[Check]:
    """Return the checks of a part of a study."""
    part = PartScores.of(record, folder)
    runs = [run for model in record.models for run in (*model.runs, *model.smaller)]
    chosen_by = [file for choice in record.choices for file in choice.files]
    checks = score_checks(folder, [*(file for run in runs for file in _scores_of(folder, run)), *chosen_by])
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


def _chosen(parts: Sequence[PartRecord], folder: Path, checks: Sequence[Check]) -> Iterator[Check]:
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
        (COMPARISON, lambda path: _comparison(path, part.compared()), firsts, len(firsts) > 1),
        (EVIDENCE, lambda path: _evidence(path, part.evidence()), part.files, several),
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


def _comparison(path: Path, again: ComparisonRecord) -> Found:
    load_comparison(path)  # which refuses what contradicts itself
    return differences(_without_paths(read_json(path)), _without_paths(again.model_dump(mode="json")))


def _without_paths(values: dict[str, Any]) -> dict[str, Any]:
    """Return a comparison without where its score files lay, which is no figure, and another place where they moved."""
    models = [{key: value for key, value in model.items() if key != "path"} for model in values["models"]]
    return values | {"models": models}


def _evidence(path: Path, again: EvidenceRecord) -> Found:
    load_evidence(path)
    return differences(read_json(path), again.model_dump(mode="json"))


def _sets(folder: Path) -> list[Check]:
    """Return the checks of a folder that ``compare --unpaired`` wrote."""
    try:
        record = load_unpaired(folder / UNPAIRED)
    except UserError as error:
        return [Check(UNPAIRED, "differs", error.problem)]
    sides = (record.a, record.b)
    paths = [_found(side.path, folder) for side in sides]
    split = _split(paths, [side.split for side in sides])
    files = [str(Run(path).scores(split)) if path.is_dir() else str(path) for path in paths]
    checks = score_checks(Path(), files)
    unread = [check.file for check in checks if check.outcome != "right"]

    def find(path: Path) -> Found:
        asked = (record.protocol or "unknown_counted", record.pattern, record.metric, record.margin)
        again = compare_sets(open_sets(paths, split), paths, *asked).model_dump(mode="json")
        stored = read_json(path)
        for side in "ab":
            stored[side]["path"] = again[side]["path"] = ""
        return differences(stored, again)

    return [*checks, derived(folder, UNPAIRED, unread, files, find)]


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
        return differences(read_json(path), again_stressed(folder, record).model_dump(mode="json"))

    return [*checks, derived(folder, STRESS, unread, files, find)]


def _compared(folder: Path) -> list[Check]:
    """Return the checks of a folder that ``compare`` wrote; the score files lie where its record says."""
    try:
        record = load_comparison(folder / COMPARISON)
    except UserError as error:
        why = f"the score files are named in {COMPARISON}"
        return [Check(COMPARISON, "differs", error.problem), Check(EVIDENCE, "not checked", why)]
    groups = record.groups.pattern if record.groups else ALONE
    protocol, metric = protocol_of(record.protocol or "unknown_counted"), record.pairs[0].metric
    paths = [_found(model.path, folder) for model in record.models]
    split = _split(paths, [model.split for model in record.models])
    files = [str(Run(path).scores(split)) if path.is_dir() else str(path) for path in paths]
    checks = score_checks(Path(), files)
    unread = {check.file for check in checks if check.outcome != "right"}

    def comparison(path: Path) -> Found:
        scores = open_models(paths, split)
        return _comparison(path, compare_scores(scores, paths, protocol, groups, record.seed, metric, record.margin))

    def evidence(path: Path) -> Found:
        named = {each.source.name: [each] for each in open_models(paths, split)}
        return _evidence(path, gather(named, protocol, groups=groups, seed=record.seed, metric=metric))

    checks.append(derived(folder, COMPARISON, unread, files, comparison))
    checks.append(derived(folder, EVIDENCE, unread, files, evidence))
    return checks


def _split(paths: Sequence[Path], splits: Sequence[str]) -> str:
    """Return the split that was read from run folders, which score files beside them need not be of."""
    return next((split for path, split in zip(paths, splits, strict=True) if split and path.is_dir()), SPLIT)


def _found(path: str, folder: Path) -> Path:
    """Return where the scores of a compared model lie: where the record says, from here or from the folder."""
    return next((place for place in (Path(path), folder / path) if place.exists()), Path(path))
