"""Mapping a GeoTIFF of 8,192 x 8,192 against a sliding window: ``python -m benchmarks.mapping``.

The peer is what most projects do: windows of 512 pixels that overlap by half, their probabilities blended with a smooth
weight, in PyTorch in eager mode, on the same network with the same weights in float32. Both read and write GeoTIFF.

Ours maps the whole scene by the command line, start-up included. The peer would take most of an hour, so before and
after that it maps the scene's upper left part, and its time is that for a window of the part times the scene's windows.
The trial of libraries, which a run needs once, is timed apart, and the ratio is also given with it.

Peak memory is that of the command that maps the scene, and of one that maps a scene four times as wide.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from rasterio.windows import Window

from benchmarks.harness import OURS, Benchmark, threads
from pixelproof.config import default_config
from pixelproof.labels import PRESETS
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.training.checkpoints import load_weights, save_weights

SCHEME = PRESETS["deepglobe"]
WINDOW, OVERLAP = 512, 256
TARGET = 8192
MODEL = "fcn8s"
COMMAND = "from pixelproof.cli.main import run; run()"
TRIAL = """
import json, sys
from pathlib import Path
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.runs import Run
run = Run.open(Path(sys.argv[1]))
print(json.dumps({"backend": use_backend(Predictor.open(run, "cpu"), run, "auto", (960, 960))}))
"""


def make_run(path: Path, width: float) -> Run:
    """Write a run of an untrained network whose answers to noise are spread over the classes."""
    config = default_config("segmentation", MODEL)
    config = config.model_copy(update={"model": config.model.model_copy(update={"width": width})})
    run = Run.create(path, config.model_dump(mode="json"), SCHEME, {})
    model = build_model(config.model, len(SCHEME.classes))
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    logits = Predictor(model, SCHEME, "cpu").logits([image])
    scoring = [layer for layer in model.modules() if getattr(layer, "out_channels", 0) == len(SCHEME.classes)][-1]
    assert isinstance(scoring.bias, torch.Tensor)
    with torch.no_grad():
        scoring.bias -= logits.mean(dim=(0, 2, 3))
    save_weights(run.best, model)
    return run


def make_scene(path: Path, height: int, width: int) -> Path:
    """Write a GeoTIFF of noise, block by block."""
    place = {"crs": "EPSG:32633", "transform": rasterio.transform.from_origin(4e5, 5.6e6, 0.5, 0.5)}
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "tiled": True, "blockxsize": 512, "blockysize": 512}
    block = np.random.default_rng(0).integers(0, 256, (3, 512, 512)).astype(np.uint8)
    with rasterio.open(path, "w", height=height, width=width, **profile, **place) as data:
        for top in range(0, height, 512):
            for left in range(0, width, 512):
                high, wide = min(512, height - top), min(512, width - left)
                data.write(block[:, :high, :wide], window=Window(left, top, wide, high))
    return path


def starts(length: int) -> list[int]:
    """Return where windows start along one side; the last one ends with the image."""
    return sorted({*range(0, max(length - WINDOW, 0) + 1, OVERLAP), max(length - WINDOW, 0)})


@torch.inference_mode()
def sliding(run: Run, scene: Path, out: Path, side: int) -> None:
    """Map the upper left part of a scene by overlapping windows with blended probabilities."""
    config = default_config("segmentation", MODEL)
    width = run.config()["model"]["width"]
    model = build_model(config.model.model_copy(update={"width": width}), len(SCHEME.classes)).eval()
    load_weights(run.best, model)
    with rasterio.open(scene) as data:
        image, profile = torch.from_numpy(data.read(window=Window(0, 0, side, side))), data.profile
    ramp = torch.hann_window(WINDOW, periodic=False) + 1e-3
    weight = ramp[:, None] * ramp
    total = torch.zeros(len(SCHEME.classes), *image.shape[1:])
    for top in starts(image.shape[1]):
        for left in starts(image.shape[2]):
            place = (..., slice(top, top + WINDOW), slice(left, left + WINDOW))
            chances = model(model.preprocessing(image[place][None])).logits[0].softmax(0)
            total[place] += chances * weight
    profile.update(count=1, compress="deflate", nodata=255, height=side, width=side)
    with rasterio.open(out, "w", **profile) as data:
        data.write(total.argmax(0).to(torch.uint8).numpy(), 1)


def map_by_command(run: Run, scene: Path, out: Path) -> dict[str, Any]:
    """Map a scene as a user does; return the command's facts, its peak memory and seconds."""
    options: list[str | Path] = ["--out", out, "--backend", "auto", "--device", "cpu", "--overwrite", "--json"]
    return in_a_process("map", scene, ["-c", COMMAND, "map", run.path, scene, *options])


