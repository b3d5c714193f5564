"""What settings do not do beside others, in sentences."""

from __future__ import annotations

from pixelproof.config.run import RunConfig
from pixelproof.schema import Strict


def without_effect(config: RunConfig) -> list[str]:
    """Return a sentence for each setting that the others leave without its effect."""
    training, augment = config.training, config.augment
    losses = {*training.loss.split("+"), *(training.finish or training.loss).split("+")}
    found = []
    if config.model.width != 1 and ":" in config.model.name:
        found.append("width is for the VGG and FCN family")
    if config.model.stretch and config.model.bands is None:
        found.append("stretch is for images that are read by their bands, and bands are not set")
    if config.model.dtype and config.model.bands is None:
        found.append("dtype is for images that are read by their bands, and bands are not set")
    if config.model.dtype and config.model.stretch:
        found.append("dtype is for images that are not stretched, and stretch is set")
    if config.task == "classification" and augment.crop:
        found.append("crop is for segmentation; classifiers have scale, shift and input_size")
    if config.task == "segmentation" and augment.shift:
        found.append("shift is for classification; segmenters have crop")
    if config.task == "segmentation" and augment.scale != (1.0, 1.0) and not augment.crop:
        found.append("scale is that of crops, and crop is not set")
    if _chosen(config.model, "dropout") and not config.model.name.startswith("vgg16"):
        found.append("dropout is for the classifier of VGG16")
    if _chosen(training, "momentum") and training.optimizer != "sgd":
        found.append("momentum is for optimizer=sgd")
    if _chosen(training, "finish_from") and not training.finish:
        found.append("finish_from is for finish, which is not set")
    if training.label_smoothing and "cross-entropy" not in losses:
        found.append("label_smoothing is for cross-entropy, which is not part of the loss")
    if training.class_weights != "none" and losses.isdisjoint(("cross-entropy", "focal")):
        found.append("class_weights are for cross-entropy and focal, which are not part of the loss")
    if config.task == "classification" and training.batch_size == 1 and training.class_weights != "none":
        found.append("class_weights weigh the images of a batch against each other, and batch_size is 1")
    if training.patience is not None and training.patience >= training.epochs - training.thaws:
        found.append(f"patience={training.patience} does not end training before epochs={training.epochs} does")
    if training.finish and round(training.epochs * training.finish_from) >= training.epochs:
        which = f"finish_from={training.finish_from:g} of epochs={training.epochs}"
        found.append(f"finish never begins: {which} is after the last")
    if training.freeze and config.model.weights == "none":
        found.append(f"freeze={training.freeze} keeps a backbone of random weights, for weights are not set")
    if training.backbone_lr != 1 and training.freeze >= training.epochs:
        found.append(f"backbone_lr is for epochs after freeze={training.freeze}, and there are {training.epochs}")
    elif training.backbone_lr < min(0.01, training.lr):  # as an absolute rate would be
        rate = training.backbone_lr * training.lr
        found.append(f"backbone_lr={training.backbone_lr:g} is a factor: the backbone learns at lr={rate:g}")
    if training.warmup > training.epochs:
        found.append(f"warmup={training.warmup:g} is longer than epochs={training.epochs}, so lr is never reached")
    return found


def _chosen(section: Strict, name: str) -> bool:
    """Return whether a setting is not what it is by default."""
    return bool(getattr(section, name) != type(section).model_fields[name].default)
