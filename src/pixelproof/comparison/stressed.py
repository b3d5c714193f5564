"""All that is concluded of stressed models, from their score files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pixelproof.comparison.standing import standings
from pixelproof.comparison.stress import Tried, read_states, stressed
from pixelproof.runs.stress_file import Standing, StressedModel, StressRecord


@dataclass(frozen=True)
class Side:
    """Where the scores of one model lie.

    Attributes:
        path: Its run folder, as the user named it.
        untouched: The score file of images as they are.
        tried: The stresses, with theirs.
    """

    path: str
    untouched: str
    tried: Sequence[Tried]

    def files(self) -> list[str]:
        """Return all score files."""
        return [self.untouched, *(f for each in self.tried for f in (*each.before.values(), *each.files.values()))]


def concluded(
    folder: Path, sides: Mapping[str, Side], metric: str, margin: float, seed: int
) -> tuple[tuple[StressedModel, ...], tuple[Standing, ...]]:
    """Return what stress costs models, and which of two stands it better.

    Args:
        folder: Where score files lie.
        sides: The models by name.
        metric: What decides.
        margin: By how much the score may fall, as a share.
        seed: Seed of the resamples.

    Raises:
        UserError: A score file cannot be read.
        Refusal: There are too few images for an interval, or the metric is undefined on them.
    """
    states = {name: read_states(folder, side.files()) for name, side in sides.items()}
    models = tuple(
        stressed(name, side.path, side.untouched, side.tried, states[name], metric, margin, seed)
        for name, side in sides.items()
    )
    compared = {name: (side.untouched, side.tried, states[name]) for name, side in sides.items()}
    return models, standings(compared, metric, seed)


def sides_of(record: StressRecord) -> dict[str, Side]:
    """Return where the scores lie that a record was made of."""
    return {model.name: Side(model.path, model.untouched.scores, _tried(model)) for model in record.models}


def again(folder: Path, record: StressRecord) -> StressRecord:
    """Return a record as the score files in its folder make it now; raises as ``concluded``."""
    models, found = concluded(folder, sides_of(record), record.metric, record.margin, record.seed)
    return record.model_copy(update={"models": models, "standings": found})


def _tried(model: StressedModel) -> list[Tried]:
    found = []
    for each in model.curves:
        files = {cell.strength: cell.scores for cell in each.cells}
        before = {cell.strength: cell.before.scores for cell in each.cells if cell.before is not None}
        found.append(Tried(each.stress, each.unit, each.none, files, before))
    return found
