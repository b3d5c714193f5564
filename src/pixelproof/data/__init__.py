"""Folders of labelled images: found, checked, split and read. Importing this package does not import torch."""

from pixelproof.data.dividing import carve
from pixelproof.data.fingerprint import fingerprint
from pixelproof.data.folder import DataFolder, Parts, Sample
from pixelproof.data.images import image_size, read_image, write_png
from pixelproof.data.masks import read_mask
from pixelproof.data.opening import open_data
from pixelproof.data.splits import arrange

__all__ = [
    "DataFolder",
    "Parts",
    "Sample",
    "arrange",
    "carve",
    "fingerprint",
    "image_size",
    "open_data",
    "read_image",
    "read_mask",
    "write_png",
]
