"""The run folder and every artefact in it: one writer, one reader, atomic, versioned, checked."""

from pixelproof.runs.atomic import atomic, write_json, write_text
from pixelproof.runs.features import Features, load_features, save_features
from pixelproof.runs.folder import Run
from pixelproof.runs.labels_file import labels_to_yaml, read_labels
from pixelproof.runs.scores import ClassificationScores, Scores, SegmentationScores, load_scores, save_scores

__all__ = [
    "ClassificationScores",
    "Features",
    "Run",
    "Scores",
    "SegmentationScores",
    "atomic",
    "labels_to_yaml",
    "load_features",
    "load_scores",
    "read_labels",
    "save_features",
    "save_scores",
    "write_json",
    "write_text",
]
