"""``train``: put data, model, loss and score together into a run folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pixelproof.config import RunConfig, run_settings
from pixelproof.data import DataFolder, Sample, arrange, fingerprint, open_data
from pixelproof.data.cache import decoded
from pixelproof.data.checking import check_parts
from pixelproof.data.loading import TrainingImages
from pixelproof.data.splits import limit
from pixelproof.errors import UserError
from pixelproof.evaluation.calibrate import calibrate
from pixelproof.evaluation.selection import selection_figure
from pixelproof.models import PixelModel, build_model, diagram, fold, fold_batch_norm, plain_name, summarise
from pixelproof.prediction import Predictor
from pixelproof.progress import say
from pixelproof.report.facts import Architecture, Environment, read_facts
from pixelproof.runs import Run, write_json, write_text
from pixelproof.runs.atomic import read_text
from pixelproof.runs.calibration_file import save_calibration
from pixelproof.runs.folder import ENVIRONMENT
from pixelproof.runs.proof_images import COUNT, save_proof_images
from pixelproof.study.parts import proof_image
from pixelproof.study.settings import prepare, settle
from pixelproof.training.balance import class_weights
from pixelproof.training.checkpoints import load_weights, save_weights
from pixelproof.training.device import describe, pick_device
from pixelproof.training.loop import Score, Trainer
from pixelproof.training.losses import make_loss
from pixelproof.training.speed import Speed, measured_peak, median_rate, multiply_adds


def train(data: DataFolder, config: RunConfig, out: Path, *, resume: bool = False, overwrite: bool = False) -> Run:
    """Train a model and return its run folder.

    Args:
        data: The labelled images.
        config: The settings; open ones, such as the input size, are settled by the data.
        out: The run folder; new, unless ``resume`` is given.
        resume: Go on with the run in ``out`` as its own ``config.yaml`` says.
        overwrite: Replace the run in ``out``.

    Raises:
        UserError: Model and data do not fit, ``out`` is taken, a file cannot be read, or training diverged.
    """
    run, config, model = _reopen(data, out) if resume else _begin(data, config, out, overwrite)
    parts = arrange(data, config.data)
    begun = run.last.is_file()
    try:
        check_parts(parts, data.scheme)
        shown = limit(parts["validation"], COUNT, config.data.split_seed)
        save_proof_images(run, [proof_image(sample, data.scheme) for sample in shown])
        images = TrainingImages(parts["train"], data.scheme, config)
        device = pick_device(config.training.device)
        weights = class_weights(images).to(device) if config.training.class_weights == "auto" else None
        trainer = Trainer(model, images, make_loss(config.training, weights), run)
        if begun:
            trainer.resume()
        progress = trainer.fit(selection_score(data, config, parts["selection"]))
    except UserError:
        if not resume and not run.last.is_file():  # a folder of this call alone, with nothing learned
            shutil.rmtree(run.path)
        raise
    _finish(run, trainer.result, config, data, parts["selection"])
    speed = _speed(trainer, config)
    write_json(run.path / ENVIRONMENT, run.environment() | {"finished": True, **vars(progress), "speed": speed.facts()})
    return run


def train_run(
    data: Path,
    model: str | None = None,
    out: Path = Path("run"),
    *,
    weights: str | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
) -> Run:
    """Train a model on a folder of labelled images and return its run folder.

    Args:
        data: The folder.
        model: The model's name; not given when resuming.
        out: The run folder to make.
        weights: "imagenet", "none" or a file of weights to start from.
        settings: Changes such as "epochs=10".
        resume: Go on with the run in ``out``.
        overwrite: Replace the run in ``out``.

    Raises:
        UserError: The data, the model or a setting is refused, or training diverged.
    """
    folder = open_data(Path(data))
    config = prepare(folder, model, Path(out), weights, settings, resume=resume)
    return train(folder, config, Path(out), resume=resume, overwrite=overwrite)


def describe_network(run: Run, config: RunConfig, classes: int) -> None:
    """Write what the network of a run is, ``architecture.json`` and ``diagram.svg``, where it is missing or damaged."""
    with suppress(UserError):
        if read_facts(Architecture, run.architecture).architecture and "<svg" in read_text(run.diagram):
            return
    if run.last.is_file():
        say(f"{run.path}: the network's description is missing or damaged and is written again")
    # Described as it will be used: batch norms are folded into the convolutions after training.
    name = plain_name(config.model.name)
    network = build_model(config.model.model_copy(update={"name": name, "weights": "none"}), classes)
    size = config.model.input_size or 512
    write_json(run.architecture, summarise(network, name, size) | {"trained_as": config.model.name})
    write_text(run.diagram, diagram(network, name, size))


def _begin(data: DataFolder, config: RunConfig, out: Path, overwrite: bool) -> tuple[Run, RunConfig, PixelModel]:
    """Settle what the data decides and start a run folder; weights that do not fit leave none behind."""
    parts = arrange(data, config.data)
    config = settle(config, data, parts["train"])
    model = _build(config, data, begun=False)
    facts = {
        "device": describe(pick_device(config.training.device)),
        "data": {
            "layout": data.layout,
            "images": {name: len(samples) for name, samples in parts.items()},
            "fingerprint": {name: fingerprint(samples) for name, samples in parts.items()},
        },
        "finished": False,
    }
    run = Run.create(out, config.model_dump(mode="json"), data.scheme, facts, overwrite)
    describe_network(run, config, len(data.scheme.classes))
    return run, config, model


def _reopen(data: DataFolder, out: Path) -> tuple[Run, RunConfig, PixelModel]:
    """Open a run to go on with, which takes the very data it began on."""
    run = Run.open(out)
    config = run_settings(run)
    train = arrange(data, config.data)["train"]
    began_on = read_facts(Environment, run.path / ENVIRONMENT).data.fingerprint.get("train")
    if began_on is None:
        raise UserError(f"{run.path / ENVIRONMENT} does not say what data the run began on", "restore it or train anew")
    if run.labels().hash != data.scheme.hash or fingerprint(train) != began_on:
        raise UserError(f"{data.root} is not the data that {out} began on", "resume it with that data, or train anew")
    describe_network(run, config, len(data.scheme.classes))
    return run, config, _build(config, data, begun=run.last.is_file())


def _build(config: RunConfig, data: DataFolder, begun: bool) -> PixelModel:
    """Build the network; one whose weights a checkpoint brings needs no others."""
    model = config.model.model_copy(update={"weights": "none"}) if begun else config.model
    return build_model(model, len(data.scheme.classes), config.training.seed)


def selection_score(data: DataFolder, config: RunConfig, samples: Sequence[Sample]) -> Score | None:
    """Return the function that picks the best checkpoint: accuracy or mIoU on ``samples``; None if there are none."""
    if not samples:
        return None
    pixels = decoded(samples, data.scheme, config.model.input_size, config.data.cache)

    def score(model: PixelModel) -> float:
        network = fold(model) if config.training.fold else model
        predictor = Predictor(network, data.scheme, config.training.device, config.training.precision)
        return selection_figure(predictor, pixels, [sample.label for sample in samples])

    return score


def _speed(trainer: Trainer, config: RunConfig) -> Speed:
    """Say how fast training was and, on a GPU, how much of it that used."""
    device, precision = trainer.device, config.training.precision
    speed = Speed(median_rate(trainer.run))
    if device.type == "cuda":
        batch, _ = next(trainer.batches.epoch(0))
        macs = multiply_adds(trainer.network, trainer.model.preprocessing(batch.to(device)))
        speed = Speed(speed.images_per_second, macs, measured_peak(device, precision))
    say(f"{trainer.run.name}: {speed}")
    return speed


def _finish(run: Run, model: PixelModel, config: RunConfig, data: DataFolder, selection: Sequence[Sample]) -> None:
    """Read off the best weights what belongs beside them.

    For a model with batch norm that is the same function in the plain architecture; for all the temperature of their
    probabilities.
    """
    load_weights(run.best, model)
    plain, plain_config = fold_batch_norm(model.cpu().eval(), config.model)
    if plain_config != config.model:
        save_weights(run.path / "checkpoints" / "plain.safetensors", plain)
    if selection:
        predictor = Predictor(plain, data.scheme, config.training.device, config.training.precision)
        if (calibration := calibrate(predictor, selection, "selection", config.training.seed)) is not None:
            save_calibration(run.calibration, calibration)
