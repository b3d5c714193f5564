"""Images a second of whole training runs on a GPU, and the share of its measured matrix peak that they use.

    python -m benchmarks.gpu_training [--models fcn8s-bn ...] [--epochs N] [--set KEY=VALUE ...]

Each row is a run of its own, from decoded images to checkpoints, in one of these forms: as it comes; without folding;
with ``torch.compile``; in float32; with images loaded by workers; by two processes, where there are two GPUs or it is
asked for. Uses the reference study's images where they stand beside the checkout, else the embedded ones. The last line
is one JSON object; ratios are the images a second of the run as it comes by those of the other form. Without a GPU it
runs on the CPU, which shows that it works and nothing else.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.data.demo import write_demo
from pixelproof.models import task_of
from pixelproof.verbs.train import train

MODELS = ["vgg16-bn", "fcn32s-bn", "fcn8s-bn", "smp:DeepLabV3Plus:resnet50"]
STUDY = Path(__file__).parents[2] / "shared" / "data"
FORMS = {
    "as it comes": [],
    "literal": ["fold=false"],
    "compiled": ["compile=yes"],
    "float32": ["precision=float32"],
    "workers": ["resident=no", "workers=8"],
    "two processes": [],
}
PROCESSES = {"two processes": 2}
SETTINGS = {
    "classification": ["batch_size=256", "shift=4", "optimizer=sgd", "lr=0.01"],
    "segmentation": ["batch_size=16", "crop=384", "scale=[0.5, 2.0]", "color=0.2", "lr=1e-4"],
}


def speed(model: str, form: str, root: Path, out: Path, more: list[str]) -> dict[str, Any]:
    """Train a few epochs and return what the run says of its speed."""
    task = task_of(model)
    real = STUDY.is_dir()
    names = ("p1_data", "p2_data") if real else ("digits", "landcover")
    data = open_data((STUDY if real else root) / names[task == "segmentation"])
    settings = [*SETTINGS[task], "warmup=0", "selection=0.02", f"cache={root / 'cache'}", *FORMS[form], *more]
    config = apply_overrides(default_config(task, model), settings)
    run = train(data, config, out, processes=PROCESSES.get(form, 1))
    facts: dict[str, Any] = run.environment()["speed"]
    share = facts["share_of_peak"]
    text = "" if share is None else f", {share:.0%} of {facts['peak_flops'] / 1e12:.0f} TFLOP/s"
    print(f"{model:<28}{form:<14}{facts['images_per_second']:>10,.0f} images/s{text}", file=sys.stderr)
    return facts


def main() -> None:
    """Run the benchmark."""
    usual = [form for form in FORMS if PROCESSES.get(form, 1) <= max(torch.cuda.device_count(), 1)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--forms", nargs="+", default=usual, choices=list(FORMS))
    parser.add_argument("--epochs", type=int, default=4, help="The median over the epochs is taken.")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="Further settings of all runs.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if not STUDY.is_dir():
            write_demo(root)
        found = {
            model: {
                form: speed(model, form, root, root / f"{model}-{form}", [f"epochs={options.epochs}", *options.set])
                for form in options.forms
            }
            for model in options.models
        }
    first = options.forms[0]
    ratios = {
        f"{model} {form}": round(forms[first]["images_per_second"] / facts["images_per_second"], 3)
        for model, forms in found.items()
        for form, facts in forms.items()
        if form != first
    }
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    versions = {name: metadata.version(name) for name in ("torch", "torchvision")}
    answer = {"name": "gpu_training", "ratios": ratios, "n": options.epochs, "versions": versions}
    print(json.dumps(answer | {"device": device, "runs": found}))


if __name__ == "__main__":
    main()
