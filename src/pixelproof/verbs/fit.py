"""Find the weights of a run that has begun: what each of the processes does that share the work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from pixelproof.config import RunConfig
from pixelproof.data import DataFolder, Sample, arrange
from pixelproof.data.cache import decoded
from pixelproof.data.loading import TrainingImages
from pixelproof.data.reader import ImageReader
from pixelproof.errors import UserError
from pixelproof.evaluation.selection import selection_counts, selection_figures
from pixelproof.models import PixelModel, build_model, fold
from pixelproof.numbers import counted
from pixelproof.prediction import Predictor
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.metric_names import told
from pixelproof.training.class_weights import class_weights
from pixelproof.training.loop import Score, Trainer
from pixelproof.training.losses import make_loss
from pixelproof.training.parallel import Parallel
from pixelproof.training.plugins import plugin_augmentation, plugin_losses
from pixelproof.training.speed import Speed, measured_peak, median_rate, multiply_adds

ONE_VALUE = "more than 1 value per channel"
"""From what torch's batch norm says where it sees one value, a batch of one image with a map of one cell."""


def fit(
    parallel: Parallel,
    device: torch.device,
    path: Path,
    data: DataFolder,
    config: RunConfig,
    model: PixelModel | None = None,
) -> None:
    """Train the model of a run, from its last checkpoint where there is one; leaves checkpoints, log and speed there.

    Args:
        parallel: The processes that share each batch.
        device: Where this one computes.
        path: The run folder.
        data: The labelled images.
        config: The run's settings.
        model: What ``start`` returns, where it has been called already; trained in place.

    Raises:
        UserError: A file cannot be read, or training diverged.
    """
    config = config.changed("training", device=str(device))
    run, parts = Run.open(path), arrange(data, config.data)
    begun = run.last.is_file()
    images = TrainingImages(parts["train"], data.scheme, config)
    weights = class_weights(images).to(device) if config.training.class_weights != "none" else None
    model = start(config, data, begun) if model is None else model
    num_classes = len(data.scheme.classes)
    losses = make_loss(config.training, weights, plugin_losses(config, num_classes, device))
    trainer = Trainer(model, images, losses, run, parallel, plugin_augmentation(config, num_classes))
    if begun:
        trainer.resume()
    try:
        progress = trainer.fit(selection_score(data, config, parts["selection"], parallel))
    except ValueError as error:
        if ONE_VALUE not in str(error):
            raise
        remedy = "give --set batch_size=2 or more, or larger images or crops"
        raise UserError("batch norm cannot learn from one value of a channel", remedy) from None
    if parallel.is_main and not run.facts().finished:  # else nothing was left to do
        if progress.epoch < config.training.epochs:
            scored = progress.best_score is not None
            why = f"no epoch after {progress.best_epoch} was better" if scored else "none had a score that is defined"
            say(f"{run.name}: training ended after epoch {progress.epoch} of {config.training.epochs}, as {why}")
        facts = {**vars(progress), "processes": parallel.size, "speed": _speed(trainer).facts()}
        if progress.best_score is not None:
            n = counted(len(parts["selection"]), "image")
            best = f"{config.chosen_by} {told(config.chosen_by, progress.best_score, 4)} on the selection part of {n}"
            say(f"{run.name}: {best}, in epoch {progress.best_epoch} of {progress.epoch}, whose weights are kept")
        run.note(facts)


def start(config: RunConfig, data: DataFolder, begun: bool) -> PixelModel:
    """Build the network of a run; one whose weights a checkpoint brings needs no others.

    Raises:
        UserError: It cannot be built, or its backbone is to learn otherwise than its head and neither is known.
    """
    settings = config.model.without_weights() if begun else config.model
    model = build_model(settings, len(data.scheme.classes), config.training.seed)
    if not model.head_parts and (config.training.freeze or config.training.backbone_lr != 1):
        problem = f"freeze and backbone_lr need the head of '{config.model.name}', which it does not name"
        raise UserError(
            problem, "leave them out, or let it be a PixelModel whose `head_parts` has the names of its last layers"
        )
    return model


def selection_score(data: DataFolder, config: RunConfig, samples: Sequence[Sample], parallel: Parallel) -> Score | None:
    """Return the function that picks the best checkpoint by ``samples``; None if there are none.

    It gives the cross-entropy there as well.
    """
    if not samples:
        return None
    pixels = decoded(samples, data.scheme, config.model.input_size, config.data.cache, ImageReader.of(config.model))
    labels, part = [sample.label for sample in samples], parallel.part(len(samples))

    def score(model: PixelModel) -> tuple[float, float]:
        network = fold(model) if config.training.fold else model
        predictor = Predictor(network, data.scheme, config.training.device, config.training.precision)
        counts, loss = selection_counts(predictor, pixels, labels, part)
        return selection_figures(parallel.total(counts), parallel.total(loss), data.scheme, config.training.choose_by)

    return score


def _speed(trainer: Trainer) -> Speed:
    """Say how fast training was and, on a GPU, how much of it that used."""
    device, processes, config = trainer.device, trainer.parallel.size, trainer.config
    speed = Speed(median_rate(trainer.run, config.freeze))
    if device.type == "cuda" and config.freeze < config.epochs:  # of a frozen network's gradients most are not computed
        batch, _ = next(trainer.batches.epoch(0))
        macs = multiply_adds(trainer.network, trainer.model.preprocessing(batch.to(device)))
        speed = Speed(speed.images_per_second, macs, processes * measured_peak(device, config.precision))
    say(f"{trainer.run.name}: {speed}")
    return speed
