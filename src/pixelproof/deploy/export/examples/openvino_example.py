"""What a network sees in an image: python NETWORK.xml.example.py IMAGE [MASK.png], or IMAGE... of a classifier.

Needs openvino, numpy and pillow; rasterio, too, where images are read by their bands.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from pixelproof.deploy.export.examples.answers import classify, segment
from pixelproof.deploy.export.examples.read_image import read

KEYS = ("task", "classes", "size", "temperature", "bands", "rule")
if len(sys.argv) < 2:
    sys.exit(f"usage: python {sys.argv[0]} IMAGE [MASK.png], or IMAGE... of a classifier")
model = openvino.Core().read_model(Path(__file__.removesuffix(".example.py")))
texts = {key: model.get_rt_info(["pixelproof", key]).value for key in KEYS}
contract: dict[str, Any] = {key: text if key == "task" else json.loads(text) for key, text in texts.items()}
# Without this, a processor that has bf16 computes in it, and logits keep three digits.
network = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def answer(path: str) -> np.ndarray:
    """Return the logits of an image, [K] or [K, H, W]."""
    logits: np.ndarray = network(read(path, contract["size"], contract["bands"])[None])[0][0]
    return logits


if contract["task"] == "classification":
    classify(sys.argv[1:], [answer(path) for path in sys.argv[1:]], contract)
else:
    segment(answer(sys.argv[1]), contract, *sys.argv[2:3])
