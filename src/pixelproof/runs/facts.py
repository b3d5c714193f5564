"""The JSON facts of a run, checked when read. Keys that other versions add are passed over."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pixelproof.runs.fields import Count
from pixelproof.runs.files import read_object
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
    parameters: Count | None = None
    macs: Count | None = None
    receptive_field: Count | None = None
    stride: Count | None = None
    input: tuple[Count, ...] = ()


class DataFacts(Facts):
    """What a run was trained on, by part of the data."""

    layout: str = ""
    images: dict[str, Count] = {}
    fingerprint: dict[str, str] = {}
    left_out: dict[str, Count] = {}
    """How many images were left out on purpose, by the reason."""
    corrected: dict[str, Count] = {}
    """How many labels were corrected, by the class that the data give and the right one."""


class MemberFacts(Facts):
    """A run that has become a part of an ensemble."""

    run: str = ""
    """Its name."""
    model: str = ""
    seed: Count | None = None
    best_score: float | None = None
    chosen_by: str = ""
    """What that score is, in words; empty where that was not kept."""
    seconds: float | None = None
    weights: str = ""
    """Digest of its weights."""


class Environment(Facts):
    """``environment.json``: what a run was made with, and how its training ended."""

    python: str = ""
    platform: str = ""
    processor: str = ""
    """Its name; empty in runs of before, and so are the next two."""
    cpus: Count | None = None
    memory: Count | None = None
    """In bytes."""
    packages: dict[str, str] = {}
    commit: str = ""
    command: str = ""
    device: str = ""
    processes: Count = 1
    """How many trained it together."""
    data: DataFacts = DataFacts()
    labels: str = ""
    """Digest of ``labels.yaml``; empty in runs of before."""
    seconds: float | None = None
    best_epoch: Count | None = None
    best_score: float | None = None
    finished: bool = False
    """Whether training came to its end."""
    members: tuple[MemberFacts, ...] = ()
    """The runs that it consists of, where it is an ensemble."""


def read_facts(kind: type[Model], path: Path) -> Model:
    """Read a file of facts.

    Raises:
        UserError: It is not a JSON object, or a value has the wrong type.
    """
    return parse(kind, read_object(path, "restore it or train again"), str(path))
