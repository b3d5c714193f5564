"""Layers that look beyond one image, where each process has a part of the batch.

A batch norm that saw its part alone would learn other statistics than one process does; dropout and stochastic depth
would draw the same for every part. All are met where torch computes them and not as layers, so that any network's are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

Sum = Callable[[Tensor], Tensor]
"""Returns the sum over all processes."""


class WholeBatch(TorchFunctionMode):
    """The context in which layers, in training, do what they do to the whole batch.

    Args:
        rank: Which part of the batch this process has.
        size: How many parts there are.
        count: How many images each has.
        total: Adds up what the processes give.
    """

    def __init__(self, rank: int, size: int, count: int, total: Sum) -> None:
        super().__init__()
        self.rank = rank
        self.size = size
        self.count = count
        self.total = total

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is F.batch_norm:
            return self._batch_norm(*args, **(kwargs or {}))
        if function in (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d):
            return self._dropout(function, *args, **(kwargs or {}))
        if function is torch.Tensor.bernoulli_ and args[0].shape[:1] == (self.count,):  # stochastic depth of timm
            return args[0].copy_(self._own(function(self._repeated(args[0]), *args[1:], **(kwargs or {}))))
        if function is torch.rand:  # and of segmentation_models.pytorch
            shape = torch.Size(args[0] if args and isinstance(args[0], list | tuple) else args)
            if shape[:1] == (self.count,):
                return self._own(torch.rand(self.count * self.size, *shape[1:], **(kwargs or {})))
        return function(*args, **(kwargs or {}))

    def _batch_norm(
        self,
        images: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        if not training:
            return F.batch_norm(images, running_mean, running_var, weight, bias, False, momentum, eps)
        count = images.numel() // images.shape[1] * self.size
        normed, mean, variance = _Norm.apply(images, weight, bias, count, eps, self.total)  # type: ignore[no-untyped-call]
        if running_mean is not None and running_var is not None:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_(variance.to(running_var.dtype) * (count / max(count - 1, 1)), momentum)
        result: Tensor = normed
        return result

    def _dropout(
        self, drop: Callable[..., Tensor], images: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if not training:
            return images
        mask = self._own(drop(self._repeated(images), p, True))
        return images.mul_(mask) if inplace else images * mask

    def _repeated(self, part: Tensor) -> Tensor:
        """Return ones as many as the whole batch has values where ``part`` has this process's, in the same layout.

        What is drawn for all of them is drawn by all processes, with generators that stand at the same number.
        """
        layout = torch.channels_last if _is_channels_last(part) else torch.contiguous_format
        return part.new_ones(()).expand(len(part) * self.size, *part.shape[1:]).contiguous(memory_format=layout)

    def _own(self, whole: Tensor) -> Tensor:
        """Return this process's part of what was drawn for all."""
        return whole.chunk(self.size)[self.rank]


class _Norm(torch.autograd.Function):
    """Batch norm over all processes: (x - mean) / sqrt(variance + eps), times weight, plus bias, per channel."""

    @staticmethod
    def forward(
        ctx: Any, images: Tensor, weight: Tensor | None, bias: Tensor | None, count: int, eps: float, total: Sum
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = images.to(torch.promote_types(images.dtype, torch.float32))
        over = [d for d in range(x.ndim) if d != 1]
        mean = total(x.sum(over)) / count
        # From the differences and not from the mean of squares, which loses digits where the mean is large.
        variance = total((x - _channels(mean, x)).square().sum(over)) / count
        scale = (variance + eps).rsqrt()
        ctx.save_for_backward(images, weight, mean, scale)
        ctx.count, ctx.total = count, total
        factor = scale if weight is None else scale * weight
        shift = -mean * factor if bias is None else bias - mean * factor
        ctx.mark_non_differentiable(mean, variance)
        return (x * _channels(factor, x) + _channels(shift, x)).to(images.dtype), mean, variance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        images, weight, mean, scale = ctx.saved_tensors
        dtype = mean.dtype
        normed = (images.to(dtype) - _channels(mean, images)) * _channels(scale, images)
        over = [d for d in range(images.ndim) if d != 1]
        along = torch.stack([gradient.sum(over, dtype=dtype), (gradient * normed).sum(over)])
        # Those of weight and bias are summed over the processes with all others.
        of_bias, of_weight = along
        common, slope = ctx.total(along.clone()) / ctx.count
        factor = scale if weight is None else scale * weight
        inner = gradient.to(dtype) - _channels(common, images) - normed * _channels(slope, images)
        of_images = (inner * _channels(factor, images)).to(images.dtype)
        _, has_weight, has_bias, *_ = ctx.needs_input_grad
        return of_images, of_weight if has_weight else None, of_bias if has_bias else None, None, None, None


def _channels(values: Tensor, images: Tensor) -> Tensor:
    """Return values, [C], so that they apply to the channels of images, [N, C, ...]."""
    return values.view(1, -1, *[1] * (images.ndim - 2))


def _is_channels_last(images: Tensor) -> bool:
    return images.ndim == 4 and not images.is_contiguous() and images.is_contiguous(memory_format=torch.channels_last)
