"""What a network sees in an image: python NETWORK.onnx.example.py IMAGE [MASK.png], or IMAGE... of a classifier.

Needs onnxruntime, numpy and pillow; rasterio, too, where images are read by their bands.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from pixelproof.deploy.export.examples.answers import classify, segment
from pixelproof.deploy.export.examples.read_image import read

if len(sys.argv) < 2:
    sys.exit(f"usage: python {sys.argv[0]} IMAGE [MASK.png], or IMAGE... of a classifier")
session = onnxruntime.InferenceSession(Path(__file__.removesuffix(".example.py")))
texts = session.get_modelmeta().custom_metadata_map
keys = ("classes", "size", "temperature", "bands", "rule")
contract: dict[str, Any] = {"task": texts["task"]} | {key: json.loads(texts[key]) for key in keys}


def answer(path: str) -> np.ndarray:
    """Return the logits of an image, [K] or [K, H, W]."""
    logits: np.ndarray = session.run(None, {"image": read(path, contract["size"], contract["bands"])[None]})[0][0]
    return logits


if contract["task"] == "classification":
    classify(sys.argv[1:], [answer(path) for path in sys.argv[1:]], contract)
else:
    segment(answer(sys.argv[1]), contract, *sys.argv[2:3])
