"""What a network sees in an image: python NETWORK.param.example.py IMAGE [MASK.png], or IMAGE... of a classifier.

Needs ncnn, numpy and pillow; rasterio, too, where images are read by their bands.
"""

import json
import sys
from pathlib import Path
from typing import Any

import ncnn
import numpy as np

from pixelproof.deploy.export.examples.answers import classify, segment
from pixelproof.deploy.export.examples.read_image import read

if len(sys.argv) < 2:
    sys.exit(f"usage: python {sys.argv[0]} IMAGE [MASK.png], or IMAGE... of a classifier")
param = Path(__file__.removesuffix(".example.py"))
contract: dict[str, Any] = json.loads(param.with_suffix(".json").read_text(encoding="utf-8"))
padding = contract["padding"]
net = ncnn.Net()
# As the proof was made: half the digits would be faster on some processors.
net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
net.load_param(str(param))
net.load_model(str(param.with_suffix(".bin")))


def answer(path: str) -> np.ndarray:
    """Return the logits of an image, [K] or [K, H, W]."""
    pixels = read(path, contract["size"], contract["bands"])
    height, width, channels = pixels.shape
    down, right = -height % padding["multiple"], -width % padding["multiple"]
    padded = np.full((height + down, width + right, channels), padding["color"], np.float32)
    padded[:height, :width] = pixels
    planes = np.ascontiguousarray(padded.transpose(2, 0, 1))
    extractor = net.create_extractor()
    extractor.input("in0", ncnn.Mat(planes).clone())
    logits = np.array(extractor.extract("out0")[1])
    return logits if logits.ndim == 1 else logits[:, :height, :width]


if contract["task"] == "classification":
    classify(sys.argv[1:], [answer(path) for path in sys.argv[1:]], contract)
else:
    segment(answer(sys.argv[1]), contract, *sys.argv[2:3])
