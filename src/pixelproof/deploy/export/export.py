"""``export``: write a network in another format, prove it, and only then give it its name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import torch

import pixelproof.deploy.export.proof as proof
from pixelproof.array_types import UInt8
from pixelproof.config import run_settings
from pixelproof.data import Sample
from pixelproof.data.decoded import resized
from pixelproof.data.reader import ImageReader
from pixelproof.data.run_data import all_samples, data_for, proof_image, samples_for
from pixelproof.data.splits import limit
from pixelproof.deploy.export.contract import Contract
from pixelproof.deploy.export.formats import FORMATS, Format
from pixelproof.deploy.export.readme import readme
from pixelproof.deploy.export.rule import rule_to_carry
from pixelproof.errors import Refusal, UserError
from pixelproof.models import PixelModel, fold
from pixelproof.prediction.backends.convert import reason
from pixelproof.prediction.backends.trial import TOLERANCE
from pixelproof.prediction.predictor import trained_network
from pixelproof.progress import say
from pixelproof.runs import Run, write_json, write_text
from pixelproof.runs.atomic import atomic_folder, refuse_existing
from pixelproof.runs.files import AnyPath
from pixelproof.runs.names import check_names
from pixelproof.runs.packages import require
from pixelproof.runs.proof_images import ProofImage, drawn_images, kept_images
from pixelproof.schema import one_of

IMAGES = 16  # of ``data`` in a proof
LARGEST = 1024  # pixels a side; of larger images the middle is compared
SHARED = (
    "\nfrom pixelproof.deploy.export.examples.answers import classify, segment\n"
    "from pixelproof.deploy.export.examples.read_image import read\n"
)
"""Lines of the examples, in whose place those that are written have the functions themselves."""
EXAMPLE, README, PROOF = ".example.py", ".README.md", ".proof.json"


def export_run(
    run: AnyPath,
    format: str,
    out: AnyPath,
    data: AnyPath | None = None,
    *,
    tolerance: float = TOLERANCE,
    images: int | None = None,
    overwrite: bool = False,
    rule: bool = True,
) -> dict[str, Any]:
    """Export the network of a run and return the proof, and the files, as plain data.

    Args:
        run: The run folder.
        format: "onnx", "openvino" or "ncnn".
        out: The file to write, or a folder in which it is called after the run; what belongs to it stands beside it.
        data: The labelled images that the run was trained on; without them the proof is made on the few that it keeps.
        tolerance: Largest difference of a logit, as a part of the largest logit, and largest share of pixels or images
            whose class changes.
        images: How many images of ``data`` are compared; None is 16.
        overwrite: Replace what is there.
        rule: Whether the export carries the rule that the run keeps, if it keeps one.

    Raises:
        UserError: There is no such format, a package is missing, something is in the way, the rule is none for the run
            as it is now, or ``images`` are none or come without ``data``.
        Refusal: The format cannot express the network, or what was written is not the same; nothing is left then.
    """
    _check_words(format, tolerance, data, images)
    opened, chosen = Run.open(Path(run)), FORMATS[format]
    path = _path(Path(out), opened, chosen)
    files = [path.with_suffix(suffix) for suffix in (chosen.suffix, *chosen.beside)]
    files += [path.with_name(path.name + ending) for ending in (EXAMPLE, README, PROOF)]
    check_names(files)
    _refuse_taken(files, overwrite)
    require(chosen.packages, f"the format {format}")
    config, scheme = run_settings(opened), opened.labels()
    model = trained_network(opened).eval()
    contract = Contract.of(opened, scheme, model.preprocessing, rule_to_carry(opened, rule))
    cases = _cases(opened, data, contract, IMAGES if images is None else images)
    if config.model.averages:
        say("note: the run averages over several looks at an image; what is exported is the network, asked once")
    with atomic_folder(path.parent) as folder:
        compared = _convert(model, chosen, folder / path.name, contract, cases)
        facts = {"format": format, "tolerance": tolerance} | proof.judge(compared, scheme, tolerance, format)
        _describe(folder / path.name, chosen, contract, facts)
        _refuse_taken(files, overwrite)  # by what another process has written meanwhile
    return facts | {"files": [str(file) for file in files]}


def _check_words(format: str, tolerance: float, data: AnyPath | None, images: int | None) -> None:
    """Refuse what nobody can mean, before anything is read."""
    one_of(format, tuple(FORMATS), "format")
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise UserError(f"the tolerance {tolerance} is not a number from 0 on", f"leave it out, or give {TOLERANCE:g}")
    if images is not None and data is None:
        raise UserError("--images counts images of --data, which is not given", "give --data, or leave --images out")
    if images is not None and images < 1:
        raise UserError(f"--images {images} leaves nothing to compare", f"leave it out, or give {IMAGES}")


def _path(out: Path, run: Run, chosen: Format) -> Path:
    """Return the file to write.

    Raises:
        UserError: Its name has the ending of something else.
    """
    if out.is_dir() or not out.suffix:
        return out / f"{run.name}{chosen.ending}"
    if out.suffix != chosen.suffix:
        raise UserError(
            f"{out} does not end in {chosen.suffix}, as files of {chosen.name} do", f"give {out.stem}{chosen.suffix}"
        )
    return out


def _refuse_taken(files: Sequence[Path], overwrite: bool) -> None:
    for file in files:
        if file.is_dir():
            raise UserError(f"{file} is a folder", "choose another --out")
    refuse_existing(files, overwrite)


def _labelled(run: Run, data: Path) -> tuple[Sample, ...]:
    """Return the validation images of a data set; of one that has none, and is not the run's own, all images."""
    try:
        return samples_for(run, data, "validation")
    except UserError:
        return all_samples(data_for(run, data))


