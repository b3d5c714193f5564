"""What is printed of a network's answers; the scripts beside an export have these functions inside."""

from typing import Any

import numpy as np
from PIL import Image


def classify(paths: list[str], answers: list[np.ndarray], contract: dict[str, Any]) -> None:
    """Print the likeliest classes of images by their logits [K], and whether a rule says to look at them.

    A rule for groups takes all images given for one group.
    """
    classes, rule, found = contract["classes"], contract["rule"], []
    for path, logits in zip(paths, answers, strict=True):
        chances = np.exp((logits - logits.max()).astype(np.float64) / contract["temperature"])
        chances /= chances.sum()
        if len(paths) > 1:
            print(path)
        for index in np.argsort(-chances)[:5]:
            print(f"{classes[index]['name']}: {chances[index]:.4f}")
        if rule:
            found.append(chances.astype(np.float32))
    if not rule:
        return
    if rule["by"] == "mean":
        found = [np.mean(found, axis=0, dtype=np.float64).astype(np.float32)]
    sums = [chances[rule["channels"]].sum(dtype=np.float64) for chances in found]
    for row, chance in [("these images", max(sums))] if rule["by"] else zip(paths, sums, strict=True):
        does = "look at" if np.float32(chance) >= np.float32(rule["probability"]) else "leave"
        print(f"{does} {row}: {rule['class']} {chance:.6g}, looked at from {rule['probability']:.10g} on")


def segment(logits: np.ndarray, contract: dict[str, Any], out: str = "") -> None:
    """Print the share of each class in an image by its logits [K, H, W], and write its mask if that has a name."""
    classes, best = contract["classes"], logits.argmax(axis=0)
    for index in np.unique(best):
        print(f"{classes[index]['name']}: {(best == index).mean():.2%} of the pixels")
    if out:
        colors = np.array([entry["color"] for entry in classes], np.uint8)
        Image.fromarray(colors[best]).save(out)
