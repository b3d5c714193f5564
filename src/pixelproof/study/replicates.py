"""The runs of one model: one for each seed and each fold of a cross-validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import BeforeValidator

from pixelproof.config.overrides import same_setting
from pixelproof.config.run import Size

DECIDED_BY = {
    "training.seed": "seeds",
    "data.cv_fold": "folds",
    "data.train_limit": "train_sizes",
    "data.train_draw": "train_sizes",
}
"""Settings in which the runs of a model differ, and what of a part decides them."""


def _fewer(sizes: Any) -> Any:
    """Return sizes of the training set without that of all images, which is the model's in any case."""
    if not isinstance(sizes, list | tuple):
        return sizes
    kept = tuple(size for size in sizes if isinstance(size, bool) or size != 1)
    if len(set(map(str, kept))) < len(kept):
        raise ValueError("a size is given twice")
    return kept


Sizes = Annotated[tuple[Size, ...], BeforeValidator(_fewer)]
"""Several, as a study's file lists them."""


@dataclass(frozen=True)
class Replicate:
    """One run of a model among its others.

    Attributes:
        seed: Place of its seed among those of the model.
        fold: Place of its fold.
        settings: The settings in which it differs from the others; empty for a single run.
        of_seed: What the names of all that is of its seed have behind the model's.
        suffix: What the name of its folder has behind the model's.
        size: From how many of the training images, or which part of them, it learns; None for all.
    """

    seed: int = 0
    fold: int = 0
    settings: Mapping[str, int | float | str] = field(default_factory=dict)
    of_seed: str = ""
    suffix: str = ""
    size: Size | None = None

    @property
    def first(self) -> bool:
        """Whether it comes before all others of the model."""
        return not self.seed and not self.fold and self.size is None


SINGLE = Replicate()
"""The one run of a model that has no others."""


def replicates(seeds: Sequence[int], folds: int | None, sizes: Sequence[Size] = ()) -> tuple[Replicate, ...]:
    """Return a run for each seed and fold, those of a seed together; the seed of the settings and no folds by default.

    Args:
        seeds: The seeds.
        folds: How many folds, the same for all seeds.
        sizes: Fewer training images than all, from which the model learns as well, after it has from all.
    """
    runs = tuple(_of_seed(*each) for each in enumerate(seeds)) or (SINGLE,)
    runs += tuple(_of_size(run, size) for size in sizes for run in runs)
    return tuple(_of_fold(run, fold, folds) for run in runs for fold in range(folds)) if folds else runs


def _of_seed(place: int, seed: int) -> Replicate:
    name = f".seed-{seed}" if place else ""
    return Replicate(place, settings={"training.seed": seed}, of_seed=name, suffix=name)


def _of_size(run: Replicate, size: Size) -> Replicate:
    """Return a run with fewer images, which are others with each seed."""
    drawn = {"data.train_limit": size, "data.train_draw": run.settings.get("training.seed", 0)}
    name = f".train-{size}{run.of_seed}"
    return replace(run, settings={**run.settings, **drawn}, of_seed=name, suffix=name, size=size)


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
