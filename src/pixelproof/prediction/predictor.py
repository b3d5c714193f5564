"""A network with its preprocessing and label contract, ready for images. Knows nothing of truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from pixelproof.array_types import Float16, Float32, Float64, UInt8
from pixelproof.config import OWN_SIZE, run_settings
from pixelproof.data.decoded import resized
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.models import Output, PixelModel, build_model, fold, fold_batch_norm
from pixelproof.prediction.chances import best_classes, finite, probabilities, rounded
from pixelproof.prediction.tiles import Map, halo, large, predict_tiled, tile_side
from pixelproof.prediction.views import ViewAverage, chosen_sizes, described
from pixelproof.runs import Run
from pixelproof.runs.calibration_file import fitted_temperature
from pixelproof.runs.files import AnyPath
from pixelproof.training.checkpoints import load_weights
from pixelproof.training.device import autocast, pick_device


class Predictor:
    """Applies a network to images.

    Args:
        model: The network, with its ``preprocessing``.
        scheme: The label contract of its output channels.
        device: Where to compute.
        precision: ``float32``, ``bf16`` or ``auto``.
        temperature: Divides the logits before softmax, so that probabilities mean what they say.
    """

    def __init__(
        self,
        model: PixelModel,
        scheme: LabelScheme,
        device: str = "auto",
        precision: str = "float32",
        temperature: float = 1.0,
    ) -> None:
        self.device = pick_device(device)
        self.model = model.to(self.device)
        self.scheme = scheme
        self.precision = precision
        self.temperature = temperature
        self.runtime: Callable[[Float32], Float32] | None = None
        """Another library that computes the logits, where ``use_backend`` has chosen one."""

    @classmethod
    def open(
        cls,
        run: Run | AnyPath,
        device: str = "auto",
        *,
        tta: bool | None = None,
        scales: Sequence[float] | None = None,
        literal: bool = False,
    ) -> Predictor:
        """Load the best checkpoint of a run, folded where that is exact.

        The run's temperature is applied to probabilities, where one was fitted.

        Args:
            run: The run, or its folder.
            device: Where to compute.
            tta: Whether to average over an image's symmetries; None is as the run's settings say.
            scales: Sizes of a segmenter's image to average over; None is as the run's settings say.
            literal: Fold no further than ``show`` prints the network, so that each layer printed can be looked into.

        Raises:
            UserError: The run is incomplete or damaged, or no segmenter can be asked at such ``scales``.
        """
        run = run if isinstance(run, Run) else Run.open(run)
        config = run_settings(run)
        scheme = run.labels()
        model = trained_network(run)
        temperature = fitted_temperature(run.calibration)
        network = fold_batch_norm(model, config.model)[0] if literal else fold(model)
        # Convolutions take maps whose channels lie side by side as they are; any others they copy there and back.
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        symmetries = config.model.tta if tta is None else tta
        sizes = config.model.tta_scales if scales is None else chosen_sizes(scales, scheme)
        if symmetries or sizes != OWN_SIZE:
            return cls(ViewAverage(network, temperature, symmetries, sizes), scheme, device)
        return cls(network, scheme, device, temperature=temperature)

    @property
    def reader(self) -> ImageReader:
        """Reads image files as the network takes them."""
        known = self.model.preprocessing
        return RGB if known.bands is None else ImageReader(known.bands, known.stretch, known.dtype)

    @property
    def looks(self) -> str:
        """How an image is looked at: symmetries x sizes."""
        return self.model.looks if isinstance(self.model, ViewAverage) else described(False, OWN_SIZE)

    @property
    def fitted(self) -> float:
        """The run's temperature, 1 where none was fitted, whether logits are at it already or not."""
        return self.model.temperature if isinstance(self.model, ViewAverage) else self.temperature

    @property
    def tempered(self) -> bool:
        """Whether the logits are at the run's temperature already, as the mean over several views is."""
        return isinstance(self.model, ViewAverage) and self.model.temperature != 1.0

    @property
    def network(self) -> PixelModel:
        """The network that answers, asked once or about several views of an image."""
        return self.model.model if isinstance(self.model, ViewAverage) else self.model

    @torch.inference_mode()
    def __call__(self, images: Sequence[UInt8]) -> Output:
        """Return the network's output for images, uint8 [H, W, C], on the CPU as float32.

        Images of a classifier are resized to its input size; those of a segmenter must all have the same size.

        Raises:
            UserError: An image is something else than an array uint8 [H, W, C], as wherever arrays are given, or
                they are of several sizes and not resized.
        """
        batch = self.prepared(images)
        with autocast(self.device, self.precision):
            output = self.model(batch)
        return Output(finite(output.logits).float().cpu(), output.features.float().cpu())

    def logits(self, images: Sequence[UInt8]) -> Tensor:
        """Return the logits alone, [N, K] or [N, K, H, W], on the CPU as float32."""
        return self.device_logits(images).float().cpu()

    def prepared(self, images: Sequence[UInt8]) -> Tensor:
        """Return images, uint8 [H, W, C], as the network's input on its device, and put the network in eval mode."""
        if not len(images):
            raise UserError("no image is given", "give one or more")
        self.model.eval()
        preprocessing = self.model.preprocessing
        for image in images:
            self._refuse_other(image)
        tensors = [torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1) for image in images]
        fitting = [resized(t, preprocessing.input_size) for t in tensors]
        if len({t.shape for t in fitting}) > 1:
            raise UserError("the images have several sizes, and the network resizes none", "give them one by one")
        return preprocessing(torch.stack(fitting).to(self.device))

    def _refuse_other(self, image: object) -> None:
        """Refuse an image that is not uint8 [H, W, C], of which the answer would be another than of its file."""
        channels = self.model.preprocessing.channels
        array = image if isinstance(image, np.ndarray) else None
        if array is None or array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != channels or not array.size:
            given = type(image).__name__ if array is None else f"an array {array.dtype} {list(array.shape)}"
            raise UserError(
                f"an image is given as {given}, and the network takes uint8 [H, W, {channels}]",
                "give values of 0 to 255 with the channels last, as predictor.reader(path) reads a file",
            )

    def probabilities(self, images: Sequence[UInt8]) -> Float64:
        """Return a classifier's probabilities for images, [N, K], at the run's temperature."""
        return probabilities(self.logits(images), self.temperature)

    def class_map(self, image: UInt8) -> UInt8:
        """Return the class index of every pixel of an image of any size, uint8 [H, W, C] -> [H, W].

        A large image is computed in tiles whose halo covers all that a pixel depends on, so the result is that of the
        whole image.
        """
        return self._mapped(image, self.classes)

    def confident_map(self, image: UInt8, temperatures: Sequence[float]) -> Float32:
        """Return class and confidence of every pixel of an image of any size, uint8 [H, W, C].

        Returns:
            float32 [H, W, 1 + S]: the class index, then the probability of that class at each of S temperatures.
        """

        def confident(piece: UInt8) -> Float32:
            logits = self.logits([piece])[0]
            top, classes = logits.max(dim=0)
            sure = [1 / ((logits - top) / t).exp().sum(dim=0) for t in temperatures]
            return torch.stack([classes.float(), *sure], dim=-1).numpy()

        return self._mapped(image, confident)

    def probability_map(self, image: UInt8, result: Float16 | None = None) -> Float16:
        """Return the probability of every class at every pixel of an image of any size, at the run's temperature.

        Args:
            image: uint8 [H, W, C].
            result: float16 [K, H, W] to write to, such as a file that is larger than memory; by default a new array.

        Returns:
            float16 [K, H, W]; ``likeliest`` makes of it what ``class_map`` returns.
        """

        def chances(piece: UInt8) -> Float16:
            return np.moveaxis(rounded(self.logits([piece])[0], self.temperature), 0, -1)

        self._refuse_other(image)
        if result is None:
            result = np.empty((len(self.scheme.classes), *image.shape[:2]), np.float16)
        self._mapped(image, chances, np.moveaxis(result, 0, -1))
        return result

    def _mapped(self, image: UInt8, predict: Callable[[UInt8], Map], result: Map | None = None) -> Map:
        """Return what ``predict`` gives for a whole image, a large one tile by tile; written to ``result`` if given."""
        self._refuse_other(image)
        if large(self.model, image.shape[0], image.shape[1]):
            return predict_tiled(image, predict, halo(self.model), tile_side(self.model), result)
        if result is None:
            return predict(image)
        result[...] = predict(image)
        return result

    def classes(self, image: UInt8) -> UInt8:
        """Return the class index of every pixel, uint8 [H, W, C] -> [H, W], computed as a whole."""
        classes: UInt8 = best_classes(self.device_logits([image]))[0].astype(np.uint8)
        return classes

    @torch.inference_mode()
    def device_logits(self, images: Sequence[UInt8]) -> Tensor:
        """Return the logits of images as ``logits`` does, but on the device and in the type in which it computes."""
        batch = self.prepared(images)
        if self.runtime is None:
            with autocast(self.device, self.precision):
                return finite(self.model(batch).logits)
        runtime = self.runtime

        def answer(images: Tensor) -> Tensor:
            return torch.from_numpy(runtime(images.contiguous().numpy()))

        return self.model.average(batch, answer) if isinstance(self.model, ViewAverage) else answer(batch)


def trained_network(run: Run) -> PixelModel:
    """Return the network of a run with its best weights, as it was trained: nothing is folded.

    Raises:
        UserError: The run is incomplete or damaged.
    """
    model = build_model(run_settings(run).model.without_weights(), len(run.labels().classes))
    load_weights(run.best, model)
    return model
