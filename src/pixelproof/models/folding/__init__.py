"""Exact algebra that gives the same function with fewer operations."""

from pixelproof.models.folding.batch_norm import fold_batch_norm
from pixelproof.models.folding.network import fixed, fold, fold_for_training

__all__ = ["fixed", "fold", "fold_batch_norm", "fold_for_training"]
