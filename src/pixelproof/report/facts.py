"""The JSON facts of a run, checked when read. Keys that other versions add are passed over."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pixelproof.errors import UserError
from pixelproof.runs.atomic import read_json
from pixelproof.schema import Model, parse


class Facts(BaseModel):
    """Base of what is read from a JSON file that others may extend."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Architecture(Facts):
    """``architecture.json``: the size and reach of a network."""

    name: str = ""
    trained_as: str = ""
    """The network that was trained, where its batch norms were folded to give this one."""
    architecture: str = ""
    parameters: int | None = None
    macs: int | None = None
    receptive_field: int | None = None
    stride: int | None = None
    input: tuple[int, ...] = ()


class DataFacts(Facts):
    """What a run was trained on, by part of the data."""

    layout: str = ""
    images: dict[str, int] = {}
    fingerprint: dict[str, str] = {}


class Environment(Facts):
    """``environment.json``: what a run was made with, and how its training ended."""

    python: str = ""
    platform: str = ""
    packages: dict[str, str] = {}
    commit: str = ""
    command: str = ""
    device: str = ""
    data: DataFacts = DataFacts()
    seconds: float | None = None
    best_epoch: int | None = None
    best_score: float | None = None


def read_facts(kind: type[Model], path: Path) -> Model:
    """Read a file of facts.

    Raises:
        UserError: It is not a JSON object, or a value has the wrong type.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no JSON object", "restore it or train again")
    return parse(kind, values, str(path))
