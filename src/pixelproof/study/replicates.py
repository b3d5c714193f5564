"""The runs of one model: one for each seed and each fold of a cross-validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pixelproof.config.overrides import same_setting

DECIDED_BY = {"training.seed": "seeds", "data.cv_fold": "folds"}
"""Settings in which the runs of a model differ, and what of a part decides them."""


@dataclass(frozen=True)
class Replicate:
    """One run of a model among its others.

    Attributes:
        seed: Place of its seed among those of the model.
        fold: Place of its fold.
        settings: The settings in which it differs from the others; empty for a single run.
        of_seed: What the names of all that is of its seed have behind the model's.
        suffix: What the name of its folder has behind the model's.
    """

    seed: int = 0
    fold: int = 0
    settings: Mapping[str, int | str] = field(default_factory=dict)
    of_seed: str = ""
    suffix: str = ""

    @property
    def first(self) -> bool:
        """Whether it comes before all others of the model."""
        return not self.seed and not self.fold


SINGLE = Replicate()
"""The one run of a model that has no others."""


def replicates(seeds: Sequence[int], folds: int | None) -> tuple[Replicate, ...]:
    """Return a run for each seed and fold, those of a seed together; the seed of the settings and no folds by default.

    Args:
        seeds: The seeds.
        folds: How many folds, the same for all seeds.
    """
    runs = tuple(_of_seed(*each) for each in enumerate(seeds)) or (SINGLE,)
    return tuple(_of_fold(run, fold, folds) for run in runs for fold in range(folds)) if folds else runs


def _of_seed(place: int, seed: int) -> Replicate:
    name = f".seed-{seed}" if place else ""
    return Replicate(place, settings={"training.seed": seed}, of_seed=name, suffix=name)


def _of_fold(run: Replicate, place: int, folds: int) -> Replicate:
    settings = {**run.settings, "data.cv_fold": f"{place + 1}/{folds}"}
    return replace(run, fold=place, settings=settings, suffix=f"{run.of_seed}.fold-{place + 1}")


def distinct(seeds: Sequence[int]) -> None:
    """Refuse seeds of which one is given twice.

    Raises:
        ValueError: One is.
    """
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed is given twice")


def refuse_decided(settings: Iterable[str], decided: str) -> None:
    """Refuse a setting that a part decides for each run, which would undo it.

    Args:
        settings: What is set.
        decided: What is decided, one of ``DECIDED_BY``.

    Raises:
        ValueError: It is among them.
    """
    if any(same_setting(key, decided) for key in settings):
        name, by = decided.rpartition(".")[2], DECIDED_BY[decided]
        raise ValueError(f"'{name}' has no effect beside '{by}', which decide it; change those")
