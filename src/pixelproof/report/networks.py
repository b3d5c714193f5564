"""What a page shows of the networks of a part: their size, their structure, and how PyTorch prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pixelproof.report.provenance as provenance
from pixelproof.report.key_results import enumerated
from pixelproof.report.model_artefacts import ModelArtefacts
from pixelproof.report.pictures import Picture, svg_uri


@dataclass(frozen=True)
class Network:
    """An architecture on the page, and what of its models is missing."""

    name: str
    """Of the model, or of all that have it."""
    facts: list[provenance.Fact]
    text: str
    diagram: Picture | None
    missing: tuple[str, ...]


def networks(models: Sequence[ModelArtefacts]) -> list[Network]:
    """Return what the models are, those that are the same network together."""
    groups: dict[object, list[ModelArtefacts]] = {}
    for model in models:
        groups.setdefault((model.architecture, model.diagram, model.missing), []).append(model)
    return [_network(group[0], enumerated([model.name for model in group])) for group in groups.values()]


def _network(model: ModelArtefacts, names: str) -> Network:
    diagram = None
    if model.diagram is not None:
        caption = f"Structure of {names}. {_training(model)}".rstrip(". ") + "."
        diagram = Picture(svg_uri(model.diagram.encode()), f"Structure diagram of {names}", caption)
    text = model.architecture.architecture if model.architecture else ""
    return Network(names, provenance.network_facts(model), text, diagram, model.missing)


def _training(model: ModelArtefacts) -> str:
    """Say that another network was trained, where that is so."""
    network = model.architecture
    if network is None or network.trained_as in ("", network.name):
        return ""
    return f"Trained as {network.trained_as}; its batch norms are then folded into the convolutions, exactly."
