"""Mapping a GeoTIFF against a sliding window: ``python -m benchmarks.mapping``.

The peer is what most projects do: windows of 512 pixels that overlap by half, their probabilities blended with a smooth
weight, in PyTorch in eager mode, on the same network with the same weights in float32. Both read and write GeoTIFF and
take turns in one process. Work grows with the raster, so the ratio at 8,192 x 8,192 follows from the pixels that each
has to compute there; it is printed beside the measured one.

``--memory`` adds peak memory: of the network at full width, and of a slim one on rasters of two sizes.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.windows import Window

from benchmarks.harness import Benchmark
from pixelproof import api
from pixelproof.config import default_config
from pixelproof.labels import PRESETS
from pixelproof.models import build_model
from pixelproof.prediction.tiles import TILE, halo, tiles
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.training.checkpoints import load_weights, save_weights

SCHEME = PRESETS["deepglobe"]
WINDOW, OVERLAP = 512, 256
TARGET = 8192
MODEL = "fcn8s"


def make_run(path: Path, width: float) -> Run:
    """Write a run whose weights are as they start."""
    config = default_config("segmentation", MODEL)
    config = config.model_copy(update={"model": config.model.model_copy(update={"width": width})})
    run = Run.create(path, config.model_dump(mode="json"), SCHEME, {})
    save_weights(run.best, build_model(config.model, len(SCHEME.classes)))
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
def sliding(run: Run, scene: Path, out: Path) -> None:
    """Map a scene by overlapping windows with blended probabilities."""
    config = default_config("segmentation", MODEL)
    width = run.config()["model"]["width"]
    model = build_model(config.model.model_copy(update={"width": width}), len(SCHEME.classes)).eval()
    load_weights(run.best, model)
    with rasterio.open(scene) as data:
        image, profile = torch.from_numpy(data.read()), data.profile
    ramp = torch.hann_window(WINDOW, periodic=False) + 1e-3
    weight = ramp[:, None] * ramp
    total = torch.zeros(len(SCHEME.classes), *image.shape[1:])
    for top in starts(image.shape[1]):
        for left in starts(image.shape[2]):
            place = (..., slice(top, top + WINDOW), slice(left, left + WINDOW))
            chances = model(model.preprocessing(image[place][None])).logits[0].softmax(0)
            total[place] += chances * weight
    profile.update(count=1, compress="deflate", nodata=255)
    with rasterio.open(out, "w", **profile) as data:
        data.write(total.argmax(0).to(torch.uint8).numpy(), 1)


def work(side: int, margin: int, tile: int) -> tuple[int, int]:
    """Return the pixels that the window and the tiles compute on a square raster."""
    seen = sum(t.seen.height * t.seen.width for t in tiles(side, side, tile, margin))
    return len(starts(side)) ** 2 * WINDOW**2, seen


def compare(folder: Path, side: int, width: float, tile: int, repeats: int) -> Benchmark:
    """Time both in turn."""
    run, scene = make_run(folder / "run", width), make_scene(folder / "scene.tif", side, side)
    theirs, ours, shares = [], [], []
    for turn in range(repeats):
        start = time.perf_counter()
        sliding(run, scene, folder / "theirs.tif")
        theirs.append(time.perf_counter() - start)
        start = time.perf_counter()
        facts = api.map(run.path, scene, folder / "ours.tif", device="cpu", tile=tile, overwrite=True)
        ours.append(time.perf_counter() - start)
        shares.append(facts["seconds"]["network"] / facts["seconds"]["total"])
        say(
            f"turn {turn + 1}: sliding window {theirs[-1]:.1f} s, map {ours[-1]:.1f} s, {shares[-1]:.0%} in the network"
        )
    margin = facts["tiling"]["halo"]
    (their_work, our_work), (their_target, our_target) = work(side, margin, tile), work(TARGET, margin, tile)
    benchmark = Benchmark(
        "mapping",
        f"mapping a {side:,} x {side:,} GeoTIFF by FCN8s, against a sliding window of 50% overlap",
        {"sliding": 8},
        ("torch", "rasterio", "numpy"),
        seconds={"ours": ours, "sliding": theirs},
    )
    ratio = statistics.median(benchmark.ratios()["sliding"])
    extrapolated = ratio * (their_target / their_work) / (our_target / our_work)
    benchmark.facts |= {"network_share": statistics.median(shares), f"sliding_extrapolated_to_{TARGET}": extrapolated}
    return benchmark


def peak(folder: Path, height: int, width: int, channels: float, tile: int) -> float:
    """Return the peak memory in GB of a process that maps a raster."""
    run = make_run(folder / f"run-{height}-{width}-{channels}", channels)
    scene = make_scene(folder / f"{height}x{width}.tif", height, width)
    # Not getrusage: a new process begins with the peak of the one that started it.
    code = (
        "import sys; from pathlib import Path; from pixelproof import api;"
        f"api.map(sys.argv[1], sys.argv[2], sys.argv[3], device='cpu', tile={tile});"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    words = [sys.executable, "-c", code, run.path, scene, folder / f"map-{height}-{width}-{channels}.tif"]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    found = int(done.stdout) * 1024 / 1e9
    say(f"peak memory at {width:,} x {height:,}, width {channels:g}: {found:.2f} GB")
    return found


def main() -> None:
    """Measure, and print one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=2048, help="of the raster, in pixels")
    parser.add_argument("--width", type=float, default=1.0, help="factor on the network's channels")
    parser.add_argument("--tile", type=int, default=TILE)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument(
        "--memory", action="store_true", help="also measure peak memory, on 8,192 x 8,192 and 4 times that"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        benchmark = compare(folder, options.side, options.width, options.tile, options.repeats)
        facts = benchmark.facts
        if options.memory:
            side = 2 * options.tile + 2 * halo(build_model(default_config("segmentation", MODEL).model, 7))
            facts["peak_gb_full_network"] = peak(folder, side, side, 1.0, options.tile)
            facts["peak_gb_slim_8192x8192"] = peak(folder, TARGET, TARGET, 0.03, options.tile)
            facts["peak_gb_slim_32768x8192"] = peak(folder, TARGET, 4 * TARGET, 0.03, options.tile)
    facts |= {"side": options.side, "width": options.width, "tile": options.tile, "threads": torch.get_num_threads()}
    benchmark.publish()


if __name__ == "__main__":
    main()
