"""The formats a network is exported to, with its normalisation and its contract inside, and how each is read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pixelproof.array_types import Float32, UInt8
from pixelproof.deploy.export.contract import Contract
from pixelproof.models import PixelModel, Preprocessing
from pixelproof.prediction.backends.convert import ODD, Logits, Size, to_ncnn, to_onnx
from pixelproof.prediction.backends.runtimes import Ncnn, OnnxRuntime, OpenVino
from pixelproof.runs import write_json

Answer = Callable[[UInt8], Float32]
"""From an image, uint8 [H, W, C], to logits [1, K] or [1, K, H, W]."""


class Deployed(nn.Module):
    """A network with its normalisation, from stored pixels to logits.

    Args:
        model: Returns an ``Output``.
        interleaved: Take uint8 [N, H, W, C], as image libraries give it; else float32 [N, C, H, W] in 0..255.
    """

    def __init__(self, model: PixelModel, interleaved: bool) -> None:
        super().__init__()
        self.normalise = _normalisation(model.preprocessing)
        self.network = Logits(model)
        self.interleaved = interleaved

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits."""
        if self.interleaved:
            image = image.permute(0, 3, 1, 2).to(torch.float32)
        logits: Tensor = self.network(self.normalise(image))
        return logits


def _normalisation(preprocessing: Preprocessing) -> nn.Conv2d:
    """Return ``(x / 255 - mean) / std`` as a layer that all formats know: a convolution of each channel with one cell.

    It cannot join the network's first convolution, whose padding is zeros after normalisation and not before.
    """
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in (preprocessing.mean, preprocessing.std))
    channels = preprocessing.channels
    layer = nn.Conv2d(channels, channels, kernel_size=1, groups=channels)
    layer.weight = nn.Parameter((1 / (255 * std)).float().view(channels, 1, 1, 1), requires_grad=False)
    layer.bias = nn.Parameter((-mean / std).float(), requires_grad=False)
    return layer


def write_onnx(model: PixelModel, path: Path, size: Size | None, contract: Contract) -> None:
    """Write ONNX, the contract as its metadata."""
    import onnx

    _through_onnx(model, path, size)
    written = onnx.load(path)
    for key, value in contract.texts().items():
        written.metadata_props.add(key=key, value=value)
    written.producer_name, written.doc_string = "pixelproof", contract.summary
    if size is None:  # the exporter writes a formula of the padding
        for dimension, name in zip(
            written.graph.output[0].type.tensor_type.shape.dim[2:], ("height", "width"), strict=True
        ):
            dimension.dim_param = name
    onnx.save(written, path)


def write_openvino(model: PixelModel, path: Path, size: Size | None, contract: Contract) -> None:
    """Write OpenVINO's structure and weights, the contract as its runtime information."""
    import openvino

    through = path.with_suffix(".onnx")
    _through_onnx(model, through, size)
    network = openvino.Core().read_model(through)
    for key, value in contract.texts().items():
        network.set_rt_info(value, ["pixelproof", key])
    openvino.save_model(network, path, compress_to_fp16=False)
    through.unlink()


def write_ncnn(model: PixelModel, path: Path, size: Size | None, contract: Contract) -> None:
    """Write ncnn's structure and weights, and the contract beside them, for which its format has no room."""
    to_ncnn(Deployed(model, interleaved=False), path, model.stride, size, model.channels)
    padding = {"multiple": model.stride, "color": _nothing(model)}
    write_json(path.with_suffix(".json"), contract.plain() | {"padding": padding})


def read_onnx(path: Path, model: PixelModel) -> Answer:
    """Return what an ONNX file answers."""
    return _interleaved(OnnxRuntime(path, torch.get_num_threads()))


def read_openvino(path: Path, model: PixelModel) -> Answer:
    """Return what OpenVINO's files answer."""
    return _interleaved(OpenVino(path, torch.get_num_threads()))


def read_ncnn(path: Path, model: PixelModel) -> Answer:
    """Return what ncnn's files answer, images padded as their contract says."""
    runtime = Ncnn(path, torch.get_num_threads(), model.stride, _nothing(model))
    return lambda image: runtime(image.transpose(2, 0, 1)[None].astype(np.float32))


@dataclass(frozen=True)
class Format:
    """One of the formats.

    Attributes:
        name: As the command line calls it.
        reader: What reads it, as pip calls it.
        takes: The input, for the description; {size} stands for height and width, {channels} for their number.
        gives: The output; {logits} stands for its last dimensions.
        contract: Where the contract stands, for the description.
        pads: Whether the file itself pads images to the network's stride.
        ending: Of the file's name, where it is called after the run.
        beside: Suffixes of the files that belong to it.
        packages: What writing it and proving it needs.
        write: Writes the file and those that belong to it.
        read: Returns what it answers.
    """

    name: str
    reader: str
    takes: str
    gives: str
    contract: str
    pads: bool
    ending: str
    beside: tuple[str, ...]
    packages: tuple[str, ...]
    write: Callable[[PixelModel, Path, Size | None, Contract], None]
    read: Callable[[Path, PixelModel], Answer]

    @property
    def suffix(self) -> str:
        """Of the file that is named when it is written or read."""
        return "." + self.ending.rpartition(".")[2]


_ONNX = Format(
    name="onnx",
    reader="onnxruntime",
    takes="`image`, uint8 [N, {size}, {channels}]",
    gives="`logits`, float32 [N, {logits}]",
    contract="the file's metadata",
    pads=True,
    ending=".onnx",
    beside=(),
    packages=OnnxRuntime.packages,
    write=write_onnx,
    read=read_onnx,
)
_OPENVINO = Format(
    name="openvino",
    reader="openvino",
    takes=_ONNX.takes,
    gives=_ONNX.gives,
    contract="its runtime information under `pixelproof`",
    pads=True,
    ending=".xml",
    beside=(".bin",),
    packages=OpenVino.packages,
    write=write_openvino,
    read=read_openvino,
)
_NCNN = Format(
    name="ncnn",
    reader="ncnn",
    takes="`in0`, float32 [{channels}, {size}] with values 0 to 255",
    gives="`out0`, float32 [{logits}]",
    contract="the `.json` beside it",
    pads=False,
    ending=".ncnn.param",
    beside=(".bin", ".json"),
    packages=Ncnn.packages,
    write=write_ncnn,
    read=read_ncnn,
)
FORMATS = {each.name: each for each in (_ONNX, _OPENVINO, _NCNN)}


def _through_onnx(model: PixelModel, path: Path, size: Size | None) -> None:
    """Write ONNX without the contract."""
    example = torch.zeros(2, *(size or ODD), model.channels, dtype=torch.uint8)
    free = {0: "batch"} if size else {0: "batch", 1: "height", 2: "width"}
    to_onnx(Deployed(model, interleaved=True), path, example, free, "image")


def _interleaved(runtime: OnnxRuntime | OpenVino) -> Answer:
    return lambda image: runtime(image[None])


def _nothing(model: PixelModel) -> tuple[float, ...]:
    """Return the colour, in 0..255, that normalisation turns into zeros."""
    return tuple(255 * value for value in model.preprocessing.mean)
