"""What timm, segmentation_models.pytorch and installed packages say of a name, without building its network."""

from __future__ import annotations

import difflib

from pixelproof.config.model import Channels
from pixelproof.errors import UserError
from pixelproof.plugins import NETWORKS, PREFIX, find_plugin, plugin_names
from pixelproof.schema import nearest

TIMM_ENCODER = "tu-"  # starts the name of an encoder that segmentation_models.pytorch takes from timm
NO_WEIGHTS = "use --weights PATH or --weights none"


def check_timm(name: str, pretrained: bool) -> None:
    """Refuse a classifier that timm does not have.

    Args:
        name: What follows ``timm:``, an architecture or ARCHITECTURE.TAG.
        pretrained: Whether its weights are wanted, too.

    Raises:
        UserError: There is no such model, or there are no such weights.
    """
    import timm

    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise UserError(f"timm has no model '{architecture}'", _near(architecture, timm.list_models()))
    tags = timm.list_pretrained(f"{architecture}.*")
    if tag and name not in tags:
        raise UserError(f"timm has no weights '{name}'", _near(name, tags))
    if pretrained and not tags:
        raise UserError(f"timm has no imagenet weights of '{architecture}'", NO_WEIGHTS)


def check_smp(name: str, pretrained: bool) -> None:
    """Refuse a decoder or an encoder that segmentation_models.pytorch does not have.

    Args:
        name: What follows ``smp:``, DECODER:ENCODER.
        pretrained: Whether the encoder's weights are wanted, too.

    Raises:
        UserError: There is no such decoder or encoder, or there are no such weights.
    """
    import segmentation_models_pytorch as smp
    import timm

    decoder, _, encoder = name.partition(":")
    decoders = {key: found.__name__ for key, found in smp.MODEL_ARCHITECTURES_MAPPING.items()}
    if decoder.lower() not in decoders:
        remedy = nearest(decoder, list(decoders.values()))
        raise UserError(f"segmentation_models_pytorch has no decoder '{decoder}'", remedy)
    own = smp.encoders.get_encoder_names()
    if encoder in own:
        if pretrained and "imagenet" not in smp.encoders.encoders[encoder]["pretrained_settings"]:
            raise UserError(f"segmentation_models_pytorch has no imagenet weights of '{encoder}'", NO_WEIGHTS)
        return
    if not encoder.startswith(TIMM_ENCODER) or not timm.is_model(encoder.removeprefix(TIMM_ENCODER).partition(".")[0]):
        known = [f"{TIMM_ENCODER}{model}" for model in timm.list_models()] if encoder.startswith(TIMM_ENCODER) else own
        raise UserError(f"segmentation_models_pytorch has no encoder '{encoder}'", _near(encoder, known))
    check_timm(encoder.removeprefix(TIMM_ENCODER), pretrained)


def check_plugin(name: str, pretrained: bool) -> None:
    """Refuse a network that no installed package brings.

    Args:
        name: What follows ``plugin:``.
        pretrained: Whether imagenet weights are wanted, too; there are none.

    Raises:
        UserError: There is no such network, several packages bring it, or weights are wanted.
    """
    find_plugin(name, NETWORKS)
    if pretrained:
        raise UserError(f"there are no imagenet weights of '{PREFIX}{name}'", NO_WEIGHTS)


def meant(name: str) -> str:
    """Return advice on a name that another library knows, and that only lacks the library's; empty for any other."""
    import segmentation_models_pytorch as smp
    import timm

    if PREFIX + name in plugin_names(NETWORKS):
        return f"did you mean '{PREFIX}{name}'?"
    if name.lower() in smp.MODEL_ARCHITECTURES_MAPPING:
        return f"did you mean 'smp:{name}:resnet18', or with another encoder?"
    return f"did you mean 'timm:{name}'?" if timm.is_model(name.partition(".")[0]) else ""


def trained_with(name: str) -> tuple[Channels, Channels] | None:
    """Return the mean and the standard deviation that the pretrained weights of a model of timm expect.

    Args:
        name: A model's whole name; ``smp:DECODER:tu-NAME`` takes its encoder from timm.

    Returns:
        Of RGB in 0..1; None where they are not timm's, or not of three channels.
    """
    import timm

    library, _, inner = name.partition(":")
    if library == "smp":
        inner = inner.partition(":")[2]
        if not inner.startswith(TIMM_ENCODER):
            return None
    known = timm.get_pretrained_cfg(inner.removeprefix(TIMM_ENCODER))
    if known is None or len(known.mean) != 3 or len(known.std) != 3:
        return None
    return _channels(known.mean), _channels(known.std)


def _channels(values: tuple[float, ...]) -> Channels:
    red, green, blue = map(float, values)
    return red, green, blue


def _near(word: str, known: list[str]) -> str:
    """Return advice that names the known words near ``word``, out of too many to list."""
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(repr(name) for name in close)}?" if close else "see its documentation for names"
