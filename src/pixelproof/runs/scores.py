"""Scores: per-image integer counts from which every figure, interval and table is derived, without a model."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.labels import LabelScheme
from pixelproof.runs.arrays import Arrays, Forms, expect, load_arrays, misfit, save_arrays
from pixelproof.runs.boundaries import Boundaries, shapes
from pixelproof.schema import parse

VERSION = 3
GROUPED = 4  # as 3, and with groups
OLDEST = 1  # has no boundary counts; 2 has no probabilities
_BOUNDARY = "boundary_"
Names = npt.NDArray[np.str_]
TEMPERATURES = ("none", "fitted", "none, fitted", "given")


@dataclass(frozen=True)
class Source:
    """Where scores come from."""

    name: str
    """What was scored, such as a run's or a file's name."""
    split: str = ""
    fingerprint: str = ""
    """Fingerprint of the images and labels; empty where only masks were seen."""
    looks: str = ""
    """How a network looked at each image, symmetries x sizes; empty where that is not known."""
    temperatures: str = ""
    """At which temperatures calibration is counted, one of ``TEMPERATURES``; empty where that is not known."""
    temperature: str = ""
    """The fitted temperature of the network, as a number; empty where none was fitted, or that is not known."""
    weights: str = ""
    """Digest of a run's best weights, which were scored; empty where that is not known."""
    learned: str = ""
    """From how many of the images the network has learned, or weights that it began with, or "some"."""
    learned_by: str = ""
    """Names of the runs whose weights it began with, where they have learned from images that it has not itself."""
    corrected: str = ""
    """How many of the images have a label, or mask, that a person has corrected; empty where none, or not known."""
    corrected_pixels: str = ""
    """How many pixels of their masks that are; empty for classified images, and where none are, or it is not known."""
    unit: str = ""
    """"group" where each row is the answer for a group of images; empty where it is that for an image."""
    members: str = ""
    """Digest of which images the groups hold that rows answer for; empty for images, or where that is not known."""
    stress: str = ""
    """What was done to the images before the network saw them, and with which seed; empty where nothing."""

    @property
    def images_learned(self) -> int | None:
        """From how many of the images the network is known to have learned; None where that is not exactly known."""
        return int(self.learned) if self.learned.isdecimal() else None

    @property
    def images_corrected(self) -> int:
        """How many of the images are known to have a label, or mask, that a person has corrected."""
        return int(self.corrected) if self.corrected.isdecimal() else 0

    @property
    def pixels_corrected(self) -> int:
        """How many pixels of their masks these are known to be."""
        return int(self.corrected_pixels) if self.corrected_pixels.isdecimal() else 0


@dataclass(frozen=True)
class SegmentationScores:
    """Pixel counts of N images over K classes.

    Attributes:
        ids: N sample ids.
        confusion: int64 [N, K+1, K+1]; entry [n, t, p] counts the pixels of image n with true class t that were
            predicted as p. Row and column K hold void pixels.
        scheme: The label contract.
        source: Where the scores come from.
        boundaries: Boundary counts of the same images; None where they were not made.
        calibration: int64 [N, S, B, 3], as ``evaluation.calibration`` counts at each of ``source.temperatures``; None
            where confidences are unknown.
        groups: str [N], of which scene, patient or tile each image is; None where each stands for itself.
    """

    ids: tuple[str, ...]
    confusion: Int64
    scheme: LabelScheme
    source: Source = field(default_factory=lambda: Source(""))
    boundaries: Boundaries | None = None
    calibration: Int64 | None = None
    groups: Names | None = None


@dataclass(frozen=True)
class ClassificationScores:
    """The outcome for each of N images.

    Attributes:
        ids: N sample ids.
        truth: int64 [N], true class index.
        predicted: int64 [N], predicted class index.
        rank: int64 [N], how many classes stand before the true one, by score and, of equal scores, by their order; -1
            where only the prediction is known.
        loss: float64 [N], negative log-likelihood of the true class in nats; NaN where unknown.
        confidence: float64 [N], probability of the predicted class; NaN where unknown.
        scheme: The label contract.
        source: Where the scores come from.
        calibration: int64 [N, S, B, 3], as ``evaluation.calibration`` counts at each of ``source.temperatures``; None
            where confidences are unknown.
        probabilities: float32 [N, K] at the last of these temperatures; None where unknown, or too many to keep.
        groups: str [N], of which scene, patient or tile each image is; None where each stands for itself.
    """

    ids: tuple[str, ...]
    truth: Int64
    predicted: Int64
    rank: Int64
    loss: Float64
    confidence: Float64
    scheme: LabelScheme
    source: Source = field(default_factory=lambda: Source(""))
    calibration: Int64 | None = None
    probabilities: npt.NDArray[np.float32] | None = None
    groups: Names | None = None

    @property
    def correct(self) -> Bool:
        """Whether each image was given its true class, bool [N]."""
        correct: Bool = self.truth == self.predicted
        return correct

    @property
    def of_class(self) -> Bool:
        """Whether each image is truly of each class, bool [N, K]."""
        members: Bool = self.truth[:, None] == np.arange(len(self.scheme.classes))
        return members


