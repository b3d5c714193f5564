"""A network with its preprocessing and label contract, ready for images. Knows nothing of truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pixelproof.config import run_settings
from pixelproof.data.decoded import resized
from pixelproof.labels import LabelScheme
from pixelproof.models import Output, PixelModel, build_model, fold_batch_norm
from pixelproof.prediction.tiles import LARGE, halo, predict_tiled
from pixelproof.runs import Run
from pixelproof.training.checkpoints import load_weights
from pixelproof.training.device import autocast, pick_device

UInt8 = npt.NDArray[np.uint8]


class Predictor:
    """Applies a network to images.

    Args:
        model: The network, with its ``preprocessing``.
        scheme: The label contract of its output channels.
        device: Where to compute.
        precision: ``float32``, ``bf16`` or ``auto``.
    """

    def __init__(
        self, model: PixelModel, scheme: LabelScheme, device: str = "auto", precision: str = "float32"
    ) -> None:
        self.device = pick_device(device)
        self.model = model.to(self.device)
        self.scheme = scheme
        self.precision = precision

    @classmethod
    def open(cls, run: Run, device: str = "auto") -> Predictor:
        """Load the best checkpoint of a run, its batch norms folded into the convolutions where that is exact.

        Raises:
            UserError: The run is incomplete or damaged.
        """
        config = run_settings(run)
        scheme = run.labels()
        # The weights come from the checkpoint, so the ones training started from are not needed.
        model_config = config.model.model_copy(update={"weights": "none"})
        model = build_model(model_config, len(scheme.classes))
        load_weights(run.best, model)
        folded, _ = fold_batch_norm(model, model_config)
        return cls(folded, scheme, device)

    @torch.inference_mode()
    def __call__(self, images: Sequence[UInt8]) -> Output:
        """Return the network's output for images, uint8 [H, W, 3], on the CPU as float32.

        Images of a classifier are resized to its input size; those of a segmenter must all have the same size.
        """
        self.model.eval()
        preprocessing = self.model.preprocessing
        tensors = [torch.from_numpy(image).permute(2, 0, 1) for image in images]
        batch = torch.stack([resized(t, preprocessing.input_size) for t in tensors]).to(self.device)
        with autocast(self.device, self.precision):
            output = self.model(preprocessing(batch))
        return Output(output.logits.float().cpu(), output.features.float().cpu())

    def class_map(self, image: UInt8) -> UInt8:
        """Return the class index of every pixel of an image of any size, uint8 [H, W, 3] -> [H, W].

        A large image is computed in tiles whose halo covers all that a pixel depends on, so the result is that of the
        whole image.
        """
        if image.shape[0] * image.shape[1] > LARGE:
            return predict_tiled(image, self._classes, halo(self.model))
        return self._classes(image)

    def _classes(self, image: UInt8) -> UInt8:
        classes: UInt8 = self([image]).logits[0].argmax(dim=0).to(torch.uint8).numpy()
        return classes


def probabilities(logits: Tensor) -> npt.NDArray[np.float64]:
    """Return softmax probabilities, [N, K], as float64."""
    values: npt.NDArray[np.float64] = logits.double().softmax(dim=1).numpy()
    return values
