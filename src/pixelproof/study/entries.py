"""The models of a study's part, as they are listed one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from pixelproof.config.model import LOOKS
from pixelproof.config.overrides import flattened, same_setting
from pixelproof.errors import UserError
from pixelproof.models.ensemble import ENSEMBLE
from pixelproof.schema import Strict
from pixelproof.study.candidates import by_name, candidates
from pixelproof.study.replicates import Sizes, distinct, refuse_decided

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
