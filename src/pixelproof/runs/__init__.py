"""The run folder and every artefact in it: one writer, one reader, atomic, versioned, checked."""

from pixelproof.runs.atomic import atomic
from pixelproof.runs.boundaries import Boundaries
from pixelproof.runs.features import Features, load_features, save_features
from pixelproof.runs.files import write_json, write_text
from pixelproof.runs.folder import Run
from pixelproof.runs.labels_file import LABELS_FILE, has_classes, labels_to_yaml, named_task, read_labels
from pixelproof.runs.scores import ClassificationScores, Scores, SegmentationScores, Source, load_scores, save_scores
from pixelproof.runs.shown import Shown, load_shown, save_shown
from pixelproof.runs.thumbnails import Thumbnails, load_thumbnails, save_thumbnails

__all__ = [
    "LABELS_FILE",
    "Boundaries",
    "ClassificationScores",
    "Features",
    "Run",
    "Scores",
    "SegmentationScores",
    "Shown",
    "Source",
    "Thumbnails",
    "atomic",
    "has_classes",
    "labels_to_yaml",
    "load_features",
    "load_scores",
    "load_shown",
    "load_thumbnails",
    "named_task",
    "read_labels",
    "save_features",
    "save_scores",
    "save_shown",
    "save_thumbnails",
    "write_json",
    "write_text",
]
