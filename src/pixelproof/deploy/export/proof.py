"""Does an exported network say what the literal one says? Compared image by image, at several sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pixelproof.array_types import Bool, Float32, Int64, UInt8
from pixelproof.deploy.export.formats import Answer
from pixelproof.errors import Refusal
from pixelproof.evaluation import mean_iou
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.labels import LabelScheme
from pixelproof.models import PixelModel
from pixelproof.numbers import counted, dimensions
from pixelproof.prediction.backends.convert import reason
from pixelproof.prediction.backends.trial import Deviation, Proof
from pixelproof.progress import say, track
from pixelproof.runs import SegmentationScores
from pixelproof.runs.proof_images import ProofImage

WORST = 5  # images that a refusal shows


@dataclass(frozen=True)
class Compared:
    """One image at one size.

    Attributes:
        image: The image, with its truth where that is known.
        deviation: Of the exported network's answer from the literal one's.
        classes: What the literal network and the exported one say, each [] or [H, W].
    """

    image: ProofImage
    deviation: Deviation
    classes: tuple[Int64, Int64]

    @property
    def size(self) -> str:
        """Width x height."""
        return dimensions(self.image.image.shape[:2])

    def where(self, scheme: LabelScheme) -> dict[str, Any]:
        """Return the place of the largest difference, and the rectangle in which classes change, as plain data."""
        _, channel, *pixel = self.deviation.place
        changed = self.deviation.changed[0]
        return {
            "image": self.image.id,
            "size": self.size,
            "difference": self.deviation.difference,
            "class": scheme.names[channel],
            "pixel": pixel or None,
            "changed": int(changed.sum()),
            "rows": _extent(changed, 1) if pixel else None,
            "columns": _extent(changed, 0) if pixel else None,
        }


def literal(model: PixelModel) -> Answer:
    """Return what the literal network answers in PyTorch."""

    @torch.inference_mode()
    def answer(image: UInt8) -> Float32:
        batch = model.preprocessing(torch.from_numpy(image).permute(2, 0, 1)[None])
        logits: Float32 = model.eval()(batch).logits.numpy()
        return logits

    return answer


def several_sizes(images: Sequence[ProofImage]) -> Iterator[ProofImage]:
    """Yield each image, and then two corners of it whose sides are of no special size."""
    for image in images:
        yield image
        for part in (2 / 3, 1 / 4):
            height, width = (max(int(side * part) - 1, 1) for side in image.image.shape[:2])
            yield image.part(slice(0, height), slice(0, width))


def compare(images: Sequence[ProofImage], right: Answer, exported: Answer) -> list[Compared]:
    """Compare two networks on images."""
    found = []
    for image in track(images, "prove", len(images)):
        answers = right(image.image), _answer(exported, image)
        deviation = Deviation.of(answers[1], answers[0])
        # An answer of another shape has no classes that could be scored.
        alike = answers if answers[0].shape == answers[1].shape else (answers[0], answers[0])
        found.append(Compared(image, deviation, (alike[0].argmax(axis=1)[0], alike[1].argmax(axis=1)[0])))
    return found


def _answer(exported: Answer, image: ProofImage) -> Float32:
    try:
        return exported(image.image)
    except Exception as error:  # each library fails in its own way
        height, width = image.image.shape[:2]
        raise RuntimeError(f"it fails on images of {width}x{height} pixels ({reason(error)})") from error


def facts(compared: Sequence[Compared], scheme: LabelScheme) -> dict[str, Any]:
    """Return the proof as plain data.

    Returns:
        difference, the largest of a logit, as a part of the largest logit; changed, the pixels or images whose class
        differs: count, of how many, share; miou and accuracy of both networks and their change, one of them None, both
        without truth; where the largest difference is; images, how many; sizes.
    """
    proof = Proof.of([each.deviation for each in compared])
    known = [each for each in compared if each.image.truth is not None]
    segmentation = scheme.task == "segmentation"
    worst = max(compared, key=lambda each: each.deviation.difference)
    return {
        "difference": proof.difference,
        "changed": {
            "count": sum(int(each.deviation.changed.sum()) for each in compared),
            "of": sum(each.deviation.changed.size for each in compared),
            "what": "pixels" if segmentation else "images",
            "share": proof.changed,
        },
        "miou": _figures(known, lambda which: _miou(known, which, scheme)) if segmentation else None,
        "accuracy": None if segmentation else _figures(known, lambda which: _accuracy(known, which)),
        "where": worst.where(scheme),
        "images": len({each.image.id for each in compared}),
        "sizes": list(dict.fromkeys(each.size for each in compared)),
    }


def seen(found: dict[str, Any]) -> str:
    """Return what ``facts`` say of how much was compared."""
    images, sizes = (counted(n, word) for n, word in ((found["images"], "image"), (len(found["sizes"]), "size")))
    return f"{images} at {sizes}"


def sentence(found: dict[str, Any]) -> str:
    """Return what ``facts`` say of logits and classes."""
    changed = found["changed"]
    classes = f"{changed['count']:,} of {changed['of']:,} {changed['what']} change their class"
    return f"logits differ by at most {found['difference']:.1e} of the largest, and {classes}"


def scored(found: dict[str, Any]) -> list[str]:
    """Return what ``facts`` say of mIoU or accuracy; empty without truth."""
    return [
        f"{name} {figure['literal']:.4f} in PyTorch, {figure['exported']:.4f} exported"
        for name, figure in (("mIoU", found["miou"]), ("accuracy", found["accuracy"]))
        if figure and figure["change"] is not None
    ]


def judge(compared: Sequence[Compared], scheme: LabelScheme, tolerance: float, format: str) -> dict[str, Any]:
    """Return the ``facts`` of an export; refuse one that is not the same network, and say where it is not.

    Raises:
        Refusal: A logit, or the share of classes that change, differs by more than the tolerance.
    """
    found = facts(compared, scheme)
    if Proof.of([each.deviation for each in compared]).equal(tolerance):
        return found
    worst = sorted(compared, key=lambda each: (-each.deviation.difference, -each.deviation.changed.sum()))[:WORST]
    for each in worst:
        say(_place(each, scheme))
    raise Refusal(
        f"the {format} export is not the same network on {seen(found)}: {sentence(found)}, most in {worst[0].image.id} "
        f"at {worst[0].size} (tolerance {tolerance:g})",
        "choose another --format, or raise --tolerance",
    )


def _place(compared: Compared, scheme: LabelScheme) -> str:
    where = compared.where(scheme)
    pixel = f", row {where['pixel'][0]}, column {where['pixel'][1]}" if where["pixel"] else ""
    text = f"{where['image']} at {where['size']}: {where['difference']:.1e} in class {where['class']}{pixel}"
    if where["rows"]:
        area = "rows {} to {}, columns {} to {}".format(*where["rows"], *where["columns"])
        return f"{text}; {where['changed']:,} pixels change their class, in {area}"
    return f"{text}; {'the class changes' if where['changed'] else 'no class changes'}"


def _extent(changed: Bool, across: int) -> list[int] | None:
    """Return the first and the last row, or column, that holds a pixel whose class changes."""
    found = np.flatnonzero(changed.any(axis=across))
    return [int(found[0]), int(found[-1])] if len(found) else None


def _figures(known: Sequence[Compared], figure: Callable[[int], float]) -> dict[str, float | None] | None:
    """Return a figure of both networks and its change; None without truth."""
    if not known:
        return None
    literally, exported = figure(0), figure(1)
    values = {"literal": literally, "exported": exported, "change": exported - literally}
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def _miou(known: Sequence[Compared], which: int, scheme: LabelScheme) -> float:
    """Return the mIoU of one of the two networks over all images and sizes, ignored classes left out."""
    counts = [
        confusion_counts(each.image.truth, each.classes[which].astype(np.uint8), len(scheme.classes))
        for each in known
        if isinstance(each.image.truth, np.ndarray)
    ]
    ids = tuple(map(str, range(len(counts))))
    return float(mean_iou(SegmentationScores(ids, np.stack(counts), scheme), "unknown_ignored"))


def _accuracy(known: Sequence[Compared], which: int) -> float:
    return float(np.mean([each.classes[which] == each.image.truth for each in known]))
