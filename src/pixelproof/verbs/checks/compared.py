"""What ``compare`` wrote against the score files of its models, which lie where its record says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.comparison.compare import compare_scores
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.opening import open_models, open_sets
from pixelproof.comparison.unpaired import compare_sets
from pixelproof.errors import UserError
from pixelproof.evaluation.metrics import protocol_of
from pixelproof.runs import Run
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.differing import differences
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.files import read_json
from pixelproof.runs.scenes import ALONE
from pixelproof.runs.study_file import SPLIT
from pixelproof.runs.unpaired_file import FILE as UNPAIRED
from pixelproof.runs.unpaired_file import load_unpaired
from pixelproof.verbs.checks.again import Found, differing_comparison, differing_evidence
from pixelproof.verbs.checks.check import Check, derived, score_checks


def comparison_checks(folder: Path) -> list[Check]:
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
        return differing_comparison(
            path, compare_scores(scores, paths, protocol, groups, record.seed, metric, record.margin)
        )

    def evidence(path: Path) -> Found:
        named = {each.source.name: [each] for each in open_models(paths, split)}
        return differing_evidence(path, gather(named, protocol, groups=groups, seed=record.seed, metric=metric))

    checks.append(derived(folder, COMPARISON, unread, files, comparison))
    checks.append(derived(folder, EVIDENCE, unread, files, evidence))
    return checks


def sets_checks(folder: Path) -> list[Check]:
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


def _split(paths: Sequence[Path], splits: Sequence[str]) -> str:
    """Return the split that was read from run folders, which score files beside them need not be of."""
    return next((split for path, split in zip(paths, splits, strict=True) if split and path.is_dir()), SPLIT)


def _found(path: str, folder: Path) -> Path:
    """Return where the scores of a compared model lie: where the record says, from here or from the folder."""
    return next((place for place in (Path(path), folder / path) if place.exists()), Path(path))
