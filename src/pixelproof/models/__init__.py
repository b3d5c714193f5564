"""Networks under one contract."""

from pixelproof.models.diagram import diagram
from pixelproof.models.folding import fold_batch_norm
from pixelproof.models.output import Output, PixelModel
from pixelproof.models.registry import build_model, known_models, task_of
from pixelproof.models.summary import receptive_field, summarise

__all__ = [
    "Output",
    "PixelModel",
    "build_model",
    "diagram",
    "fold_batch_norm",
    "known_models",
    "receptive_field",
    "summarise",
    "task_of",
]
