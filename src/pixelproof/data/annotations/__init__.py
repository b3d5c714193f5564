"""Outlines that people draw on images, as COCO, CVAT, LabelMe and YOLO keep them."""

from pixelproof.data.annotations.places import Places
from pixelproof.data.annotations.reading import read_annotations
from pixelproof.data.annotations.shapes import IGNORED, Drawing, Shape

__all__ = ["IGNORED", "Drawing", "Places", "Shape", "read_annotations"]
