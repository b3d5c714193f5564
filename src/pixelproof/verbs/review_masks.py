"""The page on which ``explain`` asks a person about regions of masks: which are on it, and what is shown of them."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from pixelproof.array_types import Float32, UInt8
from pixelproof.data import DataFolder, Parts, Sample
from pixelproof.data.decoded import read_pair
from pixelproof.data.fingerprint import mask_fingerprint
from pixelproof.data.reader import as_picture
from pixelproof.errors import printable
from pixelproof.explanation.segmenter import chances_in, window_of
from pixelproof.labels.outlines import region_of
from pixelproof.prediction import Predictor
from pixelproof.progress import track
from pixelproof.report.figures.masks import colored
from pixelproof.report.pictures import LARGEST
from pixelproof.report.review_page import Outlined, Question, SmallPicture, flat_picture, picture_of, review_page
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.explanation_folder import Findings
from pixelproof.runs.listed import as_name, as_words
from pixelproof.runs.ranked_file import Box, Ranked
from pixelproof.windows import Window

ASKED = 100
"""Regions that are asked about."""
LIKELIEST = 6
"""Classes of which the model's probability is shown."""
AROUND = 128
"""Pixels at least that are shown around a region of an image that is shown in part."""


class MaskReview:
    """What is asked on the page of a segmenter's explanation.

    Attributes:
        questions: The regions, the most doubtful first.
        pictures: Those of their images, masks and answers.
    """

    def __init__(self, data: DataFolder, parts: Parts, predictor: Predictor) -> None:
        """Prepare to ask about masks of ``parts``."""
        self.questions: list[Question] = []
        self.pictures: list[SmallPicture] = []
        self._data, self._predictor = data, predictor
        self._samples = {(name, sample.id): sample for name, own in parts.items() for sample in own}

    def ask(self, findings: Findings) -> None:
        """Add the first doubted regions, but for those of images that a list cannot hold.

        Raises:
            UserError: An image or mask cannot be read.
        """
        rows = findings.suspects[:ASKED]
        by_image: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            file = self._data.place(self._samples[row.split, row.id].image)
            if row.outline and printable(file) == file and "\n" not in file:
                by_image[row.split, row.id].append(place)
        asked: dict[int, Question] = {}
        for key, places in track(by_image.items(), "review", len(by_image)):
            asked |= zip(places, self._questions(self._samples[key], [rows[place] for place in places]), strict=True)
        self.questions = [asked[place] for place in sorted(asked)]

    def page(self, model: str, doubted: int) -> str:
        """Return the page, of a model that doubts so many regions."""
        scheme = self._data.scheme
        return review_page(model, scheme.names, self.questions, self.pictures, [], doubted, scheme)

    def next_step(self, data: str) -> str:
        """Return what a person does with answers about the masks of ``data``."""
        return f"; then: pixelproof correct {shlex.quote(data)} {CORRECTIONS}"

    def _questions(self, sample: Sample, rows: Sequence[Ranked]) -> Iterator[Question]:
        """Yield what is asked about regions of one image, which is read once."""
        assert sample.mask is not None
        image, truth = read_pair(sample, self._data.scheme, self._predictor.reader)
        state, file = mask_fingerprint(sample.mask), self._data.place(sample.image)
        chances = lru_cache(maxsize=1)(lambda window: chances_in(self._predictor, image, window))
        shown: dict[Window, tuple[int, int, int]] = {}
        for row in rows:
            assert row.box is not None
            window = window_of(image, row.box)
            view = view_of(row.box, window)
            if view not in shown:
                shown[view] = self._pictures(image, truth, chances(window), window, view)
            picture, mask, answer = shown[view]
            outline = Outlined(row.outline, state, view.left, view.top, view.width, view.height, mask, answer)
            yield Question(
                file=as_name(file),
                place=f"{file} ({row.split})",
                given=row.given,
                suggested=row.suggested,
                why=as_words(f"{row.why}; {_place(row.box)}"),
                chances=self._likeliest(row, chances(window), window),
                picture=picture,
                region=outline,
            )

    def _pictures(
        self, image: UInt8, truth: UInt8, chances: Float32, window: Window, view: Window
    ) -> tuple[int, int, int]:
        """Add what is shown of a view of an image, and return the places of the pictures."""
        inner = view._replace(top=view.top - window.top, left=view.left - window.left)
        answer = chances[(slice(None), *inner.slices)].argmax(axis=0).astype(np.uint8)
        self.pictures.append(picture_of(as_picture(image[view.slices])))
        for mask in (truth[view.slices], answer):
            self.pictures.append(flat_picture(colored(mask, self._data.scheme)))
        count = len(self.pictures)
        return count - 3, count - 2, count - 1

    def _likeliest(self, row: Ranked, chances: Float32, window: Window) -> tuple[tuple[str, float], ...]:
        """Return the likeliest classes of a region with their mean probabilities."""
        bottom, right = window.top + window.height, window.left + window.width
        region = region_of(row.outline, bottom, right)
        top, left = region.top - window.top, region.left - window.left
        height, width = region.inside.shape
        means = chances[:, top : top + height, left : left + width][:, region.inside].mean(axis=1, dtype=np.float64)
        best = np.argsort(-means, kind="stable")[:LIKELIEST].tolist()
        return tuple((self._data.scheme.names[k], float(means[k])) for k in best)


def view_of(box: Box, window: Window) -> Window:
    """Return the part that is shown of what was looked at: all of it, or where it is large, what is around a region."""
    left, top, width, height = box
    across, wide = _stretch(left - window.left, width, window.width)
    down, high = _stretch(top - window.top, height, window.height)
    return Window(window.top + down, window.left + across, high, wide)


def _stretch(start: int, length: int, whole: int) -> tuple[int, int]:
    """Return where what is shown begins and how long it is, along one side."""
    if whole <= LARGEST:
        return 0, whole
    shown = min(max(LARGEST // 2, 2 * length, length + 2 * AROUND), whole)
    return min(max(start + (length - shown) // 2, 0), whole - shown), shown


def _place(box: Box) -> str:
    left, top, width, height = box
    return f"{width:,} x {height:,} pixels at left {left:,}, top {top:,}"
