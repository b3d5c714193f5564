"""What is claimed of the models of a study's part, and the tests that decide it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pixelproof.labels import LabelScheme
from pixelproof.languages import Language
from pixelproof.runs.metric_names import FIGURES, known_metric, parted
from pixelproof.schema import Strict, nearest

PARTS = ("edges", "interior")
"""Parts of the gain in mIoU, near true boundaries and far from them."""


class ClaimTest(Strict):
    """One thing that must be so for a claim to hold."""

    model: str
    """The model of which the claim says something."""
    against: str | None = None
    """The model that it is said to surpass; none for ``mosaic``."""
    metric: str = "miou"
    """In what ``model`` surpasses ``against``: one of ``runs.metric_names``, or of ``PARTS``; ``mosaic``: its
    boundaries follow the grid of ``stride``."""
    stride: Literal[8, 16, 32] = 32
    """For ``mosaic``: pixels between the lines of the grid."""

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str) -> str:
        figure, known = parted(value)[0], [*FIGURES, *PARTS, "mosaic"]
        if figure not in known:
            raise ValueError(f"there is no metric '{figure}'; {nearest(figure, known)}")
        return value

    @model_validator(mode="after")
    def _check(self) -> ClaimTest:
        if (self.against is None) != (self.metric == "mosaic"):
            raise ValueError("every test but 'metric: mosaic' needs 'against', and that one takes none")
        return self


def refuse_metric(metric: str, scheme: LabelScheme) -> None:
    """Refuse what cannot be claimed of models that are scored under a label contract.

    Raises:
        UserError: They have no such metric.
    """
    if scheme.task != "segmentation" or metric not in (*PARTS, "mosaic"):
        known_metric(metric, scheme)


class Claim(Strict):
    """What somebody says of the models of a part, and the tests that decide it."""

    id: str = Field(pattern=r"^[\w-]+$")
    says: dict[Language, str] = Field(min_length=1)
    """The claim in words, by language."""
    tests: tuple[ClaimTest, ...] = Field(min_length=1)
    """The claim is confirmed if all of them hold, refuted if one is found to be the other way round."""

    @field_validator("says", mode="before")
    @classmethod
    def _plain_text(cls, value: Any) -> Any:
        return {"en": value} if isinstance(value, str) else value

    @property
    def models(self) -> set[str]:
        """The models that the tests name."""
        return {name for test in self.tests for name in (test.model, test.against) if name is not None}
