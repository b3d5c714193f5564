"""Each model family learns a few real images by heart: if it cannot, it will learn nothing else."""

import shutil

import pytest

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data, write_png
from pixelproof.data.images import read_image
from pixelproof.evaluation import accuracy, pixel_accuracy
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.runs import Source
from pixelproof.verbs.train import train

pytestmark = pytest.mark.real

PLAIN = ["flip=false", "turn=false", "selection=0", "warmup=0", "schedule=cosine", "device=cpu", "weight_decay=0"]
SMALL_UNET = "smp:Unet:tu-mobilenetv3_small_050"
TILES = ("0003", "0005", "0033")  # three to five classes each


@pytest.fixture
def few_pictures(real_data, tmp_path):
    """Four real images of each of three classes, as the course names them."""
    source = real_data / "p1_data"
    for name in [f"{c}_{i}.png" for c in (13, 23, 49) for i in range(4)]:
        for split in ("train_50", "val_50"):
            (tmp_path / split).mkdir(exist_ok=True)
            shutil.copy(source / "train_50" / name, tmp_path / split / name)
    shutil.copy(source / "id2label.json", tmp_path)
    return open_data(tmp_path)


@pytest.fixture
def few_tiles(real_data, tmp_path):
    """Three real tiles at a quarter of their size with their masks, both splits alike."""
    for split in ("train", "validation"):
        for name in TILES:
            for kind in ("sat.jpg", "mask.png"):
                pixels = read_image(real_data / "p2_data" / "train" / f"{name}_{kind}")
                write_png(tmp_path / split / f"{name}_{kind[:-4]}.png", pixels[::4, ::4])
    return open_data(tmp_path)


def learn(data, model, out, *settings):
    config = apply_overrides(default_config(data.task, model), [*PLAIN, *settings])
    run = train(data, config, out)
    return evaluate(Predictor.open(run), data.split("train"), Source(model))


@pytest.mark.parametrize("model", ["vgg16", "vgg16-bn", "timm:test_resnet"])
def test_classifiers(few_pictures, tmp_path, model):
    settings = ["width=0.0625", "batch_size=12", "epochs=30", "shift=0", "lr=2e-3", "dropout=0"]
    assert accuracy(learn(few_pictures, model, tmp_path / "run", *settings)) == 1.0


@pytest.mark.parametrize(
    "model",
    [
        *("fcn32s-bn", "fcn8s", SMALL_UNET),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("fcn8s-bn", "fcn32s", "fcn16s", "fcn8s-direct", "fcn8s-bilinear")
        ),
        pytest.param("smp:Unet:resnet18", marks=pytest.mark.slow),
    ],
)
def test_segmenters(few_tiles, tmp_path, model):
    quickly = ["lr=2e-3"] if model.startswith("smp:") else ["optimizer=muon", "lr=4e-3"]
    settings = ["width=0.125", "batch_size=3", "crop=128", "epochs=60", *quickly]
    scores = learn(few_tiles, model, tmp_path / "run", *settings)
    truth = scores.confusion.sum(axis=(0, 2))
    assert truth.max() / truth.sum() < 0.6  # what answering one class everywhere would reach
    assert pixel_accuracy(scores) > 0.9
