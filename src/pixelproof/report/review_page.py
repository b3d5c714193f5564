"""The page on which a person says which class images, or regions of masks, are of: one HTML file without a network.

It asks for labels that a model doubts, and for images without one. It shows what the model says, because that is
why an image is asked for, and hides it from a person who would answer blindly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

from pixelproof.array_types import UInt8
from pixelproof.labels import LabelScheme, class_colors
from pixelproof.numbers import count, counted, share
from pixelproof.report.pictures import flat_uri, photo_uri
from pixelproof.report.rendering import digest, embedded, hashed, templates
from pixelproof.runs.corrections_file import COLUMNS as CORRECTED
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.corrections_file import OF_MASKS, UNTELLABLE
from pixelproof.runs.left_out_file import COLUMNS as LEFT_OUT
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT

OFFERED = 11
"""Classes beside the label that have a button; others are typed."""
TINY = 128
"""Sides of pictures, in pixels, up to which a pixel of them is shown as a square."""


class SmallPicture(TypedDict):
    """A picture of the page."""

    src: str
    """A data URI."""
    small: bool
    """Whether its pixels are shown as squares."""


@dataclass(frozen=True)
class Beside:
    """A further image that is shown with a question: the place of its picture, and what is written beneath."""

    picture: int
    text: str


@dataclass(frozen=True)
class Outlined:
    """A region of a mask that is asked for.

    Attributes:
        outline: Which pixels it is, as ``labels.outlines`` writes it.
        fingerprint: That of the mask file.
        left: The first column that the pictures show.
        top: The first row.
        width: How many columns.
        height: How many rows.
        mask: The place of the picture of the mask.
        answer: The place of that of the model's answer.
    """

    outline: str
    fingerprint: str
    left: int
    top: int
    width: int
    height: int
    mask: int
    answer: int


@dataclass(frozen=True)
class Question:
    """An image whose class is asked for, or a region of it.

    Attributes:
        file: Its name as a list has it.
        place: Where it lies, in words.
        given: Its label; empty where it has none.
        suggested: The class that it looks like.
        why: Why it is asked for.
        chances: The likeliest classes and their probabilities.
        picture: The place of its picture.
        near: The nearest images that were learned from.
        twin: An identical image with another label.
        table: For one without a label, the place of the table that will have it.
        region: Of which part of a mask; None is an image as a whole.
    """

    file: str
    place: str
    given: str
    suggested: str
    why: str
    chances: tuple[tuple[str, float], ...]
    picture: int
    near: tuple[Beside, ...] = ()
    twin: Beside | None = None
    table: int | None = None
    region: Outlined | None = None


@dataclass(frozen=True)
class NewLabels:
    """A table of labels that are asked for.

    Attributes:
        file: Its name.
        folder: That of its folder.
        text: What stands there already, its header at least.
        columns: What each column holds: "file", "label", "split" or "other".
        mark: What separates them.
    """

    file: str
    folder: str
    text: str
    columns: tuple[str, ...] = ("file", "label")
    mark: str = ","


def picture_of(pixels: UInt8) -> SmallPicture:
    """Return an image, uint8 [H, W, 3], as the page holds it."""
    small = max(pixels.shape[:2]) <= TINY
    return {"src": flat_uri(pixels) if small else photo_uri(pixels), "small": small}


def flat_picture(pixels: UInt8) -> SmallPicture:
    """Return a mask in its colours, uint8 [H, W, 3], as the page holds it."""
    return {"src": flat_uri(pixels), "small": True}


def review_page(
    model: str,
    names: Sequence[str],
    questions: Sequence[Question],
    pictures: Sequence[SmallPicture],
    tables: Sequence[NewLabels],
    doubted: int,
    masks: LabelScheme | None = None,
) -> str:
    """Return the page.

    Args:
        model: The name of the model that doubts.
        names: Those of the classes.
        questions: What is asked, doubted labels first.
        pictures: Those of the questions.
        tables: Those of images without a label.
        doubted: How many labels are doubted, of which the first are asked for.
        masks: The label contract, where regions of masks are asked for.
    """
    value = {
        # Another list is another work, which must not take up where this one was left.
        "key": f"pixelproof review {digest(chr(10).join(map(_work, questions)))}",
        "names": list(names),
        "colors": _colors(masks) if masks else [],
        "untellable": UNTELLABLE if masks and UNTELLABLE not in names else "",
        "questions": [_plain(each) for each in questions],
        "pictures": list(pictures),
        "tables": [asdict(each) for each in tables],
        "offered": OFFERED,
        "reason": f"doubted by {model}",
        "corrections": {"file": CORRECTIONS, "head": ",".join(OF_MASKS if masks else CORRECTED)},
        "leave_out": {"file": LEAVE_OUT, "head": ",".join(LEFT_OUT)},
    }
    old = sum(bool(each.given) for each in questions)
    return (
        templates()
        .get_template("review.html.j2")
        .render(
            title=model,
            model=model,
            asked=counted(old, "doubted region") if masks else _asked(old, len(questions) - old),
            note=_note(old, doubted, len(questions) - old, bool(masks)),
            n=len(questions),
            thing="region" if masks else "image",
            masks=bool(masks),
            data=embedded(value),
            **hashed("answers.js", "outlines.js", "review.js"),
        )
    )


def _work(question: Question) -> str:
    outline = question.region.outline if question.region else ""
    return f"{question.file}\x1f{question.given}{outline}"


def _colors(scheme: LabelScheme) -> list[str]:
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in class_colors(scheme)[: len(scheme.classes)].tolist()]


def _plain(question: Question) -> dict[str, object]:
    return asdict(question) | {"chances": [(name, chance, share(chance, 0)) for name, chance in question.chances]}


def _asked(old: int, new: int) -> str:
    parts = [counted(old, "doubted label")] * bool(old) + [f"{counted(new, 'image')} without a label"] * bool(new)
    return ", and ".join(parts)


def _note(old: int, doubted: int, new: int, masks: bool) -> str:
    said = [
        "Say what you see: what the model says is why you are asked, and it is often wrong. To answer without being "
        "swayed, hide it."
    ]
    if masks:
        said.insert(0, "Each answer is about all that lies inside of the line.")
    if old:
        first = f"the first {count(old)} of {count(doubted)} are here; " if old < doubted else ""
        said.append(
            f"Save {CORRECTIONS} and {LEAVE_OUT}, then: 'pixelproof correct DATA {CORRECTIONS}' and 'pixelproof "
            f"leave-out DATA {LEAVE_OUT}'; {first}what you have found right is not asked again."
        )
    if new:
        said.append("Labels of images without one are a table for the folder that holds these.")
    return " ".join([*said, "Answers stay in this browser until you start anew."])
