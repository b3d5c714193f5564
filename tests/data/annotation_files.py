"""Files of annotation tools, as these write them."""

import base64
import io
import json

import numpy as np
from data_builders import picture, save
from PIL import Image

SQUARE = [2, 2, 12, 2, 12, 10, 2, 10]
"""Ten wide and eight high."""


def coco(path, images, annotations, categories=((1, "cat"), (7, "dog"), (9, "never drawn"))):
    """Write a COCO file of images (name, height, width) and annotations (image, category, segmentation)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    value = {
        "info": {"year": 2026},
        "images": [
            {"id": k, "file_name": n, "height": h, "width": w, "license": 1} for k, (n, h, w) in enumerate(images)
        ],
        "categories": [{"id": k, "name": name, "supercategory": "none"} for k, name in categories],
        "annotations": [
            {
                "id": 50 + n,
                "image_id": image,
                "category_id": category,
                "segmentation": drawn,
                "iscrowd": 0,
                "bbox": [0] * 4,
            }
            for n, (image, category, drawn) in enumerate(annotations)
        ],
    }
    path.write_text(json.dumps(value), "utf-8")
    return path


def labelme(path, image, shapes, size=(20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = [{"label": name, "points": points, "shape_type": kind, "flags": {}} for name, points, kind in shapes]
    value = {"version": "5", "shapes": drawn, "imagePath": image, "imageHeight": size[0], "imageWidth": size[1]}
    path.write_text(json.dumps(value | {"imageData": None}), "utf-8")
    return path


def yolo(root, images, names="[cat, dog]", **said):
    """Write a data set of YOLO's: labels (None for no file) by the path of an image, 20 high and 30 wide."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "data.yaml").write_text("".join(f"{k}: {v}\n" for k, v in {"names": names, **said}.items()), "utf-8")
    for seed, (name, lines) in enumerate(images.items()):
        save(picture(seed, (20, 30)), root / name)
        if lines is not None:
            place = name.replace("images", "labels")[: -len(".jpg")] + ".txt"
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(lines, "utf-8")
    return root


def shares(corners, number=0):
    """Return a line of YOLO's labels for corners x, y, ... in pixels."""
    return " ".join(map(str, [number, *(c / (20 if k % 2 else 30) for k, c in enumerate(corners))])) + "\n"


def mask(root, name):
    return np.array(Image.open(root / "masks" / name))


def painted(pixels, corners):
    """Return a shape as LabelMe's assistant for masks keeps it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    return {"label": "cat", "points": corners, "shape_type": "mask", "mask": text}
