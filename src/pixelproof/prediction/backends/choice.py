"""Choose the library that runs a network, by name or by a trial that is remembered in the run folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from pixelproof.array_types import Float32
from pixelproof.errors import Refusal, UserError
from pixelproof.models import fixed
from pixelproof.numbers import counted, dimensions
from pixelproof.prediction.backends.convert import ODD, Logits, Size, reason, to_ncnn, to_onnx
from pixelproof.prediction.backends.memory import TRIALS, Memory
from pixelproof.prediction.backends.runtimes import RUNTIMES, Ncnn, Runtime
from pixelproof.prediction.backends.trial import prove, race
from pixelproof.prediction.predictor import Predictor
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.atomic import atomic_folder, require_writable
from pixelproof.runs.locks import FOREVER, alone_in
from pixelproof.runs.machine import processor
from pixelproof.runs.packages import missing, require
from pixelproof.runs.proof_images import proof_images
from pixelproof.schema import one_of

BACKENDS = ("auto", "torch", *RUNTIMES)
LARGEST = 512  # pixels a side of a mask in a trial, so that it stays short and needs less memory than the work to come


def use_backend(predictor: Predictor, run: Run, name: str, size: Size) -> str:
    """Let a library compute the predictor's logits, once it has given the right ones, and return its name.

    Args:
        predictor: Opened from ``run``; changed in place.
        run: Keeps the converted networks and what trials found, in ``backends/``.
        name: One of ``BACKENDS``; "auto" takes the fastest that is installed and equal.
        size: Height and width of the images to come.

    Raises:
        UserError: There is no such library, it is not installed, or the device is not the CPU.
        Refusal: The library named cannot express the network or does not compute the same.
    """
    one_of(name, BACKENDS, "backend")
    if predictor.device.type != "cpu":
        if name in RUNTIMES:
            raise UserError(f"the backend {name} computes on the CPU", "give --device cpu or --backend torch")
        return "torch"
    if name == "torch":
        return name
    if name in RUNTIMES:
        require(RUNTIMES[name].packages, f"the backend {name}")
    if predictor.scheme.task == "classification":
        side = predictor.network.preprocessing.input_size
        size = (side, side) if side else size
    else:
        size = (min(size[0], LARGEST), min(size[1], LARGEST))
    with alone_in(run.path, FOREVER):  # what another process is converting or trying need not be done again
        return _Bench(predictor, run, size).use(name)


class _Bench:
    """Everything about one predictor, one run and one size."""

    def __init__(self, predictor: Predictor, run: Run, size: Size) -> None:
        self.predictor = predictor
        self.folder = run.path / "backends"
        self.size = size
        self.fixed = size if predictor.scheme.task == "classification" else None
        self.network = Logits(fixed(predictor.network.eval(), size) if self.fixed else predictor.network.eval())
        self.images = [
            predictor.prepared([image]).numpy() for image in proof_images(run, size, predictor.network.channels)
        ]
        self.memory = Memory(run, self.folder)
        key = f"{processor()}, {counted(torch.get_num_threads(), 'thread')}, {size[0]}x{size[1]}"
        self.found: dict[str, dict[str, Any]] = self.memory.trials.setdefault(key, {})

    def use(self, name: str) -> str:
        """Give the predictor the library named, or the fastest that is equal, and return its name."""
        if name == "auto":
            installed = [key for key in RUNTIMES if not missing(RUNTIMES[key].packages)]
            if not self.found.keys() >= {"torch", *installed}:
                self._require_writable()
                self._try(installed)
            usable = {key: found["seconds"] for key, found in self.found.items() if "seconds" in found}
            name = min((key for key in usable if key in ("torch", *installed)), key=lambda key: usable[key])
            say(f"backend {name}: " + ", ".join(f"{key} {seconds:.3g} s" for key, seconds in usable.items()))
        if name == "torch":
            return name
        if name not in self.found:
            self._require_writable()
            self._prove(name)
            self.memory.save()
        if "reason" in self.found[name]:
            raise Refusal(
                f"the backend {name} cannot run this network: {self.found[name]['reason']}", "use --backend torch"
            )
        self.predictor.runtime = self._loaded(name)
        return name

    def _try(self, names: list[str]) -> None:
        """Prove every library and time it beside PyTorch, one after the other, for each keeps much memory."""
        say(f"backend: trying {', '.join(names) or 'torch'} on {dimensions(self.size)} pixels, once for this run")
        torch_seconds = race({"torch": self._torch}, self.images[0])["torch"]
        self.found["torch"] = {"seconds": round(torch_seconds, 5)}
        for name in names:
            self._time(name, torch_seconds)
        self.memory.save()

    def _time(self, name: str, torch_seconds: float) -> None:
        """Note how long a library takes where PyTorch takes ``torch_seconds``, if it computes the same."""
        if (runtime := self._prove(name)) is not None:
            seconds = race({"torch": self._torch, name: runtime}, self.images[0])
            self.found[name]["seconds"] = round(torch_seconds * seconds[name] / seconds["torch"], 5)

    def _prove(self, name: str) -> Runtime | None:
        """Return a library that computes what the network computes; else None, and why is noted."""
        try:
            runtime = self._loaded(name)
            proof = prove(runtime, self.images, [self._torch(images) for images in self.images])
        except UserError:  # the run folder, not the library
            raise
        except Exception as error:  # each library refuses a network in its own way
            self.found[name] = {"reason": reason(error)}
            return None
        difference = proof.difference if math.isfinite(proof.difference) else None
        self.found[name] = {"difference": difference, "changed": proof.changed}
        if not proof.equal():
            self.found[name]["reason"] = (
                f"its logits differ by up to {proof.difference:.1e} of the largest, and {proof.changed:.2%} of classes"
            )
            return None
        return runtime

    def _loaded(self, name: str) -> Runtime:
        """Return a library with the network, which is converted where it has not been."""
        self.folder.mkdir(parents=True, exist_ok=True)
        runtime, stride, path = RUNTIMES[name], self.predictor.network.stride, self._path(name)
        if not path.is_file():
            self._convert(path, stride)
        return runtime(path, torch.get_num_threads(), stride)

    def _path(self, name: str) -> Path:
        return self.folder / f"network{RUNTIMES[name].suffix}"

    def _convert(self, path: Path, stride: int) -> None:
        with atomic_folder(path.parent) as folder:
            if path.suffix == Ncnn.suffix:
                to_ncnn(self.network, folder / path.name, stride, self.fixed, self.predictor.network.channels)
            else:
                free = {0: "batch"} if self.fixed else {0: "batch", 2: "height", 3: "width"}
                to_onnx(
                    self.network,
                    folder / path.name,
                    torch.zeros(2, self.predictor.network.channels, *(self.fixed or ODD)),
                    free,
                )

    def _torch(self, images: Float32) -> Float32:
        with torch.inference_mode():
            logits: Float32 = self.network(torch.from_numpy(images)).numpy()
        return logits

    def _require_writable(self) -> None:
        try:
            require_writable(self.folder / TRIALS)
        except UserError as error:
            raise UserError(f"what is tried is kept in the run, and {error.problem}", "use --backend torch") from None
