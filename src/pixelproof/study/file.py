"""The study file: which data, which models, which images to show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from pixelproof.config import RunConfig, Task, apply_overrides, default_config
from pixelproof.config.overrides import flattened
from pixelproof.config.run import Size
from pixelproof.errors import UserError
from pixelproof.runs.claims import Claim
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.files import file_name, read_yaml
from pixelproof.runs.metric_names import is_area
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.sizes_file import Equal
from pixelproof.runs.study_file import TEST
from pixelproof.schema import Strict, parse
from pixelproof.study.candidates import called
from pixelproof.study.entries import ModelEntry, known_model, listed, refuse_chosen
from pixelproof.study.replicates import DECIDED_BY, SINGLE, Replicate, Sizes, distinct, refuse_decided, replicates
from pixelproof.study.vary import Vary


class Part(Strict):
    """One data set with the models trained on it."""

    title: str = ""
    data: str
    """Folder of the data set, relative to ``--data``."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of every run of this part."""
    models: dict[str, ModelEntry] = Field(default_factory=dict)
    """Models by the name they have in the report; the first is the one others are compared with."""
    vary: Vary | None = None
    """Instead of ``models``: factors whose effect is measured."""
    seeds: tuple[int, ...] = ()
    """Each model is trained once with each of these seeds; one run with the settings' own seed by default."""
    train_sizes: Sizes = ()
    """Fewer training images from which each model learns as well, numbers of them or parts of all."""
    equal: Equal = "steps"
    """What runs with fewer images have as many of as those with all."""
    folds: int | None = Field(default=None, ge=2)
    """Each model is trained, with each seed, once for each of so many folds, and scored on all images of the data."""
    test: bool = False
    """At the end, each run is scored on the data's split test as well, and the models are compared there."""
    show: tuple[str, ...] = ()
    """Ids of validation images whose predicted masks the report shows."""
    embed: tuple[str, ...] = ()
    """Models whose features are drawn as a t-SNE map."""
    metric: str | None = None
    """By what the models are compared, such as "f1" or "recall:melanoma"; accuracy or mIoU by default."""
    claims: tuple[Claim, ...] = ()
    """What somebody says of the models, and the tests that decide whether it holds."""

    @field_validator("models", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return listed(value)

    @model_validator(mode="after")
    def _check(self) -> Part:
        if (self.vary is None) == (not self.models):
            raise ValueError("give either 'models' or 'vary'")
        distinct(self.seeds)
        if misplaced := sorted({*DECIDED_BY.values(), "equal"} & {*self._set_for(self.models.values())}):
            raise ValueError(f"'{misplaced[0]}' is no setting; write it beside 'data', where it is for all models")
        if self.seeds:
            own = [entry for entry in self.models.values() if not entry.seeds]
            refuse_decided(self._set_for(own), "training.seed")
        if sized := [entry for name, entry in self.trained.items() if self.sizes(name)]:
            for decided in ("data.train_limit", "data.train_draw"):
                refuse_decided(self._set_for(sized), decided)
        if self.folds:
            self._check_folds()
        runs = [called(name, each) for name, entry in self.trained.items() for each in entry.candidates]
        if taken := next((name for name in (COMPARISON, EVIDENCE, SIZES) if name in runs), None):
            raise ValueError(f"no model can be called '{taken}', as a file of the part is; rename it")
        if self.test and TEST in self.trained:
            raise ValueError(f"beside 'test: true' no model can be called '{TEST}'; rename it")
        for place, entry in enumerate(self.models.values()):
            before = dict(list(self.models.items())[:place])
            for name in entry.members:
                known_model(name, before, "'members'")
        for name in self.embed:
            known_model(name, self.trained, "'embed'")
        for claim in self.claims:
            for name in claim.models:
                known_model(name, self.trained, f"the claim '{claim.id}'")
        return self

    def _check_folds(self) -> None:
        """Refuse what does not go with folds."""
        refuse_decided(self._set_for(self.models.values()), "data.cv_fold")
        if self.embed:
            raise ValueError("'embed' maps what one network sees, and 'folds' train several; leave one of them out")
        claimed = [test.metric for claim in self.claims for test in claim.tests]
        if area := next((each for each in [self.metric or "", *claimed] if is_area(each)), None):
            raise ValueError(f"'{area}' is of one network's probabilities, and 'folds' train several; choose another")
        if self.test:
            raise ValueError(
                "'test' scores the one network of a run, and 'folds' train several; give it to a part without folds"
            )

    def _set_for(self, entries: Iterable[ModelEntry]) -> list[str]:
        """Return what is set for all models, by a factor, or for one of these."""
        every = [each for entry in entries for each in entry.candidates.values()]
        own = [key for entry in every for key in flattened(entry.settings)]
        return [*flattened(self.settings), *own, *(self.vary.keys() if self.vary else ())]

    @property
    def trained(self) -> dict[str, ModelEntry]:
        """The models that are trained, listed or made by varying factors."""
        return self.models if self.vary is None else self.vary.entries()

    def replicates(self, model: str) -> tuple[Replicate, ...]:
        """Return the runs of a model, one for each seed and fold; an ensemble is of all seeds."""
        listed = self.trained[model]
        return replicates(() if listed.members else listed.seeds or self.seeds, self.folds, self.sizes(model))

    def sizes(self, model: str) -> tuple[Size, ...]:
        """Return from how many images fewer than all a model learns as well; an ensemble does not."""
        listed = self.trained[model]
        own = self.train_sizes if listed.train_sizes is None else listed.train_sizes
        return () if listed.members else own


class StudyFile(Strict):
    """A study, as written by its author."""

    name: str = Field(pattern=r"^[\w-]+$")
    title: str = ""
    parts: dict[str, Part] = Field(min_length=1)


def read_study(path: Path) -> StudyFile:
    """Read a study file.

    Raises:
        UserError: It cannot be read, is not YAML, or a key or value is refused.
    """
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no study", "start it with 'name:' and 'parts:'")
    study = parse(StudyFile, values, str(path))
    models = [model for part in study.parts.values() for model in part.trained.items()]
    for name in [*study.parts, *(name for name, _ in models), *(each for _, entry in models for each in entry.choose)]:
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise UserError(f"{path}: '{name}' cannot name a folder", "use letters, digits, '_', '-' and '.'")
    figures: dict[str, str] = {}
    for place in (f"{part}/{model}" for part, entry in study.parts.items() for model in entry.embed):
        if (other := figures.setdefault(file_name(place), place)) != place:
            raise UserError(f"{path}: the maps of '{other}' and '{place}' would share a file", "rename one of them")
    return study


def builtin_study(name: str) -> StudyFile:
    """Read a study that comes with Pixelproof, such as "demo"."""
    with as_file(files("pixelproof.study") / "studies" / f"{name}.yaml") as path:
        return read_study(path)


def run_config(
    study: StudyFile,
    part: str,
    model: str,
    task: Task,
    overrides: tuple[str, ...],
    own: Replicate = SINGLE,
    candidate: str = "",
) -> RunConfig:
    """Return the settings of one run: defaults, then the part's, the model's, and those of the command line.

    An override such as ``segmentation.epochs=3`` that starts with a part's name is for that part alone. ``own`` is
    what this run has of its own among those of the model, or of one of its candidates.
    """
    named = study.parts[part].trained[model]
    entry = named.candidates[candidate]
    config = default_config(task, entry.model)
    config = apply_overrides(config, study.parts[part].settings, f"settings of part '{part}'")
    config = apply_overrides(config, entry.settings, f"settings of '{called(model, candidate)}'")
    mine = [text for owner, text in (_owned(study, text) for text in overrides) if owner in (None, part)]
    for text in mine:
        refuse_chosen(model, named, text)
        if vary := study.parts[part].vary:
            vary.refuse_override(text)
    changed = apply_overrides(config, mine)
    for setting, value in own.settings.items():
        by, (section, name) = DECIDED_BY[setting], setting.split(".")
        if getattr(getattr(changed, section), name) != getattr(getattr(config, section), name):
            problem = f"part '{part}' has {by} of its own, so --set {name}=... has no place"
            raise UserError(problem, f"change its '{by}'")
        changed = apply_overrides(changed, {setting: value}, f"{by} of part '{part}'")
    return changed


def _owned(study: StudyFile, text: str) -> tuple[str | None, str]:
    """Return the part that an override is for, None for all, and the override without the part's name."""
    named = [part for part in study.parts if text.startswith(f"{part}.")]
    if not named:
        return None, text
    part = max(named, key=len)
    rest = text.removeprefix(f"{part}.")
    if part in RunConfig.model_fields:
        problem = f"--set {text}: '{part}' is a part of the study, and a group of settings"
        raise UserError(problem, f"write --set {rest} for all parts, or rename this one")
    return part, rest
