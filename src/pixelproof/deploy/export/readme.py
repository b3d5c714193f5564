"""The description that stands beside an exported file."""

from __future__ import annotations

from shlex import quote
from typing import Any

from pixelproof.deploy.export.contract import Contract
from pixelproof.deploy.export.formats import Format
from pixelproof.deploy.export.proof import scored, seen, sentence
from pixelproof.deploy.export.rule import rule_lines
from pixelproof.errors import visible


def readme(name: str, chosen: Format, contract: Contract, facts: dict[str, Any]) -> str:
    """Return the text, Markdown, of the description of a file called ``name``."""
    further = "..." if contract.side else " MASK.png"
    reader = "pillow" if contract.preprocessing.bands is None else "pillow rasterio"
    paragraphs = [
        f"# `{visible(name)}`",
        f"{contract.summary}. It needs nothing but {chosen.reader}; the example also needs what reads images:",
        f"    pip install {chosen.reader} numpy {reader}\n    python {quote(name + '.example.py')} IMAGE{further}",
        "\n".join(f"- {line}" for line in _lines(chosen, contract)),
        _classes(contract),
        *([] if contract.rule is None else [rule_lines(contract.rule, contract.scheme)]),
        _evidence(facts),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _lines(chosen: Format, contract: Contract) -> list[str]:
    """Return what goes in, what comes out, and where a program finds that."""
    side, count = contract.side, len(contract.scheme.classes)
    size = f"{side}, {side}" if side else "H, W"
    takes = chosen.takes.format(size=size, channels=contract.preprocessing.channels)
    gives = chosen.gives.format(logits=count if side else f"{count}, H, W")
    chances = "softmax(logits)" if contract.temperature == 1 else f"softmax(logits / {contract.temperature:.4g})"
    beside = " and ".join(f"`{ending}`" for ending in chosen.beside)
    return [
        f"**In:** {takes}: {contract.reading}. Normalisation is inside.",
        _size(chosen, side),
        f"**Out:** {gives}. The largest of the {count} is the class; {chances} are probabilities.",
        f"Classes, colours and all of this stand in {chosen.contract}, too.",
        *([f"{beside} belong to it: keep them under the same name."] if beside else []),
    ]


def _size(chosen: Format, side: int | None) -> str:
    if side:
        return (
            f"Images of another size are first brought to {side} x {side} pixels, by bilinear interpolation with "
            "antialiasing, as Pillow's `resize` does it."
        )
    if chosen.pads:
        return "Images may have any size; padding to the network's stride is inside."
    return (
        "Height and width are multiples of `padding.multiple`: images of other sizes are padded right and bottom with "
        "`padding.color`, and the answer is cut to their size. The format cannot say that by itself."
    )


def _classes(contract: Contract) -> str:
    head = "| channel | class | id |\n|---|---|---|\n"
    return head + "\n".join(
        f"| {index} | {_cell(label.name)}{' (not scored)' if label.ignored else ''} | {label.id} |"
        for index, label in enumerate(contract.scheme.classes)
    )


def _cell(text: str) -> str:
    """Return a text that ends no cell of a table."""
    return visible(text).replace("|", r"\|")


def _evidence(facts: dict[str, Any]) -> str:
    said = "; ".join([sentence(facts), *scored(facts)])
    return f"Compared with the network in PyTorch on {seen(facts)}: {said}."
