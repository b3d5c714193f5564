"""Images in, classes out: a trained run applied to images of any size and mode."""

from pixelproof.prediction.predictor import Predictor

__all__ = ["Predictor"]
