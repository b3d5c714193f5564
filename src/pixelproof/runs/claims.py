"""What is claimed of the models of a study's part, and the tests that decide it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pixelproof.languages import Language
from pixelproof.schema import Strict

METRICS_OF = {
    "classification": ("accuracy",),
    "segmentation": ("miou", "edges", "interior", "boundary_iou", "boundary_f1", "mosaic"),
}
"""What can be claimed of the models of a task; see ``ClaimTest.metric``."""


class ClaimTest(Strict):
    """One thing that must be so for a claim to hold."""

    model: str
    """The model of which the claim says something."""
    against: str | None = None
    """The model that it is said to surpass; none for ``mosaic``."""
    metric: Literal["miou", "edges", "interior", "boundary_iou", "boundary_f1", "accuracy", "mosaic"] = "miou"
    """In what ``model`` surpasses ``against``; ``mosaic``: its boundaries follow the grid of ``stride``."""
    stride: Literal[8, 16, 32] = 32
    """For ``mosaic``: pixels between the lines of the grid."""

    @model_validator(mode="after")
    def _check(self) -> ClaimTest:
        if (self.against is None) != (self.metric == "mosaic"):
            raise ValueError("every test but 'metric: mosaic' needs 'against', and that one takes none")
        return self


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
