"""The libraries: each computes the logits of a converted network, in float32 on the CPU."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import pixelproof.prediction.backends.strips as strips
from pixelproof.array_types import Float32

Images = npt.NDArray[Any]
NOTHING = (0.0,)  # of all channels
SHAPES = 6
"""For which OpenVINO stays compiled: three sizes of an image, upright and on its side."""
LARGE = 1024 * 512
"""Pixels of an image from which ncnn's memory matters more than the rows that two strips share."""


class Runtime(Protocol):
    """Computes logits."""

    def __call__(self, images: Images) -> Float32:
        """Return logits [N, K] or [N, K, H, W] of images as the network was converted to take them."""
        ...


class OnnxRuntime:
    """ONNX Runtime.

    Args:
        path: The converted network.
        threads: How many to use.
        stride: Not needed, for the network pads by itself.
    """

    packages = ("onnxruntime", "onnx", "onnxscript")
    suffix = ".onnx"

    def __init__(self, path: Path, threads: int, stride: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # what it raises says the same
        self.session = onnxruntime.InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name

    def __call__(self, images: Images) -> Float32:
        """Return the logits."""
        logits: Float32 = self.session.run(None, {self.name: images})[0]
        return logits


class OpenVino:
    """OpenVINO, compiled for the sizes of the images it gets.

    Args:
        path: The converted network, its own format or ONNX.
        threads: How many to use.
        stride: Not needed, for the network pads by itself.
    """

    packages = ("openvino", "onnx", "onnxscript")
    suffix = ".onnx"

    def __init__(self, path: Path, threads: int, stride: int = 1) -> None:
        self.core = _core()
        self.path = path
        self.core.read_model(path)  # at once, for a damaged one
        # Some processors have bf16, which it would use unasked.
        self.options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
        self._for_shape = lru_cache(SHAPES)(self._compiled)

    def __call__(self, images: Images) -> Float32:
        """Return the logits."""
        return np.array(self._for_shape(images.shape)(images)[0])

    def _compiled(self, shape: tuple[int, ...]) -> Any:
        model = self.core.read_model(self.path)
        model.reshape(list(shape))
        return self.core.compile_model(model, "CPU", self.options)


@cache
def _core() -> Any:
    """Return the one core of OpenVINO, which lives as long as the process.

    Its first compilation gives the thread a stack for signals, which goes with the core, in whichever order cores go
    and in whichever thread. The next signal that Python handles, Ctrl-C for one, would then bring the process down.
    """
    import openvino

    return openvino.Core()


class Ncnn:
    """ncnn, whose Winograd convolutions need less than half the multiplications.

    Args:
        path: The structure of the converted network; the weights lie beside it, as ``.bin``.
        threads: How many to use.
        stride: Multiple to which images, [N, C, H, W], are padded right and bottom.
        filling: The value that padding has, one for all channels or one for each.
    """

    packages = ("ncnn", "pnnx")
    suffix = ".param"

    def __init__(self, path: Path, threads: int, stride: int = 1, filling: tuple[float, ...] = NOTHING) -> None:
        import ncnn

        self.ncnn = ncnn
        self.stride = stride
        self.filling = np.array(filling, np.float32)[:, None, None]
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_vulkan_compute = False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_packed = options.use_bf16_storage = False
        # Of its own pools nothing is ever given back, so that images of each new size would add theirs.
        self.pool = ncnn.PoolAllocator()
        options.blob_allocator = options.workspace_allocator = self.pool
        self.pooled: tuple[int, ...] | None = None
        self.stem = strips.stem(path.read_text(encoding="utf-8"))
        if self.net.load_param(str(path)) or self.net.load_model(str(path.with_suffix(".bin"))):
            raise RuntimeError("ncnn cannot read the converted network")

    def __call__(self, images: Images) -> Float32:
        """Return the logits, image by image."""
        return np.stack([self._one(image) for image in images])

    def _one(self, image: Images) -> Float32:
        height, width = image.shape[1:]
        padded = np.empty((len(image), height + -height % self.stride, width + -width % self.stride), np.float32)
        padded[:] = self.filling
        padded[:, :height, :width] = image
        large = height * width >= LARGE
        if padded.shape != self.pooled:
            self.pooled = padded.shape
            self.pool.clear()
            # Taking any memory that is large enough is a tenth faster; of large images it takes too much.
            self.pool.set_size_compare_ratio(0.5 if large else 0.0)
        logits = self._in_strips(padded) if large else self._extract("in0", padded, "out0")
        return np.ascontiguousarray(logits[:, :height, :width]) if logits.ndim == 3 else logits

    def _in_strips(self, image: Float32) -> Float32:
        """Return the logits of a large image."""
        if self.stem is None:
            return self._extract("in0", image, "out0")
        end = self.stem.blob
        first = partial(self._extract, "in0", end=end)
        return self._extract(end, strips.in_strips(first, image, self.stem), "out0")

    def _extract(self, start: str, maps: Float32, end: str) -> Float32:
        """Return what the network gives at ``end`` for what it is given at ``start``."""
        extractor = self.net.create_extractor()
        # A copy: a first layer that works in place brings down the process where the memory is NumPy's.
        extractor.input(start, self.ncnn.Mat(maps).clone())
        del maps
        failed, found = extractor.extract(end)
        if failed:
            raise RuntimeError("ncnn cannot compute this network")
        return np.array(found)


RUNTIMES: dict[str, type[OnnxRuntime] | type[OpenVino] | type[Ncnn]] = {
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "ncnn": Ncnn,
}
