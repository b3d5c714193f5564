"""What a network sees in an image: python NETWORK.onnx.example.py IMAGE [MASK.png].

Needs onnxruntime, numpy and pillow.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

if len(sys.argv) < 2:
    sys.exit(f"usage: python {sys.argv[0]} IMAGE [MASK.png]")
session = onnxruntime.InferenceSession(Path(__file__.removesuffix(".example.py")))
contract = session.get_modelmeta().custom_metadata_map
classes, size, temperature = (json.loads(contract[key]) for key in ("classes", "size", "temperature"))

image = ImageOps.exif_transpose(Image.open(sys.argv[1]))
if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip at 255
    image = Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
image = image.convert("RGB")
if size:  # a classifier's images are all of one size, width and height
    image = image.resize(size, Image.Resampling.BILINEAR)
logits = session.run(None, {"image": np.asarray(image)[None]})[0][0]  # [K] or [K, H, W]

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
