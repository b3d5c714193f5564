"""What ``stress`` is asked: of which runs and images, and in which states these are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixelproof.config import run_settings
from pixelproof.data import Sample, fingerprint
from pixelproof.data.layouts.listing import meant_split
from pixelproof.data.reader import ImageReader
from pixelproof.data.run_data import samples_for
from pixelproof.data.splits import limit
from pixelproof.data.stresses import Stress, chosen
from pixelproof.errors import UserError
from pixelproof.runs import Run

FEWEST = 2
"""Images that show how much others would differ."""
MEASURED = 64
"""Images that are measured, for how large strengths in pixels have to be, and what drift is like."""


@dataclass(frozen=True)
class Asked:
    """What is asked.

    Attributes:
        runs: The runs, by the names that tell them apart.
        data: The folder of labelled images.
        split: The part of it.
        samples: The images that are taken of it.
        of: How many it has.
        stresses: What they suffer, with strengths.
        left_out: Names of those that they do not, as the images do not allow them.
    """

    runs: Mapping[str, Run]
    data: Path
    split: str
    samples: tuple[Sample, ...]
    of: int
    stresses: tuple[Stress, ...]
    left_out: tuple[str, ...]

    @property
    def segmented(self) -> bool:
        """Whether the images have masks."""
        return self.samples[0].mask is not None


def read_question(
    paths: Sequence[Path],
    data: Path,
    split: str,
    only: Sequence[str] | None,
    strengths: Mapping[str, Sequence[float]],
    most: int | None,
    seed: int,
) -> Asked:
    """Return what is asked; see ``verbs.stress``.

    Raises:
        UserError: A run or the data cannot be read, or do not fit each other, or an option has a wrong value.
    """
    if not paths:
        raise UserError("no run is given", "give one or more")
    if most is not None and most < FEWEST:
        raise UserError(f"{most} images show nothing of how much others would differ", f"take {FEWEST} or more")
    runs, split = _named([Run.open(path) for path in paths]), meant_split(split)
    every = _same_images(runs, data, split)
    samples = limit(every, most, seed)
    models = [run_settings(run).model for run in runs.values()]
    segmented = every[0].mask is not None
    sides = [model.input_size for model in models if model.input_size]
    larger = 1.0 if segmented or not sides else _side(samples, ImageReader.of(models[0])) / max(sides)
    colours = all(model.bands is None for model in models)
    return Asked(runs, data, split, samples, len(every), *chosen(only, strengths, colours, larger))


def _same_images(runs: Mapping[str, Run], data: Path, split: str) -> tuple[Sample, ...]:
    """Return the images of a split, which are the same for all runs.

    Raises:
        UserError: They are not, as runs set other images aside.
    """
    parts = {name: samples_for(run, data, split) for name, run in runs.items()}
    (first, samples), *others = parts.items()
    for name, theirs in others:
        if fingerprint(theirs) != fingerprint(samples):
            problem = f"'{split}' of {data} holds other images for {name} than for {first}"
            raise UserError(problem, "give --split all or one that the data brings, or stress the runs one by one")
    return samples


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    """Return runs by their names, which have a number behind them where several share one."""
    found: dict[str, Run] = {}
    for run in runs:
        name, number = run.name, 1
        while name in found:
            number += 1
            name = f"{run.name} ({number})"
        found[name] = run
    return found


def _side(samples: Sequence[Sample], reader: ImageReader) -> float:
    """Return the shorter side of a usual image in pixels."""
    return float(np.median([min(reader.size(s.image)) for s in samples[:: max(1, len(samples) // MEASURED)]]))
