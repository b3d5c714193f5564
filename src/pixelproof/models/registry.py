"""From a name to a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pixelproof.config import ModelConfig, Task
from pixelproof.config.model import Channels
from pixelproof.errors import UserError
from pixelproof.models.adapters import smp_segmenter, timm_classifier
from pixelproof.models.ensemble import ENSEMBLE, Ensemble
from pixelproof.models.fcn import FCN, VARIANTS
from pixelproof.models.names import check_plugin, check_smp, check_timm, meant, trained_with
from pixelproof.models.pixel_model import PixelModel
from pixelproof.models.plugin_trial import plugin_model
from pixelproof.models.plugins import plugin_task
from pixelproof.models.preprocessing import MEAN, MIDDLE, SPREAD, STD, Preprocessing
from pixelproof.models.vgg import VGG
from pixelproof.models.weights import imagenet_vgg16, read_weights, transfer_weights
from pixelproof.plugins import NETWORKS, PREFIX, find_plugin, package_of, plugin_names
from pixelproof.randomness import derive
from pixelproof.runs.files import expanded
from pixelproof.schema import nearest

BATCH_NORM = "-bn"  # ends the name of the same network with batch norm
ADAPTERS = ("timm:NAME", "smp:DECODER:ENCODER", "plugin:NAME")


def known_models() -> list[str]:
    """Return the names of Pixelproof's own models; those of other libraries and installed packages come on top."""
    return [name + ending for name in ("vgg16", *VARIANTS) for ending in ("", BATCH_NORM)]


def task_of(name: str) -> Task:
    """Return what the model of this name is for.

    Raises:
        UserError: There is no such model.
    """
    if name.startswith(PREFIX):
        return plugin_task(name.removeprefix(PREFIX))
    if name.startswith("timm:") or plain_name(name) == "vgg16":
        return "classification"
    if name.startswith("smp:") or plain_name(name) in VARIANTS:
        return "segmentation"
    if name == ENSEMBLE:
        raise UserError(
            "an ensemble is not trained but made of runs", "train those, then 'pixelproof ensemble RUN RUN'"
        )
    known = [*known_models(), *ADAPTERS, *plugin_names(NETWORKS)]
    raise UserError(f"unknown model '{name}'", meant(name) or nearest(name, known))


def plain_name(name: str) -> str:
    """Return the name of the same network without batch norm; other libraries' and packages' are what they are."""
    return name if ":" in name else name.removesuffix(BATCH_NORM)


def packages_of(config: ModelConfig) -> tuple[str, ...]:
    """Return the installed packages that bring a model, where these are none that Pixelproof needs."""
    names = [part.name.removeprefix(PREFIX) for part in config.parts if part.name.startswith(PREFIX)]
    return tuple(dict.fromkeys(package_of(find_plugin(name, NETWORKS)) for name in names))


def check_model(config: ModelConfig) -> None:
    """Refuse, without building anything, a name or weights that there are not.

    Raises:
        UserError: There is no such model, or no such weights of it.
    """
    for member in config.members:
        check_model(member)
    if config.members:
        return
    task_of(config.name)
    library, _, inner = config.name.partition(":")
    pretrained = config.weights == "imagenet"
    if library == "timm":
        check_timm(inner, pretrained)
    elif library == "smp":
        check_smp(inner, pretrained)
    elif library == "plugin":
        check_plugin(inner, pretrained)
    elif pretrained and config.width != 1.0:
        raise UserError(
            f"there are no imagenet weights for '{config.name}' of width {config.width:g}",
            "use --weights none, or --set width=1",
        )


def normalisation(config: ModelConfig) -> tuple[Channels, Channels]:
    """Return mean and standard deviation of a model's input, in 0..1.

    What the settings leave open is what the ``imagenet`` weights were trained with, or else ImageNet's; of bands, of
    which nothing is known before images are seen, the middle.
    """
    if config.bands is not None:
        return config.mean or (MIDDLE,) * config.channels, config.std or (SPREAD,) * config.channels
    own = trained_with(config.name) if config.weights == "imagenet" and ":" in config.name else None
    mean, std = own or (MEAN, STD)
    return config.mean or mean, config.std or std


def build_model(config: ModelConfig, num_classes: int, seed: int = 0) -> PixelModel:
    """Build a model with its weights and its preprocessing, on the CPU and ready to train.

    Args:
        config: Which one, and from which weights it starts.
        num_classes: K.
        seed: Decides all weights that are not loaded; torch's own generator is neither read nor moved.

    Raises:
        UserError: There is no such model, or its weights cannot be loaded.
    """
    check_model(config)
    with _randomness(derive(seed, "model", config.name)):
        model = _architecture(config, num_classes)
    mean, std = normalisation(config)
    model.preprocessing = Preprocessing(mean, std, config.input_size, config.bands, config.stretch, config.dtype)
    model.downsample_by(config.downsample)
    if config.weights == "imagenet":
        if ":" not in config.name:  # the other libraries have loaded theirs
            transfer_weights(model, imagenet_vgg16(config.name.endswith(BATCH_NORM)), "imagenet weights")
    elif config.weights != "none":
        transfer_weights(model, read_weights(expanded(config.weights)), config.weights)
    return model


def _architecture(config: ModelConfig, num_classes: int) -> PixelModel:
    if config.members:
        return Ensemble([build_model(member.without_weights(), num_classes) for member in config.members])
    library, _, inner = config.name.partition(":")
    pretrained = config.weights == "imagenet"
    if library == "timm":
        return timm_classifier(inner, num_classes, pretrained, config.channels)
    if library == "smp":
        return smp_segmenter(inner, num_classes, pretrained, config.channels)
    if library == "plugin":
        return plugin_model(inner, num_classes, config.channels, config.input_size)
    plain = plain_name(config.name)
    batch_norm = plain != config.name
    if plain == "vgg16":
        return VGG(num_classes, batch_norm, config.width, config.dropout, config.channels)
    return FCN(num_classes, VARIANTS[plain], batch_norm, config.width, config.channels)


@contextmanager
def _randomness(seed: int) -> Iterator[None]:
    """Let torch's generator start from ``seed`` inside and go on afterwards as if nothing had happened."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
