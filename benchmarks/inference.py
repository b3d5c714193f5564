"""The reference FCN8s on one 512x512 image, image in to class map out: ours with ``--backend auto``, peers literal."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness import Benchmark, Work, rounds_argument, threads
from pixelproof.config import default_config
from pixelproof.labels import PRESETS
from pixelproof.models import PixelModel, build_model
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.prediction.backends.convert import ODD, Logits, to_onnx
from pixelproof.runs import Run
from pixelproof.training.checkpoints import save_weights

SIDE = 512


def peers(model: PixelModel, image: np.ndarray, folder: Path) -> dict[str, Work]:
    """Return the literal network in each library, with the preprocessing it was trained with."""
    import onnxruntime
    import openvino

    network = Logits(model)
    path = folder / "literal.onnx"
    to_onnx(network, path, torch.zeros(2, 3, *ODD), {0: "batch", 2: "height", 3: "width"})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    read = core.read_model(path)
    read.reshape([1, 3, SIDE, SIDE])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads()}
    compiled = core.compile_model(read, "CPU", settings)

    def batch() -> torch.Tensor:
        return model.preprocessing(torch.from_numpy(image).permute(2, 0, 1)[None])

    @torch.inference_mode()
    def in_torch() -> np.ndarray:
        found: np.ndarray = network(batch())[0].numpy().argmax(axis=0)
        return found

    return {
        "torch": in_torch,
        "onnxruntime": lambda: session.run(None, {"images": batch().numpy()})[0][0].argmax(axis=0),
        "openvino": lambda: compiled(batch().numpy())[0][0].argmax(axis=0),
    }


def main() -> None:
    """Measure and publish."""
    torch.set_num_threads(threads())
    rounds = rounds_argument(15)
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    config = default_config("segmentation", "fcn8s")
    model = build_model(config.model, 7).eval()
    benchmark = Benchmark(
        "inference",
        "Reference FCN8s, one 512x512 image in, class map out: --backend auto against the literal network",
        targets={"torch": 4.5, "onnxruntime": 2.5, "openvino": 2.5},
        packages=("torch", "onnxruntime", "openvino", "ncnn"),
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder) / "run", config.model_dump(mode="json"), PRESETS["deepglobe"], {})
        save_weights(run.best, model)
        predictor = Predictor.open(run, "cpu")
        benchmark.facts["backend"] = use_backend(predictor, run, "auto", (SIDE, SIDE))
        others = peers(model, image, Path(folder))
        maps = {name: work() for name, work in others.items()}
        ours = predictor.class_map(image)
        benchmark.facts["pixels_that_differ"] = {name: int((found != ours).sum()) for name, found in maps.items()}
        benchmark.run(lambda: predictor.class_map(image), others, rounds)
    benchmark.publish()


if __name__ == "__main__":
    main()
