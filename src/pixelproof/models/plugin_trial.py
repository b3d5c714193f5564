"""Networks of installed packages are tried on images of zeros, and come under the contract by what they give."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pixelproof.config import Task
from pixelproof.errors import UserError
from pixelproof.models.adapters import ODD, SMP_STRIDE
from pixelproof.models.pixel_model import Output, PixelModel
from pixelproof.models.plugin_adapters import PluginClassifier, PluginSegmenter, as_output
from pixelproof.models.plugins import make_network, plugin_task
from pixelproof.models.tracing import run_on_shapes, without_data
from pixelproof.numbers import counted
from pixelproof.plugins import MEND, PREFIX, blamed

Size = tuple[int, int]
Call = tuple[str, tuple[Tensor, ...], Tensor]
"""Name of a layer, what it takes and what it gives."""
COARSE = (3 * SMP_STRIDE, 5 * SMP_STRIDE)  # sides that a segmenter cannot halve and join again once too often
SIZES: dict[Task, str] = {
    "classification": "set input_size to a size that it takes",
    "segmentation": f"let it take any sides that are multiples of {SMP_STRIDE}, or be a PixelModel with its own stride",
}


def plugin_model(name: str, num_classes: int, channels: int, input_size: int | None) -> PixelModel:
    """Build the model ``plugin:NAME``, whose name was checked; a ``PixelModel`` is taken as it is.

    Args:
        name: What follows ``plugin:``.
        num_classes: K.
        channels: C, of the images.
        input_size: Height and width of a classifier's images; None where they may have any.

    Raises:
        UserError: There is no such network, or it does not answer as it should.
    """
    task = plugin_task(name)
    size = (input_size, input_size) if input_size and task == "classification" else ODD
    with redirect_stdout(sys.stderr):  # for whatever it prints: stdout belongs to results
        network = make_network(name, num_classes, channels)
        return _Trial(PREFIX + name, task, num_classes, channels).passed(network, size)


@dataclass(frozen=True)
class _Trial:
    """What is known of a network before it is asked: its name, what it is for, K and C."""

    called: str
    task: Task
    num_classes: int
    channels: int

    @torch.no_grad()
    def passed(self, network: nn.Module, size: Size) -> PixelModel:
        """Return a network as a ``PixelModel`` that gave what it should for images of this height and width."""
        training = network.training
        network.eval()
        model = network if isinstance(network, PixelModel) else self._adapted(network, size)
        # As prediction lays weights out, and so the maps that they make: there view fails where reshape does not.
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._check(model, self._ask(model, 2, size), size)
        model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        model.shapes_suffice = _runs_on_shapes(model, max(size))
        return model.train(training)

    def _adapted(self, network: nn.Module, size: Size) -> PixelModel:
        """Return a network under the contract, by one look at what it gives."""
        if self.task == "classification":
            with _calls_of_linear(network) as calls:
                as_output(self._ask(network, 1, size), self.called)
            last = _last(calls, [1, self.num_classes])
            return PluginClassifier(network, self.called, self.num_classes, self.channels, last)
        output = as_output(self._ask(network, 1, COARSE), self.called)
        cell, reduction = (self._cell(what, maps) for what, maps in output._asdict().items())
        return PluginSegmenter(network, self.called, self.num_classes, self.channels, cell, reduction)

    def _ask(self, network: nn.Module, count: int, size: Size) -> Any:
        """Return what a network gives for images of zeros."""
        images = f"{counted(count, 'image')} of {self.channels} channels and {_by(size)} pixels"
        with blamed(f"'{self.called}' cannot be applied to {images}", f"{SIZES[self.task]}, or {MEND}"):
            return network(torch.zeros(count, self.channels, *size))

    def _cell(self, what: str, maps: Tensor) -> int:
        """Return how many pixels a side each cell of a segmenter's maps stands for, in images of ``COARSE`` pixels."""
        cells = maps.shape[2:]
        cell = COARSE[0] // max(cells[0], 1) if len(cells) == 2 else 0
        if [cell * side for side in cells] != list(COARSE):
            problem = f"'{self.called}' gives {what} of shape {list(maps.shape)} for an image of {_by(COARSE)} pixels"
            raise UserError(problem, f"let the {what} be maps with the image's sides, or with a whole part of both")
        return cell

    def _check(self, model: PixelModel, output: object, size: Size) -> None:
        """Refuse a model that does not keep the contract."""
        if (model.num_classes, model.channels) != (self.num_classes, self.channels):
            has = f"{model.num_classes} classes and {model.channels} channels"
            problem = f"'{self.called}' has {has} where {self.num_classes} and {self.channels} were asked for"
            raise UserError(problem, "hand num_classes and channels on to PixelModel.__init__")
        if not isinstance(output, Output):
            problem = f"the forward of '{self.called}', a PixelModel, gives {type(output).__name__}"
            raise UserError(problem, "let it give Output(logits, features)")
        places, maps = (list(size), ", h, w") if self.task == "segmentation" else ([], "")
        wanted = [2, self.num_classes, *places]
        logits, features = (list(part.shape) for part in output)
        if logits != wanted or len(features) != len(wanted) or features[0] != wanted[0]:
            problem = f"'{self.called}' gives logits of shape {logits} and features of shape {features}"
            raise UserError(f"{problem} for 2 images of {_by(size)} pixels", f"let them be {wanted} and [2, D{maps}]")
        if not any(parameter.requires_grad for parameter in model.parameters()):
            raise UserError(f"'{self.called}' has no weights to train", "let some of its parameters need gradients")


@contextmanager
def _calls_of_linear(network: nn.Module) -> Iterator[list[Call]]:
    """Note the linear layers that are called inside the block, and what they take and give."""
    calls: list[Call] = []

    def note(name: str, layer: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        calls.append((name, arguments, output))

    linear = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    handles = [layer.register_forward_hook(partial(note, name)) for name, layer in linear]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _last(calls: list[Call], shape: list[int]) -> str | None:
    """Return the name of the layer that was called last, if logits of this shape can be what it gave."""
    name, arguments, output = calls[-1] if calls else ("", (), torch.empty(0))
    return name if arguments and list(output.shape) == shape else None


def _runs_on_shapes(model: PixelModel, size: int) -> bool:
    """Return whether a network can be traced without data; a copy is tried, for it may remember what it has seen."""
    try:
        run_on_shapes(without_data(model), size)
    except Exception:  # it asks for values, which each operation refuses in its own way
        return False
    return True


def _by(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
