"""The models of a study's part, as they are made by varying factors around a baseline."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from pixelproof.config.overrides import flattened, same_setting
from pixelproof.errors import UserError
from pixelproof.runs.files import file_name
from pixelproof.schema import Strict
from pixelproof.study.candidates import MOST
from pixelproof.study.entries import Levels, ModelEntry

BASELINE = "baseline"


class Vary(Strict):
    """Factors whose effect a part measures.

    A level is either a text that fills the factor's place in ``model``, or settings as in ``--set``.
    """

    model: str
    """The model's name with a place for each factor that decides it, such as ``fcn{skips}{upsampling}-bn``."""
    factors: dict[str, dict[str, str | dict[str, Any]]] = Field(min_length=1)
    """Factors by name, each with its levels by name; levels are compared with the factor's level in ``baseline``."""
    baseline: Levels = Field(default_factory=dict)
    """The level of each factor that others are compared with; a factor left out takes its first level."""
    design: Literal["one-at-a-time", "full"] = "one-at-a-time"
    """Change one factor of the baseline at a time, or train every combination."""
    also: tuple[Levels, ...] = ()
    """Further combinations, each given by the factors in which it differs from the baseline."""

    @model_validator(mode="after")
    def _check(self) -> Vary:
        for factor, levels in self.factors.items():
            if len(levels) < 2:
                raise ValueError(f"factor '{factor}' has fewer than two levels")
            if len({type(level) for level in levels.values()}) > 1:
                raise ValueError(f"the levels of '{factor}' are texts and settings; make them all one kind")
            placed = f"{{{factor}}}" in self.model
            if placed != isinstance(next(iter(levels.values())), str):
                what = "has a place in 'model', so its levels must be texts" if placed else "has no place in 'model'"
                raise ValueError(f"factor '{factor}' {what}")
        if strangers := set(re.findall(r"{(.*?)}", self.model)) - set(self.factors):
            raise ValueError(f"'model' has a place for '{min(strangers)}', which is not a factor")
        for factor, level in itertools.chain(*(levels.items() for levels in (self.baseline, *self.also))):
            if level not in self.factors.get(factor, {}):
                known = [f"{name}: {one}" for name, all_levels in self.factors.items() for one in all_levels]
                raise ValueError(f"'{factor}: {level}' is not a factor and level; known are {', '.join(known)}")
        self._check_settings()
        if self.design == "full" and (count := math.prod(map(len, self.factors.values()))) > MOST:
            raise ValueError(f"these factors make {count:,} models, more than {MOST:,}; give fewer, or no design: full")
        names = [self._name(levels) for levels in self._cells()]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two combinations of levels would both be named '{min(repeated)}'; rename a level")
        return self

    def _check_settings(self) -> None:
        """Refuse two factors that set the same: one would undo the other, and be measured all the same."""
        for (one, its), (other, others) in itertools.combinations(self.factors.items(), 2):
            pairs = itertools.product(_set_by(its.values()), _set_by(others.values()))
            if twice := [a for a, b in pairs if same_setting(a, b)]:
                raise ValueError(f"factors '{one}' and '{other}' both set '{twice[0]}'; make them one factor")

    def keys(self) -> set[str]:
        """Return the settings that the factors change."""
        return {key for levels in self.factors.values() for key in _set_by(levels.values())}

    def refuse_override(self, text: str) -> None:
        """Refuse a change of the command line, ``key=value``, that would undo a factor, to be measured all the same.

        Raises:
            UserError: A factor sets that.
        """
        key = text.partition("=")[0].strip()
        for factor, levels in self.factors.items():
            if any(same_setting(key, own) for own in _set_by(levels.values())):
                problem = f"--set {text}: the study varies '{factor}', which sets {key}"
                raise UserError(problem, "change the factor's levels in the study file")

    @property
    def reference(self) -> Levels:
        """The level of every factor in the baseline."""
        return {factor: self.baseline.get(factor, next(iter(levels))) for factor, levels in self.factors.items()}

    def entries(self) -> dict[str, ModelEntry]:
        """Return the models to train by name, the baseline first."""
        return {self._name(levels): self._entry(levels) for levels in self._cells()}

    def _cells(self) -> Iterator[Levels]:
        reference = self.reference
        yield reference
        if self.design == "full":
            every = (dict(zip(self.factors, cell, strict=True)) for cell in itertools.product(*self.factors.values()))
            yield from (levels for levels in every if levels != reference)
            return
        for factor, levels in self.factors.items():
            yield from (reference | {factor: level} for level in levels if level != reference[factor])
        yield from (reference | levels for levels in self.also)

    def _name(self, levels: Levels) -> str:
        """Return a name for a folder, made of what differs from the baseline."""
        changed = [f"{factor}-{level}" for factor, level in levels.items() if level != self.reference[factor]]
        return file_name("_".join(changed)).strip("-") or BASELINE

    def _entry(self, levels: Levels) -> ModelEntry:
        model, settings = self.model, dict[str, Any]()
        for factor, level in levels.items():
            value = self.factors[factor][level]
            if isinstance(value, str):
                model = model.replace(f"{{{factor}}}", value)
            else:
                settings |= flattened(value)
        return ModelEntry(model=model, settings=settings, levels=levels)


def _set_by(levels: Iterable[str | dict[str, Any]]) -> list[str]:
    """Return the settings that a factor's levels change, those of groups by their paths."""
    return sorted({key for level in levels if isinstance(level, dict) for key in flattened(level)})
