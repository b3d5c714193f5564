"""What stands beside the weights of a run: the network's description, its temperature, masks, images for proofs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pixelproof.config import ModelConfig, RunConfig
from pixelproof.data import DataFolder, Parts, Sample
from pixelproof.data.reader import ImageReader
from pixelproof.data.run_data import proof_image
from pixelproof.data.splits import limit
from pixelproof.errors import UserError
from pixelproof.evaluation.calibrate import calibrate
from pixelproof.explanation.segmenter import show
from pixelproof.models import PixelModel, build_model, diagram, fold_batch_norm, packages_of, plain_name, summarise
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import large
from pixelproof.progress import say
from pixelproof.runs import Run, save_shown, write_json, write_text
from pixelproof.runs.calibration_file import save_calibration
from pixelproof.runs.facts import Architecture, read_facts
from pixelproof.runs.files import read_text
from pixelproof.runs.proof_images import COUNT, save_proof_images
from pixelproof.training.checkpoints import load_weights, save_weights

SHOWN = 3
"""Validation images of which a segmenter's masks are kept, for the run's page."""


def describe_network(run: Run, config: RunConfig, classes: int) -> None:
    """Write what the network of a run is, ``architecture.json`` and ``diagram.svg``, where it is missing or damaged."""
    with suppress(UserError):
        if read_facts(Architecture, run.architecture).architecture and "<svg" in read_text(run.diagram):
            return
    if run.last.is_file():
        say(f"{run.path}: the network's description is missing or damaged and is written again")
    # Described as it will be used: batch norms are folded into the convolutions after training.
    plain, size = _without_batch_norm(config.model), config.model.input_size or 512
    describe = _described.__wrapped__ if packages_of(plain) else _described  # which may be others by now
    facts, drawing = describe(plain, classes, size)
    write_json(run.architecture, facts | {"trained_as": config.model.name})
    write_text(run.diagram, drawing)


@lru_cache(8)  # a study has the same network of many seeds, folds and candidates
def _described(model: ModelConfig, classes: int, size: int) -> tuple[dict[str, Any], str]:
    """Return the facts of a network for an image of ``size`` pixels a side, and its diagram, an SVG file."""
    network = build_model(model, classes)
    return summarise(network, model.name, size), diagram(network, model.name, size)


def _without_batch_norm(model: ModelConfig) -> ModelConfig:
    members = tuple(map(_without_batch_norm, model.members))
    return model.without_weights().model_copy(update={"name": plain_name(model.name), "members": members})


def keep_proof_images(run: Run, config: RunConfig, data: DataFolder, parts: Parts) -> None:
    """Keep a few validation images in a run, on which other libraries must give its answers before they are used."""
    reader = ImageReader.of(config.model)
    save_proof_images(run, [proof_image(sample, data.scheme, reader) for sample in _of_proof(config, parts)])


def _of_proof(config: RunConfig, parts: Parts) -> Sequence[Sample]:
    return limit(parts["validation"], COUNT, config.data.split_seed)


def finish(run: Run, model: PixelModel, config: RunConfig, data: DataFolder, parts: Parts) -> None:
    """Read off the best weights what belongs beside them.

    For a model with batch norm that is the same function in the plain architecture; for all the temperature of their
    probabilities; for a segmenter its masks of a few images, for people to look at.
    """
    load_weights(run.best, model)
    plain, plain_config = fold_batch_norm(model.cpu().eval(), config.model)
    if plain_config != config.model:
        save_weights(run.plain, plain)
    if selection := parts["selection"]:
        predictor = Predictor(plain, data.scheme, config.training.device, config.training.precision)
        fitted = calibrate(predictor, selection, config.training.seed)
        run.calibration.unlink(missing_ok=True)  # of an earlier version, which took what is not told
        if fitted is not None:
            save_calibration(run.calibration, fitted)
    if data.task == "segmentation":
        answering = Predictor.open(run, config.training.device)  # as predict answers
        for sample in _of_proof(config, parts)[:SHOWN]:
            if not large(answering.model, *answering.reader.size(sample.image)):  # more than a page should hold
                save_shown(run.shown(sample.id), show(answering, sample))
