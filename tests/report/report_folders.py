"""Makes study folders of synthetic artefacts through the real writers, for the tests of the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pixelproof.api import compare
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.match import in_order
from pixelproof.config import default_config
from pixelproof.evaluation import confusion_counts
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.labels import PRESETS, VOID, LabelClass, LabelScheme
from pixelproof.randomness import generator
from pixelproof.runs import (
    Boundaries,
    ClassificationScores,
    Features,
    Run,
    SegmentationScores,
    Shown,
    Source,
    save_features,
    save_scores,
    save_shown,
    write_json,
    write_text,
)
from pixelproof.runs.claims import Claim
from pixelproof.runs.comparison_file import save_comparison
from pixelproof.runs.evidence_file import save_evidence
from pixelproof.runs.features import MapQuality
from pixelproof.runs.metrics_log import MetricsLog
from pixelproof.runs.study_file import DataRecord, ImageCounts, ModelRecord, PartRecord, StudyRecord, save_study

DATA = "0123456789abcdef"
SHOWN = ("0010", "0097", "0107")
CLAIMS = (
    Claim.model_validate(
        {
            "id": "edges",
            "says": {"en": "Skips make <edges> finer.", "zh-Hant": "跳接使邊緣更細緻。"},
            "tests": [{"model": "fcn8s", "against": "fcn32s", "metric": "edges"}],
        }
    ),
    Claim.model_validate(
        {"id": "coarse", "says": "FCN32s wins.", "tests": [{"model": "fcn32s", "against": "fcn8s", "metric": "miou"}]}
    ),
)
DIAGRAM = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 120" width="640" height="120">
<rect x="10" y="30" width="140" height="60" rx="8" fill="#dbeafe" stroke="#1e40af"/>
<rect x="250" y="40" width="140" height="40" rx="8" fill="#dcfce7" stroke="#166534"/>
<path d="M150 60H250" stroke="#475569" stroke-width="2"/>
<text x="80" y="65" text-anchor="middle" font-size="16">conv3x3</text></svg>"""
NETWORK = "Net(\n  (features): Sequential(\n    (0): Conv2d(3, 64, kernel_size=(3, 3), padding=(1, 1))\n  )\n)"


def class_scheme(names: list[str]) -> LabelScheme:
    """Return a classification scheme of named classes."""
    classes = tuple(LabelClass(name=name, id=index) for index, name in enumerate(names))
    return LabelScheme(task="classification", classes=classes)


def make_run(folder: Path, scheme: LabelScheme, model: str, epochs: int = 12) -> Run:
    """Write what training leaves behind, without weights."""
    config = default_config(scheme.task, model).model_dump(mode="json")
    config["training"]["epochs"] = epochs
    facts = {
        "data": {
            "layout": "class folders",
            "images": {"train": 1800, "selection": 200, "validation": 250},
            "fingerprint": {"train": "fedcba9876543210", "selection": "0f1e2d3c4b5a6978", "validation": DATA},
        },
        "device": "cpu",
        "seconds": 4321.0,
        "epoch": epochs,
        "best_epoch": epochs - 2,
        "best_score": 0.7512,
    }
    run = Run.create(folder, config, scheme, facts)
    log = MetricsLog(run.path / "metrics.csv")
    for epoch in range(1, epochs + 1):
        fade = np.exp(-epoch / 5)
        row = {"epoch": epoch, "loss": 0.3 + 2 * fade, "lr": 1e-3, "score": 0.75 - 0.6 * fade}
        log.append(row | {"images_per_second": 100.0, "seconds": 60.0 * epoch, "selection_loss": 0.5 + 1.5 * fade})
    write_json(
        run.architecture,
        {
            "name": model,
            "parameters": 1234567,
            "macs": 987654321,
            "receptive_field": 212,
            "stride": 32,
            "architecture": NETWORK,
            "input": [3, 32, 32],
        },
    )
    write_text(run.diagram, DIAGRAM)
    return run


def classification_scores(scheme: LabelScheme, per_class: int, skill: float = 0.75) -> ClassificationScores:
    """Return made-up outcomes of ``per_class`` images a class."""
    rng, classes = generator(0, "scores"), len(scheme.classes)
    truth = np.repeat(np.arange(classes), per_class)
    right = rng.random(len(truth)) < skill
    # Wrong answers go to a neighbour more often than elsewhere, as real confusions do.
    stray = np.where(rng.random(len(truth)) < 0.5, truth + 1, truth + rng.integers(1, classes, len(truth)))
    predicted = np.where(right, truth, stray % classes)
    rank = np.where(predicted == truth, 0, 1 + rng.integers(0, 9, len(truth)))
    ids = tuple(f"{label}_{index}" for index, label in enumerate(truth))
    chances = rng.dirichlet(np.ones(classes), len(truth))
    chances[np.arange(len(truth)), predicted] += 1
    return ClassificationScores(
        ids=ids,
        truth=truth.astype(np.int64),
        predicted=predicted.astype(np.int64),
        rank=rank.astype(np.int64),
        loss=rng.gamma(2.0, 0.3, len(truth)),
        confidence=rng.random(len(truth)),
        scheme=scheme,
        source=Source("vgg16", "validation", DATA),
        probabilities=(chances / 2).astype(np.float32),
    )


