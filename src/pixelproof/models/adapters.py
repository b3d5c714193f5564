"""Networks of timm and segmentation_models.pytorch under Pixelproof's contract.

``timm:NAME`` is any classifier of timm, ``smp:DECODER:ENCODER`` any segmenter of segmentation_models.pytorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixelproof.errors import UserError
from pixelproof.models.names import TIMM_ENCODER
from pixelproof.models.padding import pad_and_downsample, pad_to_at_least, upsample_and_crop
from pixelproof.models.pixel_model import Output, PixelModel

SMALLEST = 32  # pixels a side; what networks with five halvings need
ODD = (33, 47)  # height and width that only a network for images of any size accepts
SMP_STRIDE = 32  # what every decoder can take, whatever the stride of its encoder
PATIENCE = 5.0  # seconds that the hub may take to answer
SMP_STRIDES = {"pan": 128}  # halves the encoder's map of stride 16 three times more


class TimmClassifier(PixelModel):
    """A classifier of timm for images of any size.

    Networks bound to one size, such as most vision transformers, get their images resized to it.

    Args:
        network: What ``timm.create_model`` returned.
        num_classes: K.
        channels: C, of the images.
    """

    smallest = SMALLEST

    def __init__(self, network: nn.Module, num_classes: int, channels: int) -> None:
        super().__init__(num_classes, channels)
        self.model = network
        details: Any = network
        self.reduction = details.feature_info[-1]["reduction"]
        found = details.get_classifier()  # a pair where the network was distilled from another one
        classifiers = found if isinstance(found, tuple | list) else [found]
        parts = [name for name, module in self.named_modules() if any(module is each for each in classifiers)]
        self.head_parts = tuple(parts)
        self.size: tuple[int, int] | None = None
        if details.pretrained_cfg.get("fixed_input_size") or not takes_any_size(self):
            self.size = tuple(details.pretrained_cfg["input_size"][1:])
            self.smallest = 1

    def forward(self, images: Tensor) -> Output:
        """Return logits [N, K] and what enters the last layer [N, D]."""
        if self.size is None:
            images = pad_to_at_least(images, self.smallest)
        elif images.shape[-2:] != self.size:
            images = F.interpolate(images, self.size, mode="bilinear", align_corners=False)
        network: Any = self.model
        maps = network.forward_features(images)
        features = network.forward_head(maps, pre_logits=True)
        classifier = network.get_classifier()
        # Some end in a convolution or in several classifiers; those know best how to apply them.
        logits = classifier(features) if isinstance(classifier, nn.Linear) else network.forward_head(maps)
        return Output(logits, features)


class SmpSegmenter(PixelModel):
    """A segmenter of segmentation_models.pytorch; inputs are padded with zeros to the stride, logits cropped back.

    Args:
        network: What ``segmentation_models_pytorch.create_model`` returned.
        num_classes: K.
        channels: C, of the images.
        stride: Multiple to which height and width are padded.
    """

    head_parts = ("model.decoder", "model.segmentation_head")

    def __init__(self, network: nn.Module, num_classes: int, channels: int, stride: int = SMP_STRIDE) -> None:
        super().__init__(num_classes, channels)
        self.model = network
        self.stride = stride
        details: Any = network
        self.reduction = details.encoder.output_stride

    def forward(self, images: Tensor) -> Output:
        """Return logits [N, K, H, W] and the encoder's deepest map [N, C, h, w]."""
        network: Any = self.model
        encoded = network.encoder(pad_and_downsample(images, self.stride, self.downsample))
        # Vision transformers add what belongs to the whole image.
        maps, *extra = encoded if isinstance(encoded, tuple) else (encoded,)
        logits = network.segmentation_head(network.decoder(maps, *extra))
        return Output(upsample_and_crop(logits, images, self.downsample), maps[-1])


def timm_classifier(name: str, num_classes: int, pretrained: bool, channels: int) -> TimmClassifier:
    """Build the model ``timm:NAME``, whose name was checked; timm shares out weights over other bands by itself.

    Raises:
        UserError: It cannot be built, or its weights cannot be loaded.
    """
    import timm

    with _building(f"timm:{name}", pretrained):
        network = timm.create_model(name, pretrained=pretrained, num_classes=num_classes, in_chans=channels)
    return TimmClassifier(network, num_classes, channels)


def smp_segmenter(name: str, num_classes: int, pretrained: bool, channels: int) -> SmpSegmenter:
    """Build the model ``smp:DECODER:ENCODER``, whose name was checked; smp shares out weights over other bands itself.

    Raises:
        UserError: Decoder and encoder do not fit, images must be of one size, or the weights cannot be loaded.
    """
    import segmentation_models_pytorch as smp

    decoder, _, encoder = name.partition(":")
    # Encoders of timm take a yes here, all others the name of the weights.
    weights = (encoder.startswith(TIMM_ENCODER) or "imagenet") if pretrained else None
    with _building(f"smp:{name}", pretrained):
        network = smp.create_model(decoder, encoder, encoder_weights=weights, in_channels=channels, classes=num_classes)
    segmenter = SmpSegmenter(network, num_classes, channels, SMP_STRIDES.get(decoder.lower(), SMP_STRIDE))
    if not takes_any_size(segmenter):
        raise UserError(f"'smp:{name}' takes images of one size alone", "choose another encoder")
    return segmenter


@torch.no_grad()
def takes_any_size(model: PixelModel) -> bool:
    """Return whether a network accepts an odd size; which do is not recorded anywhere, so one image is tried."""
    training = model.training
    try:
        model.eval()(torch.zeros(1, model.channels, *ODD))
    except Exception:  # each architecture refuses in its own way
        return False
    finally:
        model.train(training)
    return True


@contextmanager
def _building(name: str, pretrained: bool) -> Iterator[None]:
    """Say in one sentence, and soon, why a network of another library cannot be built."""
    reached = True
    try:
        with _hub() if pretrained else nullcontext(True) as reached:
            yield
    except OSError as error:
        reason = str(error).splitlines()[0].rstrip(".") if reached else "the Hugging Face hub cannot be reached"
        raise UserError(
            f"the imagenet weights of '{name}' cannot be downloaded: {reason}",
            "connect to the network once, or copy the Hugging Face cache of a machine that has them, or use "
            "--weights PATH or --weights none",
        ) from error
    except (KeyError, RuntimeError, ValueError, NotImplementedError) as error:
        reason = str(error.args[0] if error.args else error).splitlines()[0].rstrip(".")
        raise UserError(f"'{name}' cannot be built: {reason}", "choose another model, or --weights none") from error


@contextmanager
def _hub() -> Iterator[bool]:
    """Give whether the Hugging Face hub answers; where it does not, its client goes straight to its cache.

    By itself it would try again for up to a minute for every file.
    """
    from huggingface_hub import constants, get_session

    offline = constants.HF_HUB_OFFLINE
    reached = True
    if not offline:
        try:
            get_session().head(constants.ENDPOINT, timeout=PATIENCE)
        except Exception:  # no network, name, route, proxy or certificate, in the terms of whichever client it uses
            reached = False
    constants.HF_HUB_OFFLINE = offline or not reached
    try:
        yield reached
    finally:
        constants.HF_HUB_OFFLINE = offline
