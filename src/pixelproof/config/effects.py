"""What settings do not do beside others, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.config.run import RunConfig
from pixelproof.schema import Strict


def without_effect(config: RunConfig) -> list[str]:
    """Return a sentence for each setting that the others leave without its effect."""
    return [*_of_network(config), *_of_images(config), *_of_losses(config), *_of_course(config)]


def _of_network(config: RunConfig) -> Iterator[str]:
    model = config.model
    if model.width != 1 and ":" in model.name:
        yield "width is for the VGG and FCN family"
    if _chosen(model, "dropout") and not model.name.startswith("vgg16"):
        yield "dropout is for the classifier of VGG16"
    if model.stretch and model.bands is None:
        yield "stretch is for images that are read by their bands, and bands are not set"
    if model.dtype and model.bands is None:
        yield "dtype is for images that are read by their bands, and bands are not set"
    if model.dtype and model.stretch:
        yield "dtype is for images that are not stretched, and stretch is set"


def _of_images(config: RunConfig) -> Iterator[str]:
    augment = config.augment
    if config.data.cv_fold and _chosen(config.data, "validation"):
        yield f"validation is for data that is not divided into folds, and cv_fold={config.data.cv_fold} is set"
    if config.task == "classification" and augment.crop:
        yield "crop is for segmentation; classifiers have scale, shift and input_size"
    if config.task == "segmentation" and augment.shift:
        yield "shift is for classification; segmenters have crop"
    if config.task == "segmentation" and augment.scale != (1.0, 1.0) and not augment.crop:
        yield "scale is that of crops, and crop is not set"


def _of_losses(config: RunConfig) -> Iterator[str]:
    training = config.training
    if training.label_smoothing and "cross-entropy" not in training.losses:
        yield "label_smoothing is for cross-entropy, which is not part of the loss"
    if training.class_weights != "none" and training.losses.isdisjoint(("cross-entropy", "focal")):
        yield "class_weights are for cross-entropy and focal, which are not part of the loss"
    if config.task == "classification" and training.batch_size == 1 and training.class_weights != "none":
        yield "class_weights weigh the images of a batch against each other, and batch_size is 1"
    if _chosen(training, "finish_from") and not training.finish:
        yield "finish_from is for finish, which is not set"
    if training.finish and round(training.epochs * training.finish_from) >= training.epochs:
        which = f"finish_from={training.finish_from:g} of epochs={training.epochs}"
        yield f"finish never begins: {which} is after the last"


def _of_course(config: RunConfig) -> Iterator[str]:
    training = config.training
    if _chosen(training, "momentum") and training.optimizer != "sgd":
        yield "momentum is for optimizer=sgd"
    if training.patience is not None and training.patience >= training.epochs - training.thaws:
        yield f"patience={training.patience} does not end training before epochs={training.epochs} does"
    if training.freeze and config.model.weights == "none":
        yield f"freeze={training.freeze} keeps a backbone of random weights, for weights are not set"
    if training.backbone_lr != 1 and training.freeze >= training.epochs:
        yield f"backbone_lr is for epochs after freeze={training.freeze}, and there are {training.epochs}"
    elif training.backbone_lr < min(0.01, training.lr):  # as an absolute rate would be
        rate = training.backbone_lr * training.lr
        yield f"backbone_lr={training.backbone_lr:g} is a factor: the backbone learns at lr={rate:g}"
    if training.warmup > training.epochs:
        yield f"warmup={training.warmup:g} is longer than epochs={training.epochs}, so lr is never reached"


def _chosen(section: Strict, name: str) -> bool:
    """Return whether a setting is not what it is by default."""
    return bool(getattr(section, name) != type(section).model_fields[name].default)
