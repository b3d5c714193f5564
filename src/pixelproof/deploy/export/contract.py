"""What a user of an exported file must know: what goes in, what comes out, and what that means."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pixelproof
from pixelproof.config import run_settings
from pixelproof.deploy.export.rule import plain_rule
from pixelproof.labels import LabelScheme, class_colors
from pixelproof.models import Preprocessing
from pixelproof.runs import Run
from pixelproof.runs.calibration_file import fitted_temperature
from pixelproof.runs.rule_file import Rule


@dataclass(frozen=True)
class Contract:
    """Kept inside an exported file, as plain data.

    Attributes:
        run: Name of the run.
        model: Name of its network.
        scheme: The label contract.
        preprocessing: Inside the file, told for information; of a classifier also the size of its images.
        temperature: Divides logits before softmax, so that probabilities mean what they say.
        reading: How an image file becomes the network's channels, in words.
        rule: By which a classifier's images, or groups of them, are to be looked at; None for none.
    """

    run: str
    model: str
    scheme: LabelScheme
    preprocessing: Preprocessing
    temperature: float
    reading: str
    rule: Rule | None = None

    @classmethod
    def of(cls, run: Run, scheme: LabelScheme, preprocessing: Preprocessing, rule: Rule | None = None) -> Contract:
        """Return the contract of a run, with the rule that it keeps, where the file is to carry that."""
        temperature = fitted_temperature(run.calibration)
        config = run_settings(run).model
        return cls(run.name, config.name, scheme, preprocessing, temperature, config.reading, rule)

    @property
    def side(self) -> int | None:
        """Side in pixels of a classifier's images; None where they may have any size."""
        return self.preprocessing.input_size if self.scheme.task == "classification" else None

    @property
    def summary(self) -> str:
        """The file in one sentence."""
        return f"{self.model}, trained for {self.scheme.task} into {len(self.scheme.classes)} classes (run {self.run})"

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        classes = [{"name": c.name, "id": c.id, "ignored": c.ignored} for c in self.scheme.classes]
        if self.scheme.task == "segmentation":
            colors = class_colors(self.scheme).tolist()
            classes = [each | {"color": colors[index]} for index, each in enumerate(classes)]
        normalisation = {"mean": self.preprocessing.mean, "std": self.preprocessing.std, "inside": True}
        return {
            "task": self.scheme.task,
            "classes": classes,
            "labels": self.scheme.hash,
            "channels": "RGB" if self.preprocessing.bands is None else "bands",
            "bands": self._bands(),
            "size": [self.side, self.side] if self.side else None,
            "normalisation": normalisation,
            "temperature": self.temperature,
            "rule": None if self.rule is None else plain_rule(self.rule, self.scheme),
            "model": self.model,
            "run": self.run,
            "software": f"pixelproof {pixelproof.__version__}",
        }

    def _bands(self) -> dict[str, Any] | None:
        """Return how bands of a file become channels; None where these are colours."""
        known = self.preprocessing
        if known.bands is None:
            return None
        return {"numbers": known.bands, "stretch": known.stretch, "dtype": known.dtype}

    def texts(self) -> dict[str, str]:
        """Return it as text by key, for formats that keep nothing else: words as they are, the rest as JSON."""
        return {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in self.plain().items()
        }