Scores = SegmentationScores | ClassificationScores


def save_scores(path: Path, scores: Scores) -> None:
    """Write a score file, atomically."""
    facts: dict[str, Any] = {"scheme": scores.scheme.model_dump(mode="json"), "source": vars(scores.source)}
    arrays: Arrays = {"ids": np.array(scores.ids, dtype=np.str_)}
    if isinstance(scores, SegmentationScores):
        arrays["confusion"] = scores.confusion
        if scores.boundaries is not None:
            arrays |= {_BOUNDARY + name: array for name, array in vars(scores.boundaries).items()}
    else:
        for name in ("truth", "predicted", "rank", "loss", "confidence"):
            arrays[name] = getattr(scores, name)
        if scores.probabilities is not None:
            arrays["probabilities"] = scores.probabilities
    for name in ("calibration", "groups"):
        if getattr(scores, name) is not None:
            arrays[name] = getattr(scores, name)
    # What has no groups is as earlier versions wrote it, and can be read by them.
    version = VERSION if scores.groups is None else GROUPED
    save_arrays(path, "scores", version, facts, arrays, unpacked=("probabilities",))


def load_scores(path: Path) -> Scores:
    """Read a score file.

    Raises:
        UserError: It is missing, truncated, of another version, or was edited.
    """
    facts, arrays = load_arrays(path, "scores", GROUPED, OLDEST)
    scheme = parse(LabelScheme, facts.get("scheme", {}), str(path))
    _check(path, scheme, arrays)
    source = facts.get("source")
    if not isinstance(source, dict) or "name" not in source or not all(isinstance(v, str) for v in source.values()):
        raise misfit(path, "scores")
    known = {f.name: source[f.name] for f in fields(Source) if f.name in source}  # older files lack the latest
    ids, origin = tuple(str(i) for i in arrays.pop("ids")), Source(**known)
    if origin.temperatures and not _fits(origin.temperatures, arrays.get("calibration")):
        raise misfit(path, "scores")
    if scheme.task == "classification":
        return ClassificationScores(ids=ids, scheme=scheme, source=origin, **arrays)
    counts = {name: arrays.get(name) for name in ("calibration", "groups")}
    return SegmentationScores(ids, arrays["confusion"], scheme, origin, _boundaries(arrays), **counts)


def _fits(temperatures: str, calibration: Int64 | None) -> bool:
    """Return whether calibration counts can be those at these temperatures."""
    columns = 0 if calibration is None else calibration.shape[1]
    return temperatures in TEMPERATURES and len(temperatures.split(", ")) == columns


def _boundaries(arrays: Arrays) -> Boundaries | None:
    names = [f.name for f in fields(Boundaries)]
    if _BOUNDARY + names[0] not in arrays:
        return None
    return Boundaries(**{name: arrays[_BOUNDARY + name] for name in names})


def _check(path: Path, scheme: LabelScheme, arrays: Arrays) -> None:
    """Refuse arrays that are not those of the scheme's task, or whose numbers are out of range."""
    count, classes = len(arrays.get("ids", ())), len(scheme.classes)
    forms: Forms = {"ids": ("U", (count,))}
    if "calibration" in arrays:
        forms["calibration"] = ("i", (count, None, None, 3))
    if "groups" in arrays:
        forms["groups"] = ("U", (count,))
    if scheme.task == "segmentation":
        forms["confusion"] = ("i", (count, classes + 1, classes + 1))
        if any(name.startswith(_BOUNDARY) for name in arrays):
            forms |= {_BOUNDARY + name: ("i", (count, *rest)) for name, rest in shapes(classes).items()}
        counts = [array for name, array in arrays.items() if name not in ("ids", "groups")]
    else:
        forms |= dict.fromkeys(("truth", "predicted", "rank"), ("i", (count,)))
        forms |= dict.fromkeys(("loss", "confidence"), ("f", (count,)))
        if "probabilities" in arrays:
            forms["probabilities"] = ("f", (count, classes))
        counts = [arrays[name] for name in ("truth", "predicted") if name in arrays]
    expect(path, "scores", arrays, forms)
    most = np.iinfo(np.int64).max if scheme.task == "segmentation" else classes - 1
    negative = "calibration" in arrays and (arrays["calibration"] < 0).any()
    chances = arrays.get("probabilities", np.zeros(0))
    out_of_range = not ((chances >= 0) & (chances <= 1)).all()  # as is what is no number
    if negative or out_of_range or any(((array < 0) | (array > most)).any() for array in counts):
        raise misfit(path, "scores")
