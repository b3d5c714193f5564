"""The settings of a run, from what the user says and what the data decides."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pixelproof.config import ModelConfig, RunConfig, apply_overrides, default_config, run_settings
from pixelproof.config.prolong import prolonged
from pixelproof.data import DataFolder, Sample
from pixelproof.data.reader import ImageReader, channel_statistics
from pixelproof.data.spread import spread
from pixelproof.errors import UserError
from pixelproof.models import check_model, known_models, normalisation, task_of
from pixelproof.runs import Run
from pixelproof.schema import nearest

_LOOKED_AT = 200
"""Images whose size is read to choose the input size."""
_LARGEST_INPUT = 224


def prepare(
    data: DataFolder,
    model: str | None,
    out: Path,
    weights: str | None,
    overrides: Sequence[str],
    *,
    resume: bool = False,
) -> RunConfig:
    """Return the settings of ``pixelproof train``.

    Raises:
        UserError: Options contradict each other, or a setting is refused.
    """
    if resume:
        if model or weights:
            raise UserError(
                "--resume goes on with the run's own settings",
                f"leave the other options out, or begin another run with --weights {Run(out).best}",
            )
        run = Run.open(out)
        config = run_settings(run)
        if config.model.members:
            raise UserError(f"{out} is an ensemble, which is not trained", "go on with the runs that it was made of")
        return prolonged(run, config, overrides)
    if model is None:
        names = ", ".join(known_models())
        raise UserError("--model is missing", f"give one of {names}, timm:NAME, smp:DECODER:ENCODER or plugin:NAME")
    config = apply_overrides(default_config(data.task, model), overrides)
    if config.model.name != model:
        raise UserError(f"--model says '{model}', and --set says '{config.model.name}'", "leave the latter out")
    if weights is not None:
        config = apply_overrides(config, {"weights": weights}, "--weights")
    return config


def normalised(config: RunConfig) -> RunConfig:
    """Return ``config`` with the normalisation of colours filled in that the network's weights expect.

    Raises:
        UserError: There is no such model, or no such weights of it.
    """
    check_model(config.model)
    if config.model.bands is not None:  # which nobody's weights were trained on; the images themselves decide
        return config
    mean, std = normalisation(config.model)
    return config.changed("model", mean=mean, std=std)


def settle(config: RunConfig, data: DataFolder, train: Sequence[Sample]) -> RunConfig:
    """Return ``config`` with what the network and the data decide filled in, checked against the data.

    Raises:
        UserError: There is no such model, it is for another task than the data, or a class has a weight that the data
            has not.
    """
    if task_of(config.model.name) != data.task:
        raise UserError(
            f"model '{config.model.name}' is for {task_of(config.model.name)}, the data in {data.root} for {data.task}",
            "choose another --model; 'pixelproof show --help' names them",
        )
    _refuse_strange_classes(config, data)
    config = normalised(config)
    weights = config.model.weights_file
    if weights is not None and Run.lies_in(weights):
        if run_settings(Run(weights)).model.members:
            problem = f"{weights} is an ensemble, whose weights are those of several networks"
            raise UserError(problem, "give --weights with checkpoints/best.safetensors of one of its members")
        raise UserError(f"{weights} is a run, and weights are a file", f"give --weights {Run(weights).best}")
    if weights is not None and not weights.is_file():
        raise UserError(
            f"the file of weights {weights} does not exist", "give --weights none, imagenet or the path of a file"
        )
    looked_at = spread(train, _LOOKED_AT)
    config = _measured(config, [sample.image for sample in looked_at])
    reader = ImageReader.of(config.model)
    sides = Counter(max(reader.size(sample.image)) for sample in looked_at)
    typical = min(sides.most_common(1)[0][0], _LARGEST_INPUT)
    if data.task == "classification" and config.model.input_size is None:
        return config.changed("model", input_size=max(typical, 8))
    if data.task == "segmentation" and config.augment.crop is not None:
        # A crop larger than every image, however far it is zoomed, would only add void.
        largest = math.ceil(max(sides) * max(1, config.augment.scale[1]) / 32) * 32
        crop = min(config.augment.crop, largest)
        return config.changed("augment", crop=crop)
    return config


def _refuse_strange_classes(config: RunConfig, data: DataFolder) -> None:
    """Refuse weights of classes of which nothing is learned: those that the data has not, and pixels to ignore."""
    named, scheme = config.training.class_weights, data.scheme
    learned = [c.name for c in scheme.classes if data.task == "classification" or not c.ignored]
    for name in named if isinstance(named, dict) else ():
        if name not in learned:
            problem = f"class_weights names '{name}', and {data.root} has no such class to learn"
            digits = "; a name of digits stands in quotes" if name.isdigit() else ""  # which YAML reads as a number
            raise UserError(problem, nearest(name, learned) + digits)


def _measured(config: RunConfig, images: Sequence[Path]) -> RunConfig:
    """Return ``config`` with what it leaves open of the bands it reads: their type, mean and standard deviation."""
    model = config.model
    if model.bands is None:
        return config
    if model.stretch is None and model.dtype is None:
        config = config.changed("model", dtype=ImageReader.of(model).type_of(images[0]))
    if model.mean and model.std:
        return config
    found = channel_statistics(ImageReader.of(config.model), tuple(images))
    return config.changed("model", mean=model.mean or found.mean, std=model.std or found.std)


def weights_of_other_input(config: ModelConfig) -> list[str]:
    """Return sentences if the weights that a network starts from lie in the run of one that sees images otherwise.

    They are taken all the same, for what they know of forms may serve for other bands, too.
    """
    file = config.weights_file
    if file is None:
        return []
    try:
        other = run_settings(Run.open(file.parent.parent)).model
    except UserError:  # weights from elsewhere say nothing of bands
        return []
    return [
        f"{file} was trained with {name}={_plain(theirs)}, and this network has {name}={_plain(ours)}"
        for name in (("mean", "std") if config.bands is None and other.bands is None else ("bands", "stretch"))
        if (theirs := getattr(other, name)) != (ours := getattr(config, name))
    ]


def _plain(value: Sequence[object] | None) -> str:
    """Return a setting as ``--set`` takes it."""
    return "null" if value is None else json.dumps(value).replace(" ", "")
