"""Networks: the VGG and FCN family, adapters to those of other libraries and packages, their weights and facts."""

from pixelproof.models.drawing.diagram import diagram
from pixelproof.models.folding import fixed, fold, fold_batch_norm, fold_for_training
from pixelproof.models.pixel_model import Output, PixelModel
from pixelproof.models.preprocessing import Preprocessing
from pixelproof.models.registry import (
    build_model,
    check_model,
    known_models,
    normalisation,
    packages_of,
    plain_name,
    task_of,
)
from pixelproof.models.summary import receptive_field, summarise

__all__ = [
    "Output",
    "PixelModel",
    "Preprocessing",
    "build_model",
    "check_model",
    "diagram",
    "fixed",
    "fold",
    "fold_batch_norm",
    "fold_for_training",
    "known_models",
    "normalisation",
    "packages_of",
    "plain_name",
    "receptive_field",
    "summarise",
    "task_of",
]
