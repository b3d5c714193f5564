"""The processes that share each batch, as one of them sees it.

The network is what takes time, so it alone is shared out: each process computes it for its part of a batch. Mixing, the
loss and the step are done by all alike and see the whole batch, as batch norm does. So several processes find the
weights that one would, to rounding, whatever the loss.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor, nn

from pixelproof.training.whole_batch import WholeBatch

Count = TypeVar("Count", bound=np.generic)


@dataclass(frozen=True)
class Parallel:
    """One of ``size`` processes, all of which call the same methods in the same order."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Return which of ``count`` things, such as the images of a batch, are this process's."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def gather(self, part: Tensor) -> Tensor:
        """Return the parts of all processes, [N, ...] each, as one, [N x size, ...]; its gradients reach this part."""
        return part if self.size == 1 else _Join.apply(part, self)  # type: ignore[no-untyped-call]

    def whole_batch_layers(self, count: int) -> AbstractContextManager[object]:
        """Return the context in which layers that look beyond one of this process's ``count`` images see all images."""
        return nullcontext() if self.size == 1 else WholeBatch(self.rank, self.size, count, self.all_reduce)

    def all_reduce(self, values: Tensor) -> Tensor:
        """Return the sum of what all processes give."""
        if self.size > 1:
            values = values.contiguous()
            dist.all_reduce(values)
        return values

    def total(self, counts: npt.NDArray[Count]) -> npt.NDArray[Count]:
        """Return the sum of the counts of all processes, exactly."""
        device = "cuda" if self.size > 1 and dist.get_backend() == "nccl" else "cpu"
        return self.all_reduce(torch.from_numpy(counts).to(device)).cpu().numpy()

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Let the gradients of each parameter be the sum over all processes: each has seen its part of the loss."""
        if self.size > 1:
            gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
            # As one: each message takes time of its own, however short it is.
            joined = self.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]))
            for gradient, summed in zip(gradients, torch.split(joined, [g.numel() for g in gradients]), strict=True):
                gradient.copy_(summed.view_as(gradient))

    def broadcast(self, module: nn.Module) -> None:
        """Give all processes the parameters and buffers of the first one."""
        if self.size > 1:
            for tensor in module.state_dict().values():
                dist.broadcast(tensor, 0)


ALONE = Parallel()


class _Join(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor, parallel: Parallel) -> Tensor:
        ctx.own = parallel.part(len(part) * parallel.size)
        part = part.contiguous()
        parts = [torch.empty_like(part) for _ in range(parallel.size)]
        dist.all_gather(parts, part)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient[ctx.own], None
