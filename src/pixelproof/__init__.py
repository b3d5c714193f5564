"""Pixelproof: from a folder of images to a model you can trust."""

from importlib.metadata import version

__version__ = version("pixelproof")
