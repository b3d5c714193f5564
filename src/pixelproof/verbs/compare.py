"""``compare``: which of several models is better on the same images, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.comparison.compare import compare_scores, share_of
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.opening import open_models, open_sets
from pixelproof.comparison.unpaired import compare_sets
from pixelproof.data.layouts.listing import meant_split
from pixelproof.errors import UserError
from pixelproof.evaluation.metrics import protocol_of
from pixelproof.progress import say
from pixelproof.report.out_folder import require_place
from pixelproof.report.page import build_report
from pixelproof.report.rendering import FIGURES, TABLES
from pixelproof.runs import SegmentationScores
from pixelproof.runs.atomic import refuse_existing
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import ComparisonRecord, save_comparison
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.evidence_file import save_evidence
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.runs.folder import PAGE
from pixelproof.runs.study_file import SPLIT
from pixelproof.runs.unpaired_file import FILE as UNPAIRED
from pixelproof.runs.unpaired_file import UnpairedRecord, save_unpaired


def compare_models(
    models: Paths,
    out: AnyPath | None = None,
    *,
    split: str = SPLIT,
    protocol: str = "unknown_counted",
    groups: str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    seed: int = 0,
    language: str = "en",
    overwrite: bool = False,
    unpaired: bool = False,
) -> ComparisonRecord | UnpairedRecord:
    """Compare run folders or score files and, where ``out`` is given, write the evidence and its page there.

    Args:
        models: Two or more run folders or score files.
        out: Folder for ``comparison.json``, ``evidence.json``, ``report.html``, ``figures/`` and ``tables/``.
        split: The split whose scores to read from run folders.
        protocol: How pixels of ignored classes count.
        groups: A regular expression that finds in an image's id the scene it belongs to; "none" lets every image stand
            for itself; None takes the groups that the scores know.
        metric: What decides, such as "f1" or, of one class, "recall:melanoma"; None for accuracy or mIoU.
        margin: By how many percentage points a model may be worse and still do: it is said whether that is shown.
        seed: Seed of the resamples.
        language: In which the page is shown first, "en" or "zh-Hant".
        overwrite: Replace what is there.
        unpaired: They are two, of different images: how much the figure differs between the sets, and how much of that
            the shares of the classes make. ``out`` then gets ``unpaired.json``, its page, ``figures/`` and ``tables/``.

    Raises:
        UserError: A file cannot be read, an option has a wrong value, scores lack what the metric needs, or ``out``
            holds a comparison already.
        Refusal: The models were not measured alike, there are too few images for an interval, or the metric is
            undefined on them.
    """
    paths, split, out = as_paths(models), meant_split(split), None if out is None else Path(out)
    counting, share = protocol_of(protocol), share_of(margin)  # which are refused before files are read
    if unpaired:
        return _compare_sets(paths, out, split, protocol, groups, metric, share, language, overwrite)
    files = _free(out, (COMPARISON, EVIDENCE), UNPAIRED, "of two sets of images", overwrite)
    scores = open_models(paths, split)
    record = compare_scores(scores, paths, protocol, groups, seed, metric, share)
    if out is None:
        return record
    refuse_existing(files, overwrite)  # for what another process has written meanwhile
    save_comparison(out / COMPARISON, record)
    (out / EVIDENCE).unlink(missing_ok=True)
    if any(isinstance(each, SegmentationScores) and each.boundaries is None for each in scores):
        say("note: score files without boundary counts, so where the gain lies is not shown; evaluate or score again")
    else:
        named = {each.source.name: [each] for each in scores}
        save_evidence(out / EVIDENCE, gather(named, counting, groups=groups, seed=seed, metric=metric))
    build_report(out, language)
    return record


def _compare_sets(
    paths: Sequence[Path],
    out: Path | None,
    split: str,
    protocol: str,
    groups: str | None,
    metric: str | None,
    margin: float | None,
    language: str,
    overwrite: bool,
) -> UnpairedRecord:
    files = _free(out, (UNPAIRED,), COMPARISON, "on the same images", overwrite)
    record = compare_sets(open_sets(paths, split), paths, protocol, groups, metric, margin)
    if out is not None:
        refuse_existing(files, overwrite)
        save_unpaired(out / UNPAIRED, record)
        build_report(out, language)
    return record


def _free(out: Path | None, records: Sequence[str], other: str, of: str, overwrite: bool) -> list[Path]:
    """Return the files to write to a folder; refuse one with a comparison of the other kind, or files to keep."""
    if out is None:
        return []
    if (out / other).exists():
        raise UserError(f"{out} holds a comparison {of}", "choose another --out")
    files = [out / name for name in (*records, PAGE, FIGURES, TABLES)]
    require_place(out, files, overwrite)
    return files
