"""Which images a run knows, as its weights were found by them, whatever the images are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pixelproof.config import RunConfig
from pixelproof.data import Parts, Sample
from pixelproof.data.fingerprint import image_digests
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.learned import FILE, LEARNED, Learned, load_learned, run_of_weights, save_learned


class Known(NamedTuple):
    """How many images a run knows.

    Attributes:
        images: How many it, or a run whose weights it began with, has learned from or was chosen by.
        runs: Names of those of the latter that know some which it does not know itself.
    """

    images: int
    runs: tuple[str, ...]


def keep_learned(run: Run, config: RunConfig, parts: Parts, members: Iterable[Run] = (), called: str = "") -> None:
    """Keep in a run by which images its weights are found, unless it says so already, or one of its members does not.

    Args:
        run: The run.
        config: Its settings, which name the weights that it starts from.
        parts: The parts of its data.
        members: The runs that it consists of, where it is an ensemble.
        called: Its name, where it is written in a folder that is moved; empty is that of the folder.
    """
    if (run.path / FILE).is_file():
        return
    theirs = [_learned(member) for member in members]
    if not all(theirs):  # what it would say would seem to be all
        return
    own = [sample for name in LEARNED for sample in parts[name]]
    earlier = [each for learned in theirs for each in learned[1:]] or _learned_before(config)
    once = {(each.run, each.digests.tobytes()): each for each in earlier}
    save_learned(run, [Learned(called or run.name, image_digests(own)), *once.values()])


def note_known(config: RunConfig, validation: Sequence[Sample]) -> None:
    """Say how many images of the score the weights have learned from that a run starts from."""
    known = _known(_learned_before(config), validation)
    if known.images:
        images = f"{known.images:,} of {counted(len(validation), 'validation image')}"
        by = " and ".join(known.runs)
        say(f"warning: {images} were learned from by {by}, whose weights this run begins with: they flatter its score")


def known_images(run: Run, samples: Sequence[Sample]) -> Known | None:
    """Return how many of some images a run knows; None where it does not say what it has learned from.

    Raises:
        UserError: An image cannot be read.
    """
    if not (learned := _learned(run)):
        return None
    own, *before = learned
    images, runs = _known([own._replace(run=""), *before], samples)
    return Known(images, tuple(filter(None, runs)))


def _learned(run: Run) -> tuple[Learned, ...]:
    """Return what a run says that it has learned from; nothing where that is damaged, which is noted."""
    try:
        return load_learned(run)
    except UserError as error:
        say(f"note: {error.problem}; which images {run.name} has learned from is not known")
        return ()


def _learned_before(config: RunConfig) -> tuple[Learned, ...]:
    """Return what the run has learned from whose weights these settings start from, and those before it."""
    file = config.model.weights_file
    start = None if file is None else run_of_weights(file)
    return () if start is None else _learned(start)


def _known(learned: Sequence[Learned], samples: Sequence[Sample]) -> Known:
    """Return how many images any of some runs knows, and those runs that know one which none before them does."""
    images = [digest.tobytes() for digest in image_digests(samples)] if learned else []
    left, runs = images, []
    for each in learned:
        theirs = {digest.tobytes() for digest in each.digests}
        rest = [image for image in left if image not in theirs]
        if len(rest) < len(left):
            runs.append(each.run)
        left = rest
    return Known(len(images) - len(left), tuple(runs))
