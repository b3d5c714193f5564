"""Images a second into training, augmented: ``python -m benchmarks.loading [--data DIR] [--rounds N]``.

Ours reads the cache. The peer, ``torchvision``, is ``ImageFolder`` with v2 transforms in 2 workers; for tiles with
masks it is the same with a dataset of pairs. Both end with normalised float32 batches in the training process, after
the same kinds of change: reflected shift and flip of 32x32 images (batch 64); zoom, crop to 384, flip, turns and colour
of 512x512 tiles with their masks (batch 8). The reference study's images are used where they stand beside the
checkout, else embedded ones. The ratio is the lower of the two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, tv_tensors
from torchvision.transforms import v2

from benchmarks.harness import Benchmark
from pixelproof.config import apply_overrides, default_config
from pixelproof.data import DataFolder, open_data
from pixelproof.data.demo import write_demo
from pixelproof.data.loading import TrainingBatches, TrainingImages
from pixelproof.models import Preprocessing
from pixelproof.process import keep_freed_memory

STUDY = Path(__file__).parents[2] / "shared" / "data"
COURSE = torch.tensor([6, 4, 3, 0, 6, 2, 1, 5])
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Pair = tuple[torch.Tensor, torch.Tensor]
TILE = ["crop=384", "scale=[0.75, 1.5]", "color=0.2"]


class Pairs(Dataset[Pair]):
    """Tiles with masks as a torchvision user would read them."""

    def __init__(self, data: DataFolder) -> None:
        self.samples = data.split("train")
        self.changes = v2.Compose(
            [
                v2.RandomResizedCrop(384, scale=(0.25, 1.0), ratio=(1.0, 1.0)),
                v2.RandomHorizontalFlip(),
                v2.RandomVerticalFlip(),
                v2.ColorJitter(0.2, 0.2, 0.2),
                v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Pair:
        """Return an image and its classes."""
        sample = self.samples[index]
        assert sample.mask is not None
        bits = np.array(Image.open(sample.mask).convert("RGB")) >> 7
        classes = COURSE[torch.from_numpy(bits[..., 0] << 2 | bits[..., 1] << 1 | bits[..., 2]).long()]
        image = tv_tensors.Image(np.array(Image.open(sample.image).convert("RGB")).transpose(2, 0, 1))
        pair: Pair = self.changes(image, tv_tensors.Mask(classes))
        return pair


def class_folders(data: DataFolder, out: Path) -> Path:
    """Arrange the training images as ``ImageFolder`` wants them."""
    for sample in data.split("train"):
        link = out / str(sample.label) / sample.image.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(sample.image.resolve())
    return out


def theirs(dataset: Dataset[Any], batch: int) -> DataLoader[Any]:
    """Return a loader as torchvision's references set it up."""
    return DataLoader(dataset, batch, shuffle=True, num_workers=2, drop_last=True, persistent_workers=True)


def drain(batches: Iterable[Pair]) -> int:
    """Take all batches and return the number of images."""
    return sum(len(images) for images, _ in batches)


def measure(data: DataFolder, loader: DataLoader[Any], settings: list[str], cache: Path, rounds: int) -> Benchmark:
    """Time one data set."""
    config = default_config(data.task, "vgg16" if data.task == "classification" else "fcn8s")
    config = apply_overrides(config, [*settings, f"cache={cache}"])
    images = TrainingImages(data.split("train"), data.scheme, config)
    normalise = Preprocessing(MEAN, STD)
    batches, epoch = TrainingBatches(images), iter(range(10**6))

    def ours() -> None:
        drain((normalise(batch), images.target(stored)) for batch, stored in batches.epoch(next(epoch)))

    print(f"{data.task}: {len(images)} images", file=sys.stderr)
    claim = f"{len(images):,} images of {data.root.name} from the cache into training, augmented"
    benchmark = Benchmark("loading", claim, {"torchvision": 3}, ("torch", "torchvision"))
    benchmark.run(ours, {"torchvision": lambda: drain(loader)}, rounds)
    benchmark.facts["profile"] = profile(images)
    return benchmark


def profile(images: TrainingImages) -> dict[str, float]:
    """Return what augmenting batches of 8 spends its time on: the shares of the five largest operations."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        for start in range(0, min(len(images) - 7, 80), 8):
            images.batch(0, range(start, start + 8))
    times = {event.key: event.self_cpu_time_total for event in found.key_averages()}
    largest = sorted(times, key=lambda name: -times[name])[:5]
    return {name: round(times[name] / sum(times.values()), 2) for name in largest}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=STUDY if STUDY.is_dir() else None)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    keep_freed_memory()  # as the command line does; the peer has it too
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.data is None:
            write_demo(folder / "demo")
        root, parts = (
            (folder / "demo", ("digits", "landcover"))
            if options.data is None
            else (options.data, ("p1_data", "p2_data"))
        )
        small, tiles = (open_data(root / part) for part in parts)
        side = 32 if options.data else 8
        picture = v2.Compose(
            [
                v2.RandomCrop(side, padding=4, padding_mode="reflect"),
                v2.RandomHorizontalFlip(),
                v2.PILToTensor(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )
        pictures = theirs(datasets.ImageFolder(class_folders(small, folder / "classes"), picture), 64)
        found = {
            "images_32": measure(small, pictures, ["shift=4", f"input_size={side}"], folder / "cache", options.rounds),
            "tiles_512": measure(
                tiles,
                theirs(Pairs(tiles), 8),
                [*TILE, "workers=2"],
                folder / "cache",
                options.rounds,
            ),
        }
    ratios = {kind: each.as_json()["ratios"]["torchvision"] for kind, each in found.items()}
    lower = found[min(ratios, key=lambda kind: ratios[kind])]
    lower.facts |= ratios | {f"profile_{kind}": each.facts["profile"] for kind, each in found.items()}
    del lower.facts["profile"]
    lower.publish()


if __name__ == "__main__":
    main()
