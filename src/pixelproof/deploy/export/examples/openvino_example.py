"""What a network sees in an image: python NETWORK.xml.example.py IMAGE [MASK.png].

Needs openvino, numpy and pillow; rasterio, too, where images are read by their bands.
"""

import json
import sys
from pathlib import Path

import numpy as np
import openvino
from PIL import Image

from pixelproof.deploy.export.examples.read_image import read

if len(sys.argv) < 2:
    sys.exit(f"usage: python {sys.argv[0]} IMAGE [MASK.png]")
model = openvino.Core().read_model(Path(__file__.removesuffix(".example.py")))
keys = ("classes", "size", "temperature", "bands")
classes, size, temperature, bands = (json.loads(model.get_rt_info(["pixelproof", key]).value) for key in keys)
# Without this, a processor that has bf16 computes in it, and logits keep three digits.
network = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

pixels = read(sys.argv[1], size, bands)
logits = network(pixels[None])[0][0]  # [K] or [K, H, W]

if logits.ndim == 1:
    chances = np.exp((logits - logits.max()) / temperature)
    for index in np.argsort(-chances)[:5]:
        print(f"{classes[index]['name']}: {chances[index] / chances.sum():.4f}")
else:
    best = logits.argmax(axis=0)
    for index in np.unique(best):
        print(f"{classes[index]['name']}: {(best == index).mean():.2%} of the pixels")
    if len(sys.argv) > 2:
        colors = np.array([entry["color"] for entry in classes], np.uint8)
        Image.fromarray(colors[best]).save(sys.argv[2])
