"""What is printed of a classifier's answers; the scripts beside an export have this function inside."""

from typing import Any

import numpy as np


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
            found.append(chances[rule["channels"]].astype(np.float32).sum(dtype=np.float64))
    if not rule:
        return
    rows = list(zip(paths, found, strict=True))
    if rule["by"]:
        rows = [("these images", max(found) if rule["by"] == "any" else np.mean(found))]
    for row, chance in rows:
        does = "look at" if np.float32(chance) >= np.float32(rule["probability"]) else "leave"
        print(f"{does} {row}: {rule['class']} {chance:.4f}, looked at from {rule['probability']:g} on")
