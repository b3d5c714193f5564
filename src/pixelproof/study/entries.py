"""The models of a study's part: listed one by one, or made by varying factors around a baseline."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from pixelproof.config.model import LOOKS
from pixelproof.config.overrides import flattened, same_setting
from pixelproof.errors import UserError
from pixelproof.models.ensemble import ENSEMBLE
from pixelproof.runs.files import file_name
from pixelproof.schema import Strict
from pixelproof.study.candidates import MOST, by_name, candidates
from pixelproof.study.replicates import Sizes, distinct, refuse_decided

BASELINE = "baseline"
Levels = dict[str, str]


class ModelEntry(Strict):
    """One model of a part."""

    model: str
    """The model's name, such as ``fcn8s-bn``."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of this run alone, as in ``--set``."""
    seeds: tuple[int, ...] = ()
    """Seeds of this model alone, instead of those of its part."""
    train_sizes: Sizes | None = None
    """Fewer training images from which this model learns as well, instead of those of its part; none where empty."""
    members: tuple[str, ...] = ()
    """Instead of ``model``: models before this one in the part, all of whose runs answer together as an ensemble."""
    choose: dict[str, ModelEntry] = Field(default_factory=dict)
    """Candidates by name: the one that is best on the selection part is the model."""
    levels: Levels = Field(default_factory=dict)
    """Level of each factor, where the part varies factors; filled in from there."""

    @property
    def candidates(self) -> Mapping[str, ModelEntry]:
        """Those among which it is chosen by name, or itself without one."""
        return self.choose or {"": self}

    @property
    def decided(self) -> set[str]:
        """The settings in which its candidates differ."""
        return {key for each in self.choose.values() for key in each.differs_from(self) if key != "model"}

    def differs_from(self, entry: ModelEntry) -> dict[str, Any]:
        """Return the settings that another one does not have alike, the network as ``model`` if that is one of them."""
        theirs = flattened(entry.settings)
        own = {key: value for key, value in flattened(self.settings).items() if theirs.get(key, self) != value}
        return ({} if self.model == entry.model else {"model": self.model}) | own

    @model_validator(mode="after")
    def _check(self) -> ModelEntry:
        if len(self.choose) == 1:
            raise ValueError(f"there is nothing to choose: '{next(iter(self.choose))}' is the one candidate")
        if (self.model == ENSEMBLE) != bool(self.members):
            raise ValueError("an ensemble has 'members', models that stand before it, and no 'model'")
        if self.members and self.train_sizes:
            raise ValueError("an ensemble has no 'train_sizes'; its members have")
        if self.members and (self.seeds or not set(self.settings) <= set(LOOKS)):
            raise ValueError(f"an ensemble has the seeds and settings of its members, but for {' and '.join(LOOKS)}")
        distinct(self.seeds)
        if self.seeds:
            settings = [key for each in self.candidates.values() for key in flattened(each.settings)]
            refuse_decided(settings, "training.seed")
        return self


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


def listed(value: Any) -> Any:
    """Return the ``models`` of a part with short forms, ``fcn8s: {epochs: 3}`` and ``fcn8s:``, written out."""
    if not isinstance(value, dict):
        return value
    return {name: _written_out(str(name), entry) for name, entry in by_name(value).items()}


def _written_out(name: str, entry: Any) -> Any:
    whole = _in_full(name, entry)
    if isinstance(whole, dict) and "choose" in whole:
        if "members" in whole:
            raise ValueError(f"'{name}' has 'members' and nothing to 'choose'; let one of its members be chosen")
        try:
            whole["choose"] = candidates(whole["choose"], whole["model"], whole.get("settings", {}))
        except ValueError as error:
            raise ValueError(f"in '{name}', {error}") from None
    return whole


def _in_full(name: str, entry: Any) -> Any:
    if entry is None:
        return {"model": name}
    if isinstance(entry, str):
        return {"model": entry}
    if isinstance(entry, Mapping) and "members" in entry:
        name = ENSEMBLE
    if isinstance(entry, Mapping) and not set(entry) <= set(ModelEntry.model_fields):
        own = {key: entry[key] for key in ("model", "seeds", "train_sizes", "members", "choose") if key in entry}
        return {"model": name, **own, "settings": {k: v for k, v in entry.items() if k not in own}}
    if isinstance(entry, Mapping):
        return {"model": name, **entry}
    return entry


def known_model(name: str, models: Mapping[str, ModelEntry], what: str) -> None:
    """Refuse a name that is none of a part's models.

    Raises:
        ValueError: It is none.
    """
    if name not in models:
        raise ValueError(f"{what} names '{name}', and its models are {', '.join(models)}")


def refuse_chosen(name: str, entry: ModelEntry, text: str) -> None:
    """Refuse a change of the command line, ``key=value``, that would make the candidates of a model alike.

    Raises:
        UserError: They are chosen by it.
    """
    key = text.partition("=")[0].strip()
    if any(same_setting(key, own) for own in entry.decided):
        raise UserError(f"--set {text}: the study chooses {key} of '{name}'", "change 'choose' in the study file")
