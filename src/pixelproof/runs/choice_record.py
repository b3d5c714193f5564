"""What ``study.json`` says of a choice among candidates: what each reached on the selection part, and which was taken.

What is undefined is None. Differences are shares, not percentage points.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from pixelproof.runs.fields import Count, Estimate, Inside, Number
from pixelproof.runs.folder import Run
from pixelproof.runs.metric_names import PATTERN
from pixelproof.schema import Strict

SELECTION = "selection"
"""The part of train by which epochs, temperatures and candidates are chosen."""


class Candidate(Strict):
    """One of those that a model was chosen among, with what it reached on the selection part."""

    name: str = Field(min_length=1)
    settings: dict[str, Any] = Field(default_factory=dict)
    """In what it may differ from the others: its settings, and the network as ``model``."""
    runs: tuple[Inside, ...] = Field(min_length=1)
    """Its run with each seed, relative to the study folder, with forward slashes."""
    diverged: bool = False
    """Whether training a run of it came to numbers that are not finite, so that it has no figures."""
    scores: tuple[Number, ...] = ()
    """The figure of each run."""
    score: Number = None
    """Their mean."""
    spread: Number = None
    """Their standard deviation; None for a single run."""
    difference: Estimate | None = None
    """Its mean minus that of the chosen one; None for the chosen one itself, and where images are too few."""
    p: Number = None
    adjusted: Number = None
    """The p-value times the number of the others, so that the best is ruled out in at most 5 of 100 choices."""
    told: bool = False
    """Whether it can be told from the chosen one: it is worse."""


class ChoiceRecord(Strict):
    """A choice among candidates by the selection part of train."""

    metric: str = Field(pattern=PATTERN)
    """By what; see ``runs.metric_names``."""
    fold: Count | None = None
    """The fold it was made in, counted from 1; None where there are none."""
    images: Annotated[int, Field(ge=1, lt=2**63)]
    """Images of the selection part."""
    groups: Count | None = None
    """How many groups they form; None where every image stands for itself."""
    chosen: str
    candidates: tuple[Candidate, ...] = Field(min_length=2)

    @property
    def best(self) -> Candidate:
        """The chosen one."""
        return next(each for each in self.candidates if each.name == self.chosen)

    @property
    def open(self) -> list[Candidate]:
        """Those others that cannot be told from the chosen one; what is undefined is none of them."""
        others = (each for each in self.candidates if each.name != self.chosen)
        return [each for each in others if not each.told and each.score is not None]

    @property
    def files(self) -> list[str]:
        """The score file of each run of each candidate that has one."""
        return [selection_file(run) for each in self.candidates if not each.diverged for run in each.runs]

    @model_validator(mode="after")
    def _check(self) -> ChoiceRecord:
        names = [each.name for each in self.candidates]
        if len(set(names)) < len(names) or self.chosen not in names:
            raise ValueError(f"'{self.chosen}' is not one of the candidates, or two of them share a name")
        if self.best.diverged:
            raise ValueError(f"'{self.chosen}' is chosen, and its training diverged")
        return self


def selection_file(run: str) -> str:
    """Return where a run's scores of the selection part lie."""
    return Run(run).scores(SELECTION).as_posix()
