"""``pixelproof show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import JsonOption, SetOption


def show(
    model: Annotated[str, typer.Argument(help="A model's name (see above), or a run folder.")],
    classes: Annotated[int | None, typer.Option(min=1, max=65535, help="Number of classes [50 or 7].")] = None,
    size: Annotated[int | None, typer.Option(min=1, max=65535, help="Pixels a side of the input [32 or 512].")] = None,
    diagram: Annotated[Path | None, typer.Option(help="Write the structure diagram to this SVG file.")] = None,
    json: JsonOption = False,
    set_: SetOption = None,
) -> None:
    """Print a network as PyTorch prints it, with its parameters, operations, receptive field and stride.

    Models: vgg16, fcn32s, fcn16s, fcn8s, each also with -bn, and the FCNs with their upsampling -direct, -stepwise or
    -bilinear; any timm classifier as timm:NAME; any segmentation_models.pytorch network as smp:DECODER:ENCODER; any
    network that an installed package brings as plugin:NAME.
    """
    from pixelproof.cli.options import print_json
    from pixelproof.errors import UserError, visible
    from pixelproof.verbs.show import describe_model

    if diagram is not None and diagram.exists():
        raise UserError(f"{diagram} already exists", "choose another --diagram")
    facts, picture = describe_model(model, classes, size, set_ or [])
    if diagram is not None:
        from pixelproof.runs import write_text

        write_text(diagram, picture)
    if json:
        print_json(facts)
        return
    field, stride = (f"{facts[key]} px" if facts[key] else "not known" for key in ("receptive_field", "stride"))
    print(facts["architecture"])
    print(f"parameters       {facts['parameters']:,}")
    at = f"{facts['input'][2]}x{facts['input'][3]}"
    print(f"multiply-adds    {facts['macs']:,} at {at}, {facts['macs_folded']:,} as folded for prediction")
    print(f"receptive field  {field}")
    print(f"stride           {stride}")
    if rule := facts.get("rule"):
        print(visible(f"kept rule        {rule['says']}; {rule['chosen']}; {rule['promise']}"))
        if rule["stale"]:
            print(visible(f"                 not used any more: {rule['stale']}"))
