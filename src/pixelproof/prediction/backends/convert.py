"""A network in the formats of other libraries."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from pixelproof.config import COLORS
from pixelproof.models import Output
from pixelproof.models.padding import padded_elsewhere

Size = tuple[int, int]
REASON = 160  # characters that are shown of one
COPIES = 5  # of the weights, that a converter writes on its way
ODD = (70, 45)  # an example of no special size, so that nothing about it is taken for a rule


class Logits(nn.Module):
    """A network that returns logits alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        output = self.model(images)
        return output.logits if isinstance(output, Output) else output


def to_onnx(network: nn.Module, path: Path, example: Tensor, free: dict[int, str], name: str = "images") -> None:
    """Write a network as ONNX.

    Args:
        network: Takes one tensor and returns one, the logits.
        path: Where to write.
        example: An input, of no special size where sizes are free.
        free: Names of the dimensions that may have any size, by their index; images are then padded inside.
        name: Of the input.

    Raises:
        OSError: The disk has no room for it.
        Exception: Whatever the exporter raises for a network it cannot express.
    """
    import onnx

    _check_room(network, path.parent)
    with quiet():
        program = torch.onnx.export(
            network.eval(),
            (example,),
            dynamo=True,
            dynamic_shapes=(free,),
            input_names=[name],
            output_names=["logits"],
            verbose=False,
        )
        assert program is not None
        written = program.model_proto
    for node in written.graph.node:  # the exporter notes which line of which file on this machine a node came from
        del node.metadata_props[:]
    onnx.save(written, path)


def to_ncnn(network: nn.Module, param: Path, stride: int, size: Size | None, channels: int = COLORS) -> None:
    """Write a network for ncnn: from one image [C, H, W] to logits, float32.

    ncnn cannot pad images to a network's stride; whoever calls it has to, and to cut what that added off its answer.

    Args:
        network: Takes one tensor and returns one.
        param: Where to write the structure; the weights come to lie beside it, as ``.bin``.
        stride: Multiple to which height and width of every image are padded.
        size: Height and width of all images; None where they may have any.
        channels: C.

    Raises:
        OSError: The disk has no room for it.
        Exception: Whatever tracing raises, or what pnnx prints where it fails, or what ncnn cannot compute.
    """
    import pnnx

    # Unlike sides, so that neither is taken for the other; a second size tells what depends on it.
    sizes = [size] if size else [(2 * stride, 3 * stride), (5 * stride, 4 * stride)]
    _check_room(network, param.parent)
    with tempfile.TemporaryDirectory(dir=param.parent) as folder, quiet(), padded_elsewhere():
        example = torch.zeros(1, channels, *sizes[0])
        traced = torch.jit.trace(network.eval(), example, check_trace=False)  # type: ignore[no-untyped-call]
        traced.save(f"{folder}/network.pt")
        shapes = [f"inputshape{'2' * bool(i)}=[1,{channels},{sides[0]},{sides[1]}]" for i, sides in enumerate(sizes)]
        names = [f"ncnnparam={param.resolve()}", f"ncnnbin={param.with_suffix('.bin').resolve()}"]
        program = str(Path(pnnx.__file__).parent / "pnnx")
        command = [program, "network.pt", *shapes, "fp16=0", *names]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    layers = param.read_text(encoding="utf-8") if param.is_file() else ""
    # pnnx writes what it does not know under its own name and says so only in passing.
    unknown = {line.split()[0] for line in layers.splitlines()[2:] if "." in line.split()[0]}
    if done.returncode or not layers or unknown:
        raise RuntimeError(f"ncnn has no {', '.join(sorted(unknown))}" if unknown else (done.stderr or done.stdout))
    _survive(param, sizes, channels)


def _check_room(network: nn.Module, folder: Path) -> None:
    """Refuse a disk that will be full; converters would call that something else, or nothing at all."""
    weights = sum(tensor.numel() * tensor.element_size() for tensor in network.parameters())
    if shutil.disk_usage(folder).free < COPIES * weights + 2**20:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _survive(param: Path, sizes: list[Size], channels: int) -> None:
    """Compute images of zeros in a process of its own, for a network that ncnn misreads can bring down its process."""
    script = str(Path(__file__).with_name("ncnn_probe.py"))
    command = [sys.executable, script, str(param), *(f"{channels}x{height}x{width}" for height, width in sizes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode < 0:
        raise RuntimeError("ncnn crashes on it")
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["ncnn cannot compute it"])[-1])


def reason(error: Exception) -> str:
    """Return the first line of what a converter or a library complains of, shortened, no full stop."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return line if len(line) <= REASON else f"{line[:REASON]} …"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep to itself what converters print and warn of on their way."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
