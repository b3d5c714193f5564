"""Other libraries that run the folded network: converted once, measured, and proven equal before they are used."""

from pixelproof.prediction.backends.choice import BACKENDS, use_backend

__all__ = ["BACKENDS", "use_backend"]
