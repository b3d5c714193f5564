"""The libraries: each takes normalised images, float32 [N, 3, H, W], and returns logits, computed in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pixelproof.prediction.backends.convert import BIN_FILE, ONNX_FILE, PARAM_FILE

Float32 = npt.NDArray[np.float32]


class Runtime(Protocol):
    """Computes logits."""

    def __call__(self, images: Float32) -> Float32:
        """Return logits [N, K] or [N, K, H, W]."""
        ...


class OnnxRuntime:
    """ONNX Runtime.

    Args:
        folder: Holds the converted network.
        threads: How many to use.
    """

    packages = ("onnxruntime", "onnx", "onnxscript")

    def __init__(self, folder: Path, threads: int, stride: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            folder / ONNX_FILE, sess_options=options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, images: Float32) -> Float32:
        """Return the logits."""
        logits: Float32 = self.session.run(None, {"images": images})[0]
        return logits


class OpenVino:
    """OpenVINO, compiled for the size of the images it gets."""

    packages = ("openvino", "onnx", "onnxscript")

    def __init__(self, folder: Path, threads: int, stride: int) -> None:
        import openvino

        self.core = openvino.Core()
        self.path = folder / ONNX_FILE
        # Some processors have bf16, which it would use unasked.
        self.options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
        self.compiled: tuple[tuple[int, ...], Any] | None = None

    def __call__(self, images: Float32) -> Float32:
        """Return the logits."""
        if self.compiled is None or self.compiled[0] != images.shape:
            model = self.core.read_model(self.path)
            model.reshape(list(images.shape))
            self.compiled = images.shape, self.core.compile_model(model, "CPU", self.options)
        return np.array(self.compiled[1](images)[0])


class Ncnn:
    """ncnn, whose Winograd convolutions need less than half the multiplications."""

    packages = ("ncnn", "pnnx")

    def __init__(self, folder: Path, threads: int, stride: int) -> None:
        import ncnn

        self.ncnn = ncnn
        self.stride = stride
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_vulkan_compute = False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_packed = options.use_bf16_storage = False
        if self.net.load_param(str(folder / PARAM_FILE)) or self.net.load_model(str(folder / BIN_FILE)):
            raise RuntimeError("ncnn cannot read the converted network")

    def __call__(self, images: Float32) -> Float32:
        """Return the logits, image by image."""
        return np.stack([self._one(image) for image in images])

    def _one(self, image: Float32) -> Float32:
        height, width = image.shape[1:]
        padded = np.pad(image, ((0, 0), (0, -height % self.stride), (0, -width % self.stride)))
        extractor = self.net.create_extractor()
        extractor.input("in0", self.ncnn.Mat(np.ascontiguousarray(padded)))
        failed, found = extractor.extract("out0")
        if failed:
            raise RuntimeError("ncnn cannot compute this network")
        logits: Float32 = np.array(found)
        return np.ascontiguousarray(logits[:, :height, :width]) if logits.ndim == 3 else logits


RUNTIMES: dict[str, type[OnnxRuntime] | type[OpenVino] | type[Ncnn]] = {
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "ncnn": Ncnn,
}
