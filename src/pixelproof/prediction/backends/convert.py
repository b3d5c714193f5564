"""A network in the formats of other libraries."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from pixelproof.models import Output

Size = tuple[int, int]
ONNX_FILE, PARAM_FILE, BIN_FILE = "network.onnx", "network.param", "network.bin"
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


def to_onnx(network: nn.Module, path: Path, size: Size | None) -> None:
    """Write a network, from images [N, 3, H, W] to logits, as ONNX.

    Args:
        network: Returns one tensor.
        path: Where to write.
        size: Height and width of all images; None where they may have any, padded inside to the network's stride.

    Raises:
        Exception: Whatever the exporter raises for a network it cannot express.
    """
    example = torch.zeros(2 if size else 1, 3, *(size or ODD))
    any_size = torch.export.Dim.DYNAMIC
    dynamic = {0: any_size} if size else {0: any_size, 2: any_size, 3: any_size}
    with quiet():
        program = torch.onnx.export(
            network.eval(),
            (example,),
            dynamo=True,
            dynamic_shapes=(dynamic,),
            input_names=["images"],
            output_names=["logits"],
            verbose=False,
        )
        assert program is not None
        program.save(path)


def to_ncnn(network: nn.Module, param: Path, weights: Path, size: Size) -> None:
    """Write a network, from one image [3, H, W] whose sides are multiples of its stride to logits, for ncnn.

    Args:
        network: Returns one tensor.
        param: Where to write the structure.
        weights: Where to write the weights, float32.
        size: Height and width of the example it is traced with; others work where nothing depends on it.

    Raises:
        Exception: Whatever tracing raises, or what pnnx prints where it fails.
    """
    import pnnx

    program = Path(pnnx.__file__).parent / "pnnx"
    with tempfile.TemporaryDirectory() as folder, quiet():
        example = torch.zeros(1, 3, *size)
        traced = torch.jit.trace(network.eval(), example, check_trace=False)  # type: ignore[no-untyped-call]
        traced.save(f"{folder}/network.pt")
        shape = f"inputshape=[1,3,{size[0]},{size[1]}]"
        names = [f"ncnnparam={param.resolve()}", f"ncnnbin={weights.resolve()}"]
        command = [str(program), "network.pt", shape, "fp16=0", *names]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    layers = param.read_text(encoding="utf-8") if param.is_file() else ""
    # pnnx writes what it does not know under its own name and says so only in passing.
    unknown = {line.split()[0] for line in layers.splitlines()[2:] if "." in line.split()[0]}
    if done.returncode or not layers or unknown:
        raise RuntimeError(f"ncnn has no {', '.join(sorted(unknown))}" if unknown else (done.stderr or done.stdout))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep to itself what converters print and warn of on their way."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
