"""``rule.json``: the decision rule that a run keeps, by what it was chosen, and what was promised of it."""

from __future__ import annotations

import shlex
from typing import Literal, Self

from pydantic import Field, model_validator

from pixelproof.labels.thresholds import DEAREST, Threshold
from pixelproof.numbers import counted, share, significant
from pixelproof.runs.fields import Count, Number, Share
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

DIGITS = 10
"""Of numbers that are said as they were typed."""
SHARES = ("sensitivity", "specificity", "others_looked_at", "precision", "looked_at")
"""What a rule is judged by: see ``evaluation.threshold.Looked``."""


class ShareFacts(Strict):
    """A share of images, or of groups, and its 95% interval; None where it is undefined."""

    images: Count
    of: Count
    value: Number
    low: Number
    high: Number


class CostFacts(Strict):
    """What a rule costs, in false alarms."""

    missed: Count
    alarms: Count
    value: float = Field(ge=0)
    """The cost of 1,000 images, or groups."""
    low: Number
    high: Number


class Goal(Strict):
    """By what the threshold was chosen."""

    kind: Literal["find", "cost", "hand"]
    """To find a share of the class, for the least cost, or by hand."""
    value: float | None = Field(gt=0, le=DEAREST)
    """The share that is to be found, or how many false alarms missing one costs; None by hand."""
    promised: bool = False
    """Whether the share is found with a certainty of 95%."""
    trials: Count = 0
    """Images of the class that count for the promise, or groups."""
    needed: Count = 0
    """Of how many on it may be promised."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "hand") != (self.value is None) or (self.kind == "find" and not 0 < (self.value or 0) < 1):
            raise ValueError(f"a goal of the kind {self.kind} has no such value; choose the rule again")
        return self


class ChosenOn(Strict):
    """The scores that the rule was chosen on, and the network that gave them."""

    split: str
    scores: str = Field(pattern=r"^scores/[^/]+\.npz$")
    """The score file, by its path in the run folder."""
    digest: str
    """Of that file; another one has other scores in its place."""
    fingerprint: str
    """Of the images and labels."""
    images: Count
    rows: Count
    """Images, or groups where the rule is for these."""
    weights: str
    """Digest of the run's weights, whose probabilities the threshold is one of."""
    temperature: float = Field(gt=0)
    """That of these probabilities."""
    looks: str
    """How the network looked at each image; empty where that is not known."""


class Rule(Strict):
    """From which probability of a class on an image, or a group of images, is to be looked at."""

    version: Literal[1] = 1
    name: str = Field(min_length=1)
    """The class, or several as one, such as ``scratch+dent``."""
    classes: tuple[str, ...] = Field(min_length=1)
    """The classes whose probabilities are added up."""
    probability: Share
    unit: Literal["image", "group"]
    by: Literal["mean", "any"] | None = None
    """Of groups: whether the mean of their images' probabilities, or that of any image, has to reach it."""
    goal: Goal
    shares: dict[Literal["sensitivity", "specificity", "others_looked_at", "precision", "looked_at"], ShareFacts]
    """What it finds on the scores that it was chosen on."""
    cost: CostFacts | None = None
    labels: str
    """Hash of the label contract."""
    chosen: ChosenOn

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.unit == "group") != (self.by is not None):
            raise ValueError("a rule for groups says by what, and one for images does not; choose the rule again")
        if set(self.shares) != set(SHARES) or (self.goal.kind == "cost") != (self.cost is not None):
            raise ValueError("what the rule finds, or what it costs, is missing; choose the rule again")
        return self

    @property
    def threshold(self) -> Threshold:
        """The class and its probability."""
        return self.name, self.probability

    @property
    def of_images(self) -> bool:
        """Whether an image alone can be asked: a group is looked at if any of its images reaches the threshold."""
        return self.by != "mean"

    @property
    def says(self) -> str:
        """The rule as an order."""
        least = significant(self.probability, DIGITS)
        if self.unit == "image":
            return f"look at images from probability {least} of {self.name} on"
        if self.by == "any":
            return f"look at a group if any of its images has probability {least} of {self.name} or more"
        return f"look at groups from mean probability {least} of {self.name} on"

    @property
    def wanted(self) -> str:
        """By what the threshold was chosen, in words."""
        value = significant(self.goal.value, DIGITS)
        if self.goal.kind == "find":
            return f"chosen to find {significant(100 * (self.goal.value or 0), DIGITS)}% of {self.name}"
        if self.goal.kind == "cost":
            return f"chosen for the least cost where missing one costs {value} false alarms"
        return "set by hand and tested"

    @property
    def origin(self) -> str:
        """By what, and on which scores, it was chosen."""
        return f"{self.wanted}, on {self.chosen.split} ({counted(self.chosen.rows, self.unit)})"

    @property
    def promise(self) -> str:
        """What was promised, or that nothing was."""
        found = share(self.shares["sensitivity"].value)
        if self.goal.promised:
            return f"at least {significant(100 * (self.goal.value or 0), DIGITS)}% found, with 95% certainty"
        if self.goal.kind == "find":
            # Of images that are in groups, one of each counts.
            independent = counted(self.goal.trials, f"independent {self.unit}")
            few = f"{independent} of it, and {self.goal.needed:,} are needed"
            return f"nothing is promised ({few}); {found} were found on {self.chosen.split}"
        return f"nothing is promised; {found} were found on {self.chosen.split}"

    @property
    def options(self) -> str:
        """What is typed behind ``score SCORES.npz`` to choose it again."""
        name = shlex.quote(self.name)
        groups = {None: "", "mean": "--per-group ", "any": f"--per-group --any {name} "}[self.by]
        word = "threshold" if self.goal.kind == "hand" else self.goal.kind
        value = self.probability if self.goal.value is None else self.goal.value
        return f"{groups}--{word} {shlex.quote(f'{self.name}={significant(value, DIGITS)}')}"

    def brief(self) -> dict[str, object]:
        """Return what a program needs to apply it, and where it comes from, as plain data."""
        facts = {"class": self.name, "classes": list(self.classes), "probability": self.probability}
        facts |= {"unit": self.unit, "by": self.by, "goal": self.goal.kind, "wanted": self.goal.value}
        facts |= {"promised": self.goal.promised, "split": self.chosen.split, "says": self.says}
        return facts | {"chosen": self.origin, "promise": self.promise}


save_rule, load_rule = record_file(Rule, "decision rule", "choose the rule again, or delete the file,")
"""Write and read a ``rule.json``."""
