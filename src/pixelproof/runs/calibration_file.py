"""``calibration.json``: the temperature that makes a run's probabilities mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

VERSION: Literal[1] = 1


class Calibration(Strict):
    """A temperature and how it was found."""

    version: Literal[1] = VERSION
    temperature: float = Field(gt=0)
    """Logits are divided by it before softmax."""
    split: str
    """The images it was fitted on: never those that give the score."""
    images: int = Field(ge=1)
    samples: int = Field(ge=1)
    """Images, or pixels drawn from them, whose likelihood was maximised."""
    loss_before: float
    """Mean negative log-likelihood on them in nats at temperature 1."""
    loss_after: float
    """The same at the temperature found."""


save_calibration, load_calibration = record_file(Calibration, "calibration record", "train again")
"""Write and read a ``calibration.json``."""


def fitted_temperature(path: Path) -> float:
    """Return the temperature in a run's calibration file, 1 where none was fitted.

    Raises:
        UserError: The file is damaged.
    """
    return load_calibration(path).temperature if path.is_file() else 1.0