def features_of(scores: ClassificationScores) -> Features:
    """Return made-up features and a map with one cloud a class, some of which overlap."""
    rng, classes = generator(0, "features"), len(scores.scheme.classes)
    centres = rng.normal(0, 40, (classes, 2))
    centres[1] = centres[0] + 2
    spread = rng.uniform(2, 8, classes)[scores.truth]
    places = centres[scores.truth] + rng.normal(0, 1, (len(scores.ids), 2)) * spread[:, None]
    return Features(
        ids=scores.ids,
        truth=scores.truth,
        predicted=scores.predicted,
        confidence=scores.confidence.astype(np.float32),
        features=rng.random((len(scores.ids), 16), np.float32),
        mean=np.zeros(16, np.float32),
        components=np.eye(16, dtype=np.float32)[:4],
        map=places.astype(np.float32),
        quality=MapQuality(10, len(scores.ids), 0.951, 0.942, 0.7, 0.65),
        scheme=scores.scheme,
        settings={"layer": "classifier.4", "perplexity": 30, "seed": 0},
    )


def make_classification(out: Path, names: list[str], per_class: int = 20) -> PartRecord:
    """Write a classification part with one model."""
    scheme = class_scheme(names)
    run = make_run(out / "classification" / "vgg16", scheme, "vgg16")
    scores = classification_scores(scheme, per_class)
    save_scores(run.scores("validation"), scores)
    save_features(run.features("validation"), features_of(scores))
    return PartRecord(
        name="classification",
        title="Image classification",
        task="classification",
        data=_data(len(names), len(scores.ids)),
        models=(ModelRecord(name="vgg16", run="classification/vgg16"),),
        embed=("vgg16",),
    )


def land(sample: str, size: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (image, truth) of a made-up landscape of patches; its top left corner is the last class."""
    rng = generator(1, sample)
    seeds, kinds = rng.uniform(0, size, (14, 2)), rng.integers(0, classes - 1, 14)
    pixels = np.stack(np.indices((size, size)), -1)
    nearest = ((pixels[:, :, None] - seeds) ** 2).sum(-1).argmin(-1)
    truth = kinds[nearest].astype(np.uint8)
    truth[: size // 8, : size // 8] = classes - 1
    tone = rng.integers(40, 200, (classes, 3))[truth]
    image = np.clip(tone + rng.normal(0, 12, tone.shape), 0, 255).astype(np.uint8)
    return image, truth


def guessed(truth: np.ndarray, block: int) -> np.ndarray:
    """Return a prediction that is as coarse as ``block`` pixels."""
    rows, columns = (np.minimum(np.arange(n) // block * block + block // 2, n - 1) for n in truth.shape)
    return truth[rows[:, None], columns]


def make_segmentation(
    out: Path, scheme: LabelScheme = PRESETS["deepglobe"], sizes: tuple[int, ...] = (128, 192, 256), images: int = 9
) -> PartRecord:
    """Write a segmentation part with two models, the second finer than the first."""
    classes = len(scheme.classes)
    names = {"fcn32s": 24, "fcn8s": 8}
    others = [f"{index:04d}" for index in range(images - len(sizes))]
    ids = (*SHOWN[: len(sizes)], *others)
    scored = {}
    for name, block in names.items():
        run = make_run(out / "segmentation" / name, scheme, name)
        counts, boundaries = [], []
        for place, sample in enumerate(ids):
            image, truth = land(sample, sizes[place % len(sizes)], classes)
            prediction = guessed(truth, block)
            if place == 1:
                truth[-20:, -40:] = VOID
            counts.append(confusion_counts(truth, prediction, classes))
            boundaries.append(boundary_counts(truth, prediction, scheme.scored))
            if sample in SHOWN:
                save_shown(run.shown(sample), Shown(sample, image, truth, prediction))
        scores = SegmentationScores(ids, np.stack(counts), scheme, Source(name), Boundaries.stack(boundaries))
        save_scores(run.scores("validation"), scores)
        scored[name] = [in_order(scores)]
    if images > 1:
        record = compare([out / "segmentation" / name for name in names])
        save_comparison(out / "segmentation" / "comparison.json", record)
        save_evidence(out / "segmentation" / "evidence.json", gather(scored, claims=CLAIMS))
    return PartRecord(
        name="segmentation",
        title="Semantic segmentation",
        task="segmentation",
        data=_data(classes, images),
        models=tuple(ModelRecord(name=name, run=f"segmentation/{name}") for name in names),
        shown=SHOWN[: len(sizes)],
        claims=CLAIMS,
    )


def make_study(out: Path, *parts: PartRecord, title: str = "The demo study") -> Path:
    """Write the record of a study; returns its folder."""
    record = StudyRecord(
        name="demo",
        title=title,
        command="pixelproof study studies/demo.yaml --out out",
        settings={"training.epochs": 12},
        seconds=8650.5,
        parts=parts,
    )
    save_study(out / "study.json", record)
    return out


def _data(classes: int, validation: int) -> DataRecord:
    images = ImageCounts(train=1800, selection=200, validation=validation)
    return DataRecord(layout="class folders", classes=classes, images=images, fingerprint=DATA)
