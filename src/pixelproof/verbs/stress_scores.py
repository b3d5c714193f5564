"""The score files of ``stress``: a run on images as they are, and under each stress of each strength."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pixelproof.array_types import Int64, UInt8
from pixelproof.data import Sample
from pixelproof.data.moving import OUTSIDE
from pixelproof.data.reader import ImageReader
from pixelproof.data.stresses import Stress
from pixelproof.errors import UserError
from pixelproof.evaluation.evaluate import Paired, asked_of, evaluate, groups_in
from pixelproof.labels import VOID
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import Map
from pixelproof.progress import Step, bar, say
from pixelproof.runs import Source, load_scores, save_scores
from pixelproof.runs.leftovers import remove_leftovers
from pixelproof.runs.scores import Names
from pixelproof.runs.stress_folder import UNTOUCHED, StressFolder, state_of, still

ROOM = 1 << 30
"""Bytes of decoded images that are kept, so that they are not decoded anew for each stress."""


@dataclass(frozen=True)
class Setting:
    """A state in which images are: under a stress of a strength, or as they are.

    Attributes:
        name: What files call it.
        words: What people do; empty for images as they are.
        change: From an image, uint8 [H, W, C], and its id to the image in this state.
        places: From a map of classes and the id to where each pixel of the truth comes from, as ``data.moving`` has
            it; None where things stay in their places.
        still: Whether images are as they are, and truth and answers alone are moved: what a state with moved images is
            compared with, on the same pixels.
    """

    name: str
    words: str
    change: Callable[[UInt8, str], UInt8]
    places: Callable[[UInt8, str], Int64] | None = None
    still: bool = False

    def counted(self, image_id: str, truth: UInt8, answer: Map) -> tuple[UInt8, Map]:
        """Return the truth, uint8 [H, W], and the answer, [H, W, 1 + S], of an image as they are counted.

        What comes from beyond the border has no truth.
        """
        if self.places is None:
            return truth, answer
        moved = self.places(truth, image_id)
        if self.still:
            from_there = self.places(answer[..., 0].astype(np.uint8), image_id)
            answer = answer.reshape(-1, answer.shape[-1])[from_there.clip(0)]
        return np.where(moved == OUTSIDE, VOID, truth.ravel()[moved.clip(0)]).astype(np.uint8), answer


class Decoded:
    """Images from their files, kept as far as there is room; what is kept is given to all that ask.

    Args:
        reader: Reads them.
        room: Bytes for what is kept.
    """

    def __init__(self, reader: ImageReader, room: int = ROOM) -> None:
        self.reader = reader
        self._room = room
        self._kept: dict[Path, UInt8] = {}

    def __call__(self, path: Path) -> UInt8:
        """Return an image, uint8 [H, W, C].

        Raises:
            UserError: It cannot be read.
        """
        if path in self._kept:
            return self._kept[path]
        image = self.reader(path)
        if image.nbytes <= self._room:
            self._room -= image.nbytes
            self._kept[path] = image
        return image


def settings_of(stresses: Sequence[Stress], linear: bool, seed: int, segmented: bool) -> Iterator[Setting]:
    """Yield the state of images as they are, then all others; arguments as of ``Stress.__call__``.

    Where things move in segmented images, the still state that goes with each strength comes before it.
    """
    yield Setting(UNTOUCHED, "", _unchanged)
    for stress in stresses:
        for strength in stress.strengths:
            under = _under(stress, strength, linear, seed)
            if segmented and stress.places is not None:
                under = replace(under, places=_places(stress, strength, seed))
                words = f"as they are, counted as {under.words}"
                yield replace(under, name=still(under.name), words=words, change=_unchanged, still=True)
            yield under


def _unchanged(image: UInt8, _: str) -> UInt8:
    return image


def _under(stress: Stress, strength: float, linear: bool, seed: int) -> Setting:
    def change(image: UInt8, image_id: str) -> UInt8:
        return stress(image, strength, linear, seed, image_id)

    return Setting(state_of(stress.name, strength), stress.called(strength), change)


def _places(stress: Stress, strength: float, seed: int) -> Callable[[UInt8, str], Int64]:
    return lambda classes, image_id: stress.places_of(classes, strength, seed, image_id)


def score_states(
    predictor: Predictor,
    samples: Sequence[Sample],
    source: Source,
    settings: Sequence[Setting],
    images: Decoded,
    folder: StressFolder,
    seed: int,
    overwrite: bool,
) -> None:
    """Write the scores of a run in all states that are missing in a folder.

    Args:
        predictor: The run's network.
        samples: The images.
        source: What is scored; see ``verbs.scoring.source_of``. Its name is that of the run in the folder.
        settings: The states.
        images: Reads the images.
        folder: Where score files lie; those that are there and are of the same are kept.
        seed: That of what is random in the states.
        overwrite: Replace score files that are of something else.

    Raises:
        UserError: A score file is of something else, an image or mask cannot be read, or a file cannot be written.
    """
    missing = []
    for setting in settings:
        file, of = folder.scores(source.name, setting.name), _source(source, setting, predictor, seed)
        if not _is_there(file, of, samples, overwrite):
            missing.append((setting, file, of))
    if 0 < len(missing) < len(settings):
        say(f"note: {source.name}: {len(settings) - len(missing)} of {len(settings)} states are scored already")
    with bar(f"stress {source.name}", len(missing) * len(samples), "images") as step:
        for setting, file, of in missing:
            remove_leftovers(file)
            read = _reading(setting, samples, images, step)
            save_scores(file, evaluate(predictor, samples, of, read=read, paired=_paired(setting)))


def _reading(setting: Setting, samples: Sequence[Sample], images: Decoded, step: Step) -> Callable[[Path], UInt8]:
    ids = {sample.image: sample.id for sample in samples}

    def read(path: Path) -> UInt8:
        image = setting.change(images(path), ids[path])
        step()
        return image

    return read


def _paired(setting: Setting) -> Paired:
    return lambda sample, truth, answer: setting.counted(sample.id, truth, answer)


def _source(source: Source, setting: Setting, predictor: Predictor, seed: int) -> Source:
    """Return what the score file of a state says that it is of."""
    source = asked_of(predictor, source)
    if not setting.words:
        return source
    return replace(source, name=f"{source.name}, {setting.words}", stress=f"{setting.words}, seed {seed}")


def _is_there(file: Path, source: Source, samples: Sequence[Sample], overwrite: bool) -> bool:
    """Return whether a score file is there and of the same.

    Raises:
        UserError: It is of something else, and not to be replaced.
    """
    if not file.exists():
        return False
    try:
        found = load_scores(file)
        if found.source == source and _listed(found.groups) == _listed(groups_in(samples)):
            return True
        what = f"{file} holds scores {_other(found.source, source)}"
    except UserError as error:  # what a disk has damaged, or somebody edited
        what = error.problem
    if not overwrite:
        raise UserError(what, "choose another --out or give --overwrite")
    return False


def _other(found: Source, source: Source) -> str:
    """Return of what other scores are than those asked for, where not of other images."""
    tempered = {"temperature": source.temperature, "temperatures": source.temperatures}
    if found != source and replace(found, **tempered) == source:
        return "at another temperature than the run has now"
    return "of other groups" if found == source else "of other images, weights or settings"


def _listed(groups: Names | None) -> list[str]:
    return [] if groups is None else groups.tolist()
