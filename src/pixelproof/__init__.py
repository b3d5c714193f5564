"""Pixelproof: from a folder of images to a model you can trust."""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> str:
    """Return the version when it is asked for: looking it up takes longer than printing the command line's help."""
    if name != "__version__":
        raise AttributeError(f"module 'pixelproof' has no attribute '{name}'")
    from importlib.metadata import version

    return version("pixelproof")