def _cases(run: Run, data: AnyPath | None, contract: Contract, count: int) -> list[ProofImage]:
    """Return the images of a proof, as the network gets them."""
    if data is not None:
        reader = ImageReader.of(run_settings(run).model)
        samples = limit(_labelled(run, Path(data)), count, run_settings(run).data.split_seed)
        found = [proof_image(sample, contract.scheme, reader) for sample in samples]
    elif not (found := kept_images(run)):
        say("note: the run keeps no images; the proof is made on drawn ones, unless --data is given")
        found = drawn_images(contract.preprocessing.channels)
    if contract.side is None:
        return list(proof.several_sizes([image.middle(LARGEST) for image in found]))
    return [replace(image, image=_resized(image.image, contract.side)) for image in found]


def _resized(image: UInt8, side: int) -> UInt8:
    planes = resized(torch.from_numpy(image).permute(2, 0, 1), side)
    pixels: UInt8 = planes.permute(1, 2, 0).contiguous().numpy()
    return pixels


def _convert(
    model: PixelModel, chosen: Format, path: Path, contract: Contract, cases: Sequence[ProofImage]
) -> list[proof.Compared]:
    """Write the file and ask it about the images.

    Raises:
        Refusal: The format cannot express the network, or its library cannot compute it.
    """
    say(f"convert {contract.model} to {chosen.name}")
    size = (contract.side, contract.side) if contract.side else None
    try:
        chosen.write(fold(model, size), path, size, contract)
        return proof.compare(cases, proof.literal(model), chosen.read(path, model))
    except (UserError, OSError):
        raise
    except Exception as error:  # every converter refuses in its own way
        raise Refusal(
            f"{contract.model} cannot be exported to {chosen.name}: {reason(error)}", "choose another --format"
        ) from error


def _describe(path: Path, chosen: Format, contract: Contract, facts: dict[str, Any]) -> None:
    """Write what stands beside an exported file: an example, a description and the proof."""
    write_text(path.with_name(path.name + EXAMPLE), _example(chosen))
    write_text(path.with_name(path.name + README), readme(path.name, chosen, contract, facts))
    write_json(path.with_name(path.name + PROOF), facts)


def _example(chosen: Format) -> str:
    """Return a script that asks an exported file about an image and needs no other."""
    script, read, answers = (_source(name) for name in (f"{chosen.name}_example", "read_image", "answers"))
    read, answers = read.rstrip().partition("from PIL import ")[2], answers.partition("from PIL import Image")[2]
    return script.replace(SHARED, f"from PIL import {read}{answers}")


def _source(name: str) -> str:
    return (resources.files("pixelproof.deploy.export") / "examples" / f"{name}.py").read_text(encoding="utf-8")
