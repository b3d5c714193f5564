"""What a page shows of an explanation: statements, galleries, doubtful labels, what to look at next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pixelproof.labels import LabelScheme
from pixelproof.numbers import UNDEFINED, count, interval, score, share
from pixelproof.report.gallery import Exhibit, exhibits_of
from pixelproof.report.pictures import Picture, Tile, small_uri
from pixelproof.runs import Scores
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.explanation_file import ClassFinding, Explanation, Failure, Kind, PairFinding
from pixelproof.runs.explanation_folder import Findings, picture_key
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT
from pixelproof.runs.ranked_file import Ranked

ASKS = (
    "review.html beside this page shows the first of them one by one with what speaks for each class, and saves your "
    f"answers for 'pixelproof correct DATA {CORRECTIONS}' and 'pixelproof leave-out DATA {LEAVE_OUT}'."
)
LISTED = 24  # images of a list
SAID = 8  # statements of one kind
PAIRS = 12
REGIONS = 12
EXAMPLES = 3  # typical and odd images of each class
KINDS: dict[Kind, str] = {
    "mixes": "Classes that mix",
    "scattered": "Scattered classes",
    "splits": "Classes in several clusters",
    "apart": "Classes that stand alone",
}


@dataclass(frozen=True)
class Gallery:
    """Images under one heading."""

    title: str
    note: str
    tiles: list[Tile]


@dataclass(frozen=True)
class ClassLine:
    """One class in numbers, with examples."""

    name: str
    cells: tuple[str, ...]
    typical: list[Tile]
    odd: list[Tile]


@dataclass(frozen=True)
class View:
    """The explanation of one model, ready for a page."""

    model: str
    statements: list[tuple[str, list[str], int]]
    pairs: list[tuple[str, str, str, str, str]]
    classes: list[ClassLine]
    neighbours: str
    images: str
    galleries: list[Gallery]
    worst: list[Exhibit]
    regions: list[tuple[str, str, str, str]]
    more_regions: bool
    listed: str
    doubtful: list[Exhibit]
    following: list[tuple[str, str]]
    more_following: bool


def view(model: str, findings: Findings, scheme: LabelScheme | None) -> View:
    """Return what a page shows of a model's explanation."""
    explanation, masks = findings.explanation, findings.explanation is None
    return View(
        model=model,
        statements=_statements(explanation) if explanation else [],
        pairs=_pairs(explanation) if explanation else [],
        classes=[_class_line(findings, explanation, one) for one in explanation.classes] if explanation else [],
        neighbours=str(explanation.neighbours) if explanation else "",
        images=f"{count(explanation.images)} {explanation.split}" if explanation else "",
        galleries=[gallery for gallery in _galleries(findings) if gallery.tiles],
        worst=exhibits_of(model, findings.worst, scheme),
        regions=_regions(findings.suspects) if masks else [],
        more_regions=len(findings.suspects) > REGIONS,
        listed=_listed(findings),
        doubtful=exhibits_of(model, findings.doubtful, scheme),
        following=[(f"{row.id} ({row.split})", row.why) for row in findings.next[:REGIONS]] if masks else [],
        more_following=len(findings.next) > REGIONS,
    )


def _pairs(explanation: Explanation) -> list[tuple[str, str, str, str, str]]:
    # Of a class of at most k images, an image's k neighbours hold others whatever the network sees.
    names = [f"{c.name}*" if c.images <= explanation.neighbours else c.name for c in explanation.classes]
    return [
        (
            f"{names[pair.a]}, {names[pair.b]}",
            share(pair.confusion, 0),
            interval(pair.low, pair.high, 0),
            f"{share(pair.b_near_a, 0)}, {share(pair.a_near_b, 0)}",
            _taken(pair, explanation.classes),
        )
        for pair in explanation.pairs[:PAIRS]
    ]


def _taken(pair: PairFinding, classes: Sequence[ClassFinding]) -> str:
    """Return how many images of each of two classes the model takes for the other."""
    ways = ((pair.a_as_b, pair.a), (pair.b_as_a, pair.b))
    return ", ".join(f"{taken:,} of {classes[index].images:,}" for taken, index in ways)


def described(scores: Scores) -> str:
    """Return in one line on what a model is explained."""
    source = scores.source
    facts = [f"{count(len(scores.ids))} {source.split} images", f"{len(scores.scheme.classes)} classes"]
    return " · ".join(facts + ([f"data {source.fingerprint}"] if source.fingerprint else []))


def _statements(explanation: Explanation) -> list[tuple[str, list[str], int]]:
    """Return for each kind its heading, its strongest sentences, and how many more there are."""
    groups = []
    for kind, title in KINDS.items():
        said = [statement.sentence for statement in explanation.statements if statement.kind == kind]
        if said:
            groups.append((title, said[:SAID], max(len(said) - SAID, 0)))
    return groups


