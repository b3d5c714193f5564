"""The network of a run: which one, and what it does to an image before its first layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pixelproof.config.bands import Bands, Ranges, check_count, listed
from pixelproof.runs.files import expanded
from pixelproof.schema import Strict

COLORS = 3
"""Channels of an image that is read as red, green and blue."""
LOOKS = ("tta", "tta_scales")
"""Settings of a model that no training reads."""
OWN_SIZE = (1.0,)
"""An image is looked at in its own size alone."""
Numbers = Annotated[tuple[float, ...], BeforeValidator(listed)]
Channels = tuple[float, ...]


def checked_sizes(sizes: Sequence[float]) -> tuple[float, ...]:
    """Return sizes in which an image is looked at, in order.

    Raises:
        ValueError: There are none, two are the same, or one is no multiple of 1/8 from 1/4 to 2.
    """
    if not sizes or len(set(sizes)) < len(sizes) or not all(0.25 <= s <= 2 and (8 * s).is_integer() for s in sizes):
        raise ValueError("sizes are different multiples of 1/8 from 1/4 to 2, such as 0.5, 0.75, 1")
    return tuple(sorted(sizes))


class ModelConfig(Strict):
    """Which network, and what it does to an image before the first layer."""

    name: str
    """A name of the FCN or VGG family, ``timm:NAME``, ``smp:DECODER:ENCODER``, ``plugin:NAME`` of an installed package,
    or ``ensemble``."""
    members: tuple[ModelConfig, ...] = Field(default=(), exclude_if=lambda members: not members)
    """The networks of an ensemble, as ``pixelproof ensemble`` writes them; no other network has any."""
    width: float = Field(default=1.0, gt=0.0, le=4.0)
    """Factor on every channel count of the VGG and FCN family."""
    weights: str = "none"
    """``none``, ``imagenet``, the path of a safetensors file or a state dict, or in a study ``study:PART/MODEL``."""
    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    """Dropout of VGG's classifier."""
    input_size: int | None = Field(default=None, ge=8)
    """Classification: images are resized to this many pixels a side. None takes the size most images of train have, and
    at most 224."""
    downsample: int = Field(default=1, ge=1, le=16)
    """Segmentation: the network sees means of N x N pixels, with 1/N² of the operations and N times the width of the
    scene in its receptive field; its answer is enlarged bilinearly."""
    bands: Bands | None = Field(default=None, min_length=1)
    """Bands of each image that are the network's channels, counted from 1, such as ``[4, 3, 2, 8]``; people are shown
    the first three as red, green and blue. None reads any image as RGB. Needs the extra ``geo``."""
    stretch: Ranges | None = None
    """Stored values of the bands that become 0 and 255: a pair such as ``[0, 3000]``, or one for each band. None takes
    8 bits as they are and of 16 bits the upper 8."""
    dtype: Literal["uint8", "uint16"] | None = None
    """The type of the bands' values, where there is no stretch; files of others are refused. None takes that of the
    training images."""
    mean: Numbers | None = None
    """Subtracted from each channel in 0..1. None is what the ``imagenet`` weights were trained with, ImageNet's
    otherwise, and with ``bands`` that of the training images."""
    std: Numbers | None = None
    """Each channel is divided by this after ``mean`` is subtracted; None likewise."""
    tta: bool | Literal["flip"] = False
    """Average probabilities over flips and quarter turns when predicting, which takes eight times as long; ``flip``:
    over the image and its mirror image alone, for things that have an up."""
    tta_scales: Numbers = OWN_SIZE
    """Segmentation: probabilities are averaged over the image in these sizes when predicting, such as
    ``[0.5, 0.75, 1]``; multiples of 1/8 from 1/4 to 2."""

    @property
    def parts(self) -> tuple[ModelConfig, ...]:
        """The networks that it consists of: the members of an ensemble, else itself."""
        return self.members or (self,)

    @property
    def channels(self) -> int:
        """Channels of the network's input."""
        return COLORS if self.bands is None else len(self.bands)

    @property
    def reading(self) -> str:
        """How the values of an image file become the network's channels, in words."""
        if self.bands is None:
            return "RGB; of 16 bits, the upper 8"
        source = f"band{'s' * (len(self.bands) > 1)} {', '.join(map(str, self.bands))}"
        if self.stretch is None:
            return f"{source}; {'8-bit values as they are' if self.dtype == 'uint8' else 'of 16 bits, the upper 8'}"
        ranges = ", ".join(f"{low:g} to {high:g}" for low, high in self.stretch)
        return f"{source}; values {ranges} as 0 to 255"

    @property
    def looks(self) -> dict[str, Any]:
        """The settings that matter to prediction alone, as plain data: how an image is looked at."""
        return self.model_dump(mode="json", include=set(LOOKS))

    @property
    def averages(self) -> bool:
        """Whether more than one look at an image is taken when predicting."""
        return bool(self.tta) or self.tta_scales != OWN_SIZE

    @property
    def weights_file(self) -> Path | None:
        """The file of the weights that the network starts from; None where from none, or from ImageNet's.

        Raises:
            UserError: It is in the home folder of nobody, or no file can be called so.
        """
        return None if self.weights in ("none", "imagenet") else expanded(self.weights)

    def without_weights(self) -> ModelConfig:
        """Return the same network without weights to start from, because a checkpoint brings its own."""
        return self.model_copy(update={"weights": "none"})

    @field_validator("std")
    @classmethod
    def _positive(cls, value: Channels | None) -> Channels | None:
        if value and min(value) <= 0:
            raise ValueError("std is what channels are divided by, so each must be greater than 0")
        return value

    @field_validator("tta_scales")
    @classmethod
    def _sizes(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        return checked_sizes(value)

    @model_validator(mode="after")
    def _of_each_channel(self) -> ModelConfig:
        for name in ("mean", "std"):
            if (values := getattr(self, name)) is not None and len(values) != self.channels:
                raise ValueError(f"{name} has {len(values)} values, and images have {self.channels} channels")
        if self.stretch is None or self.bands is None:
            return self
        check_count(self.stretch, self.channels)
        return self
