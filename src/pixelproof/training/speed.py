"""How fast training was, and how much of what its device can do."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch

from pixelproof.models import PixelModel
from pixelproof.runs import Run
from pixelproof.training.device import autocast

PASSES = 3
"""Cost of a training step in forward passes: one forward, two for the gradients of weights and of activations."""
_SIDE, _SECONDS = 8192, 0.5


@dataclass(frozen=True)
class Speed:
    """The speed of a run."""

    images_per_second: float
    """Median over the epochs, scoring left out."""
    macs: int | None = None
    """Multiply-adds of one forward pass of one training image, in the form in which it was computed."""
    peak_flops: float | None = None
    """Floating-point operations a second of a large matrix product on the device in training's precision."""

    @property
    def share_of_peak(self) -> float | None:
        """Operations of training a second, of ``peak_flops``."""
        if self.peak_flops is None or self.macs is None:
            return None
        return 2 * PASSES * self.macs * self.images_per_second / self.peak_flops

    def facts(self) -> dict[str, float | None]:
        """Return plain data for the run's environment."""
        return {**vars(self), "share_of_peak": self.share_of_peak}

    def __str__(self) -> str:
        """Return it in words."""
        text = f"trained at {self.images_per_second:,.0f} images/s"
        if self.peak_flops is None or self.share_of_peak is None:
            return text
        return f"{text}, {self.share_of_peak:.0%} of the {self.peak_flops / 1e12:.0f} TFLOP/s of a matrix product here"


def median_rate(run: Run, frozen: int = 0) -> float:
    """Return the images a second of a run that is trained, the median over its epochs.

    Those at the start with a ``frozen`` backbone, which are faster, count where there are no others.
    """
    rates = [rate for row in run.metrics.read() if (rate := row["images_per_second"]) is not None]
    return statistics.median(rates[frozen:] or rates)


@torch.no_grad()
def multiply_adds(network: PixelModel, images: torch.Tensor) -> int:
    """Return the multiply-adds for each image of a batch, float [N, C, H, W]; what a batch takes once is shared out."""
    from torch.utils.flop_counter import FlopCounterMode  # here, because it brings a compiler for GPUs along

    with FlopCounterMode(display=False) as counter:
        network(images)
    return int(counter.get_total_flops() // (2 * len(images)))


def measured_peak(device: torch.device, precision: str, side: int = _SIDE, seconds: float = _SECONDS) -> float:
    """Return the floating-point operations a second of a product of square matrices, the best of what was measured.

    Args:
        device: Where to compute.
        precision: As training's.
        side: Rows of the matrices.
        seconds: How long to measure.
    """
    a, b = (torch.randn(side, side, device=device, generator=torch.Generator(device).manual_seed(i)) for i in (0, 1))
    best, end = float("inf"), time.perf_counter() + seconds
    with autocast(device, precision), torch.no_grad():
        # Cast once: autocast would do it for every product.
        a, b = (matrix.to((matrix[:1, :1] @ matrix[:1, :1]).dtype) for matrix in (a, b))
        while time.perf_counter() < end:
            _wait(device)
            start = time.perf_counter()
            torch.mm(a, b)
            _wait(device)
            best = min(best, time.perf_counter() - start)
    return 2.0 * side**3 / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
