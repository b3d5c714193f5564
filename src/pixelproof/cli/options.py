"""Options that several verbs share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pixelproof.errors import UserError

RunArgument = Annotated[Path, typer.Argument(help="A run folder, as 'pixelproof train' makes it.", metavar="RUN")]
DataArgument = Annotated[Path, typer.Argument(help="The folder of labelled images.", metavar="DATA")]
OutFolderOption = Annotated[Path, typer.Option(help="Folder to write to.", metavar="DIR")]
EvidenceFolderOption = Annotated[
    Path | None, typer.Option(help="Write the evidence and its page to this folder.", metavar="DIR")
]
NewRunOption = Annotated[Path, typer.Option(help="The run folder to make.", metavar="RUN")]
SplitOption = Annotated[str, typer.Option(help="train, selection, validation or test.")]
AnySplitOption = Annotated[str, typer.Option(help="train, selection, validation, test, or all for every image.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
TtaOption = Annotated[
    bool | None,
    typer.Option("--tta/--no-tta", help="Average over flips and quarter turns; by default as the run was set."),
]
ScalesOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZES",
        help="Average a segmenter over these sizes of an image, such as 0.5,0.75,1; by default as the run was set.",
    ),
]
BackendOption = Annotated[
    str,
    typer.Option(help="torch, onnxruntime, openvino, ncnn, or auto: the fastest that gives the same answer."),
]
ThresholdOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CLASS=P",
        help="Also say what looking at all images with a probability of CLASS of at least P finds, such as crack=0.2, "
        "or scratch+dent=0.3 for the sum of both.",
    ),
]
FindOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CLASS=SHARE",
        help="Also say from which probability on to look so that this share of CLASS is found, such as crack=0.98, or "
        "scratch+dent=0.98, and what that costs.",
    ),
]
CostOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CLASS=TIMES",
        help="Also say from which probability on to look where missing one of CLASS costs so many false alarms.",
    ),
]
AnyOption = Annotated[
    str | None,
    typer.Option("--any", help="A group is of CLASS, or A+B, if any of its images is.", metavar="CLASS"),
]
KeepOption = Annotated[
    bool,
    typer.Option(
        "--keep", help="Keep the threshold that is asked for as the rule by which the run answers from then on."
    ),
]
RuleOption = Annotated[bool, typer.Option("--rule/--no-rule", help="Use the rule that the run keeps, if it keeps one.")]
LanguageOption = Annotated[str, typer.Option(help="Language of the discussion: en or zh-Hant.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, such as epochs=10 or training.lr=1e-3."),
]

ProcessesOption = Annotated[
    int, typer.Option(min=1, help="Processes that train together, on a GPU each; the weights do not depend on it.")
]


def parse_scales(text: str | None) -> tuple[float, ...] | None:
    """Return the sizes that "0.5,0.75,1" names; None where nothing is said.

    Raises:
        UserError: It is anything else.
    """
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--scales '{text}' is not a list of sizes", "write --scales 0.5,0.75,1") from None


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on stdout, as escapes what its encoding may lack."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(value, ensure_ascii=not unicode, allow_nan=False))
