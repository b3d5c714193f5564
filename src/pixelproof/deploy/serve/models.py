"""The models that are served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pixelproof.config import run_settings
from pixelproof.deploy.serve.names import model_names
from pixelproof.labels import class_colors
from pixelproof.labels.palettes import hex_color
from pixelproof.labels.thresholds import Threshold
from pixelproof.numbers import counted
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import BACKENDS, use_backend
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.calibration_file import fitted_temperature
from pixelproof.runs.rule_file import Rule
from pixelproof.schema import one_of
from pixelproof.verbs.rule import rule_in_use

SIZE = (512, 512)
"""Height and width on which other libraries are proven and timed, because images of any size may come."""


@dataclass(frozen=True)
class Served:
    """A model that answers.

    Attributes:
        name: Its part of the URL.
        architecture: What ``train --model`` called it.
        predictor: The network.
        backend: The library that computes it.
        temperature: That of its probabilities.
        thresholds: Of a classifier; what an image reaches of them is answered, too.
        rule: The one that the run keeps, where it is used; its threshold is among these where an image can be asked.
    """

    name: str
    architecture: str
    predictor: Predictor
    backend: str = "torch"
    temperature: float = 1.0
    thresholds: Sequence[Threshold] = ()
    rule: Rule | None = None

    @property
    def task(self) -> str:
        """What it answers: "classification" or "segmentation"."""
        return self.predictor.scheme.task

    def facts(self) -> dict[str, Any]:
        """Return what a client has to know of it, as plain data."""
        scheme = self.predictor.scheme
        colors: list[Any] = [label.color for label in scheme.classes]
        if self.task == "segmentation":  # as its masks show them
            colors = class_colors(scheme)[: len(colors)].tolist()
        return {
            "name": self.name,
            "task": self.task,
            "model": self.architecture,
            "bands": self.predictor.reader.bands,
            "classes": [
                {"id": label.id, "name": label.name, "color": color and hex_color(color), "ignored": label.ignored}
                for label, color in zip(scheme.classes, colors, strict=True)
            ],
            "labels": scheme.hash,
            "backend": self.backend,
            "temperature": self.temperature,
            "thresholds": [{"class": name, "probability": least} for name, least in self.thresholds],
            "rule": None if self.rule is None else self.rule.brief(),
        }


def load_models(
    runs: Sequence[Run],
    device: str,
    backend: str,
    tta: bool | None,
    scales: Sequence[float] | None = None,
    thresholds: Sequence[Sequence[Threshold]] | None = None,
    rule: bool = False,
) -> list[Served]:
    """Load the networks of run folders and say so.

    Args:
        runs: The run folders, each given once.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        tta: Whether to average over an image's symmetries; None is as each run was set.
        scales: Sizes of a segmenter's image to average over; None is as each run was set.
        thresholds: Those of each run; None has none.
        rule: Whether a run without any answers by the rule that it keeps.

    Raises:
        UserError: A run is incomplete, its rule is none for it as it is now, scales are given and no run is a
            segmenter, or there is no such device or backend.
        Refusal: The backend named does not compute the same.
    """
    one_of(backend, BACKENDS, "backend")
    tasks = [run_settings(run).task for run in runs]
    models = []
    names = model_names([run.path for run in runs])
    for run, name, least in zip(runs, names, thresholds or [()] * len(runs), strict=True):
        # Where there is no segmenter, scales are for nobody, and the first classifier refuses them.
        sizes = scales if run_settings(run).task == "segmentation" or "segmentation" not in tasks else None
        predictor = Predictor.open(run, device, tta=tta, scales=sizes)
        kept = rule_in_use(run, rule, predictor.looks, bool(least))
        if kept is not None:
            least = [kept.threshold] if kept.of_images else []
        used = use_backend(predictor, run, backend, SIZE)
        architecture = run_settings(run).model.name
        models.append(Served(name, architecture, predictor, used, fitted_temperature(run.calibration), least, kept))
        classes = counted(len(predictor.scheme.classes), "class")
        say(f"{name}: {architecture}, {predictor.scheme.task}, {classes}, computed by {used} on {predictor.device}")
    return models