def in_a_process(what: str, scene: Path, words: list[str | Path]) -> dict[str, Any]:
    """Run Python with some words; return the JSON of its last line with peak memory and seconds."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    measured = {"took": time.perf_counter() - start, "peak_gb": usage.ru_maxrss * 1024 / 1e9}
    facts: dict[str, Any] = json.loads(lines[-1]) | measured
    say(f"{what} of {scene.name} by {facts['backend']}: {facts['took']:.1f} s, {facts['peak_gb']:.2f} GB")
    return facts


def compare(folder: Path, side: int, part: int, width: float, rounds: int) -> Benchmark:
    """Time the whole scene by ours, and a part of it by the peer before and after."""
    run, scene = make_run(folder / "run", width), make_scene(folder / "scene.tif", side, side)
    benchmark = Benchmark(
        "mapping",
        f"Mapping a {side:,} x {side:,} GeoTIFF by FCN8s in float32: map against a sliding window of 50% overlap, "
        f"whose time per window is that for a part of {part:,} x {part:,}",
        {"sliding": 8},
        ("torch", "ncnn", "rasterio", "numpy"),
    )
    scale = len(starts(side)) ** 2 / len(starts(part)) ** 2

    def theirs() -> float:
        start = time.perf_counter()
        sliding(run, scene, folder / "theirs.tif", part)
        took = time.perf_counter() - start
        say(f"sliding window over {part:,} x {part:,}: {took:.1f} s, over the scene {scale * took:.0f} s")
        return scale * took

    trial = in_a_process("trial", scene, ["-c", TRIAL, run.path])
    peers, maps = [theirs()], []
    for _ in range(rounds):
        maps.append(map_by_command(run, scene, folder / "ours.tif"))
        peers.append(theirs())
    benchmark.seconds = {
        OURS: [facts["took"] for facts in maps],
        "sliding": [(before + after) / 2 for before, after in pairwise(peers)],
    }
    mapped = statistics.median(benchmark.seconds[OURS])
    wide = map_by_command(run, make_scene(folder / "wide.tif", side, 4 * side), folder / "wide-map.tif")
    benchmark.facts |= {
        "backend": maps[0]["backend"],
        "network_share": statistics.median(facts["seconds"]["network"] / facts["seconds"]["total"] for facts in maps),
        "trial_seconds": trial["took"],
        "sliding_with_trial": statistics.median(benchmark.seconds["sliding"]) / (mapped + trial["took"]),
        "peak_gb": max(facts["peak_gb"] for facts in maps),
        "peak_gb_of_trial": trial["peak_gb"],
        "peak_gb_four_times_as_wide": wide["peak_gb"],
        "seconds_four_times_as_wide": wide["took"],
    }
    return benchmark


def main() -> None:
    """Measure, and print one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=TARGET, help="of the scene, in pixels")
    parser.add_argument("--part", type=int, default=1536, help="side of what the peer maps, in pixels")
    parser.add_argument("--width", type=float, default=1.0, help="factor on the network's channels")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(threads())
    with tempfile.TemporaryDirectory() as name:
        benchmark = compare(Path(name), options.side, options.part, options.width, options.rounds)
    benchmark.publish()


if __name__ == "__main__":
    main()
