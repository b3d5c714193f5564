"""``speed``: how fast runs answer, how large they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from pixelproof.errors import UserError
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.prediction.speed import ROUNDS, Speed, timed
from pixelproof.runs import Run
from pixelproof.runs.files import Paths, as_paths
from pixelproof.runs.machine import installed, processor

SIDE = {"classification": 224, "segmentation": 512}
"""Pixels a side of images where none are asked for and a network has no size of its own."""
BATCHES = (1, 32)
LARGEST = 16384


@dataclass(frozen=True)
class Timed:
    """How fast a run answers.

    Attributes:
        run: Its folder's name.
        backend: The library that computes.
        looks: How an image is looked at: symmetries x sizes.
        parameters: Of the network.
        megabytes: Of the file of its weights, in 10^6 bytes.
        speeds: By size of batch.
    """

    run: str
    backend: str
    looks: str
    parameters: int
    megabytes: float
    speeds: list[Speed]


def time_runs(
    runs: Paths,
    *,
    batch: Sequence[int] = BATCHES,
    size: int | None = None,
    backend: str = "torch",
    tta: bool | None = None,
    device: str = "auto",
    rounds: int = ROUNDS,
) -> dict[str, Any]:
    """Return how fast runs answer images of one size, and on what.

    Args:
        runs: One or more run folders of one task.
        batch: Sizes of batches.
        size: Pixels a side of the images; by default the largest that a run resizes to, else 512, of classifiers 224.
        backend: The library that computes, as in ``predict``.
        tta: Whether to average over an image's symmetries; None is as each run's settings say.
        device: Where to compute.
        rounds: How often each batch is answered.

    Returns:
        ``runs``, as ``Timed`` has them with ``images_per_second``, and ``device``, ``threads``, ``size``, ``rounds``
        and the versions of ``packages``.

    Raises:
        UserError: A run is damaged or of another task, a number is out of range, or there is no such backend.
    """
    opened = [Run.open(path) for path in as_paths(runs)]
    _refuse(opened, batch, size, rounds)
    predictors = {str(run.path): Predictor.open(run, device, tta=tta) for run in opened}
    own = [p.network.preprocessing.input_size or 0 for p in predictors.values()]
    side = size or max(own) or SIDE[opened[0].labels().task]
    backends = [use_backend(predictors[str(run.path)], run, backend, (side, side)) for run in opened]
    found = timed(predictors, batch, (side, side), rounds)
    first = predictors[str(opened[0].path)]
    return {
        "runs": [
            _described(_timed(run, predictors[str(run.path)], name, found[str(run.path)]))
            for run, name in zip(opened, backends, strict=True)
        ],
        "device": torch.cuda.get_device_name(first.device) if first.device.type == "cuda" else processor(),
        "threads": torch.get_num_threads(),
        "size": side,
        "rounds": rounds,
        "packages": installed(),
    }


def _refuse(runs: Sequence[Run], batch: Sequence[int], size: int | None, rounds: int) -> None:
    if not runs:
        raise UserError("no run is given", "give one or more run folders")
    if len({run.path.resolve() for run in runs}) < len(runs):
        raise UserError("a run is given twice", "give each once")
    tasks = {run.labels().task for run in runs}
    if len(tasks) > 1:
        raise UserError("some of the runs are classifiers and some segmenters", "time those of one task together")
    for name, values in (("batch", batch), ("size", [1 if size is None else size]), ("rounds", [rounds])):
        if not values or not all(1 <= value <= LARGEST for value in values):
            raise UserError(f"{name} cannot be {', '.join(map(str, values))}", f"give numbers from 1 to {LARGEST:,}")


def _timed(run: Run, predictor: Predictor, backend: str, speeds: list[Speed]) -> Timed:
    parameters = sum(each.numel() for each in predictor.network.parameters())
    return Timed(run.name, backend, predictor.looks, parameters, run.best.stat().st_size / 1e6, speeds)


def _described(found: Timed) -> dict[str, Any]:
    speeds = [asdict(each) | {"median": each.median, "images_per_second": each.images} for each in found.speeds]
    return asdict(found) | {"speeds": speeds}
