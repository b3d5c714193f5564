"""The runs of one model: one for each seed, or one for each fold of a cross-validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pixelproof.config.overrides import same_setting

DECIDED_BY = {"training.seed": "seeds", "data.cv_fold": "folds"}
"""Settings in which the runs of a model differ, and what of a part decides them."""


@dataclass(frozen=True)
class Replicate:
    """One run of a model among its others.

    Attributes:
        setting: The setting in which it differs from them; empty for a single run.
        value: Its value of that.
        suffix: What the name of its folder has behind the model's.
    """

    setting: str = ""
    value: int | str = ""
    suffix: str = ""

    @property
    def decided_by(self) -> str:
        """The key of a part that decides the setting."""
        return DECIDED_BY[self.setting]


SINGLE = Replicate()
"""The one run of a model that has no others."""


def of_seeds(seeds: Sequence[int]) -> tuple[Replicate, ...]:
    """Return a run for each seed; without any, the one run with the seed of its settings."""
    runs = (Replicate("training.seed", seed, f".seed-{seed}" if place else "") for place, seed in enumerate(seeds))
    return tuple(runs) or (SINGLE,)


def of_folds(count: int) -> tuple[Replicate, ...]:
    """Return a run for each of so many folds."""
    return tuple(Replicate("data.cv_fold", f"{fold}/{count}", f".fold-{fold}") for fold in range(1, count + 1))


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