def _class_line(findings: Findings, explanation: Explanation, finding: ClassFinding) -> ClassLine:
    own, clusters = UNDEFINED, UNDEFINED
    if finding.own is not None:
        own = f"{share(finding.own, 0)} ({interval(finding.own_low, finding.own_high, 0)})"
    if finding.clusters is not None:
        clusters = str(len(finding.clusters))
    cells = (count(finding.images), share(finding.accuracy, 0), own, score(finding.silhouette, 2), clusters)
    examples = [
        [tile for i in ids[:EXAMPLES] if (tile := _tile(findings, explanation.split, i)) is not None]
        for ids in (finding.typical, finding.odd)
    ]
    return ClassLine(finding.name, cells, *examples)


def _galleries(findings: Findings) -> Iterable[Gallery]:
    if findings.explanation is not None:
        yield from _failures(findings, findings.explanation)
    suspects = [tile for row in findings.suspects[:LISTED] if (tile := _ranked(findings, row)) is not None]
    note = (
        f"{_how_many(suspects, len(findings.suspects))} in suspects.csv. Images that are read as identical under two "
        f"labels come first; of the others, the weaker a model, the more right labels it doubts.{_listed(findings)}"
    )
    yield Gallery("Labels to doubt", note, suspects)
    following = [tile for row in findings.next[:LISTED] if (tile := _ranked(findings, row)) is not None]
    yield Gallery("What to label or check next", f"{_how_many(following, len(findings.next))} in next.csv.", following)


def _listed(findings: Findings) -> str:
    """Say how images are left out whose labels are wrong, where a list of them lies beside the page."""
    if not findings.listed:
        return ""
    asks = f" {ASKS}" if findings.asked else ""
    how = f"take the # from those that are wrong, and 'pixelproof leave-out DATA {LEAVE_OUT}' leaves their images out"
    return f"{asks} {LEAVE_OUT} beside this page has a comment for each: {how}."


def _how_many(shown: Sequence[Tile], all_: int) -> str:
    if len(shown) == all_:
        return f"All {count(all_)}"
    return f"The first {count(len(shown))} of {count(all_)}"


def _failures(findings: Findings, explanation: Explanation) -> Iterable[Gallery]:
    wrong = [failure for failure in explanation.failures if failure.predicted != failure.truth]
    bold = sorted(wrong, key=lambda failure: -failure.confidence)[:LISTED]
    worst = sorted(explanation.failures, key=lambda failure: -failure.loss)[:LISTED]
    tiles = [tile for failure in bold if (tile := _failure(findings, explanation, failure)) is not None]
    errors = sum(round(c.images * (1 - c.accuracy)) for c in explanation.classes if c.accuracy is not None)
    note = f"{_how_many(tiles, errors)} errors, the surest first, by the probabilities that predict gives."
    if seen := sum(tile.second is not None for tile in tiles):
        note += f" Beside the first {count(seen)}, in orange, what speaks for the class it was taken for (Grad-CAM); "
        note += "where all is grey, nothing does."
    yield Gallery("Most confident errors", note, tiles)
    tiles = [tile for f in worst if f not in bold and (tile := _failure(findings, explanation, f)) is not None]
    note = f"Of the {count(len(worst))} with the highest loss of {count(explanation.images)} images, those not above."
    yield Gallery("Highest loss", note, tiles)


def _failure(findings: Findings, explanation: Explanation, failure: Failure) -> Tile | None:
    truth, guess = (explanation.classes[i].name for i in (failure.truth, failure.predicted))
    said = (
        f"{truth}, taken for {guess}" if guess != truth else f"{truth}, recognised",
        f"{share(failure.confidence, 0)} sure, loss {score(failure.loss, 1)}",
    )
    tile = _tile(findings, explanation.split, failure.id, said)
    cam = findings.cams.by_id.get(picture_key(explanation.split, failure.id))
    if tile is None or cam is None:
        return tile
    return replace(tile, second=Picture(small_uri(cam), f"What speaks for {guess} in image {failure.id}"))


def _ranked(findings: Findings, row: Ranked) -> Tile | None:
    head = f"{row.given} → {row.suggested}" if row.given and row.given != row.suggested else row.given or row.suggested
    return _tile(findings, row.split, row.id, (head, row.why))


def _tile(findings: Findings, split: str, sample_id: str, lines: tuple[str, ...] = ()) -> Tile | None:
    key = picture_key(split, sample_id)
    if key not in findings.pictures.by_id:
        return None
    # Ids are unique within their split alone, and where nothing is said an image is of the one that is explained.
    explained = findings.explanation is None or split == findings.explanation.split
    name = sample_id if explained else f"{sample_id} ({split})"
    alt = ", ".join((f"Image {name}", *lines))
    return Tile(Picture(small_uri(findings.pictures.by_id[key]), alt, name), lines)


def _regions(rows: Sequence[Ranked]) -> list[tuple[str, str, str, str]]:
    """Return (image, change of label, score, why) of the first doubtful regions."""
    return [
        (f"{row.id} ({row.split})", f"{row.given} → {row.suggested}", score(row.score, 4), row.why)
        for row in rows[:REGIONS]
    ]
