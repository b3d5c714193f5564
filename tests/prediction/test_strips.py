"""The first layers give the same in strips as at once."""

import numpy as np
import pytest

from pixelproof.prediction.backends.strips import Stem, in_strips, stem
from small_runs import untrained_run

HEAD = "7767517\n30 32\nInput in0 0 1 in0\n"
SAME = "0=8 1=3 11=3 12=1 13=1 14=1 2=1 3=1 4=1 5=1 6=216 9=1"
HALF = "0=0 1=2 11=2 12=2 13=0 2=2 3=0 5=1"


def text(*layers):
    """Return ncnn's text of a chain of layers, each a kind and its settings."""
    lines = (f"{kind} name{i} 1 1 {'in0' if i == 0 else i} {i + 1} {words}" for i, (kind, words) in enumerate(layers))
    return HEAD + "\n".join(lines) + "\n"


CONVOLUTION, POOLING = ("Convolution", SAME), ("Pooling", HALF)


def test_a_stem_ends_with_the_last_pooling_of_a_plain_chain():
    pair = [CONVOLUTION, CONVOLUTION, POOLING]
    assert stem(text(*pair, *pair, *pair)) == Stem("6", 4, 8)  # 2 + 2 x 2 rows, and to a multiple of 4
    assert stem(text(*pair, ("Split", ""))) == Stem("3", 2, 2)
    assert stem(text(CONVOLUTION, ("ReLU", ""), POOLING, ("Sigmoid", ""))) == Stem("3", 2, 2)
    dilated = SAME.replace(" 2=1", " 2=3").replace("12=1", "12=3").replace("14=1", "14=3").replace(" 4=1", " 4=3")
    assert stem(text(("Convolution", dilated), POOLING)) == Stem("2", 2, 4)


@pytest.mark.parametrize(
    "layer",
    [
        ("Convolution", SAME.replace(" 3=1", " 3=2").replace("13=1", "13=2")),
        ("Convolution", SAME.replace(" 4=1", " 4=0")),
        ("Convolution", SAME.replace("14=1", "14=0")),
        ("Convolution", SAME + " 16=2"),
        ("Pooling", HALF.replace(" 3=0", " 3=1")),
        ("Pooling", HALF.replace(" 1=2", " 1=3")),
        ("InnerProduct", ""),
    ],
)
def test_what_may_not_be_cut_is_no_stem(layer):
    assert stem(text(layer, POOLING)) is None
    assert stem(text(CONVOLUTION, POOLING, layer, POOLING)) == Stem("2", 2, 2)


@pytest.mark.parametrize("name", ["fcn8s", "fcn32s-bn"])
@pytest.mark.parametrize("size", [(1, 40), (200, 65), (97, 130)])
def test_ncnn_gives_the_same_in_strips(tmp_path, monkeypatch, name, size):
    pytest.importorskip("ncnn", reason="the backend ncnn is not installed")
    from pixelproof.prediction import Predictor
    from pixelproof.prediction.backends import runtimes, strips, use_backend

    run = untrained_run(tmp_path / "run", name)
    use = Predictor.open(run, "cpu")
    assert use_backend(use, run, "ncnn", (64, 64)) == "ncnn"
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    monkeypatch.setattr(strips, "ROWS", 64)
    whole = use.logits([image]).numpy()
    monkeypatch.setattr(runtimes, "LARGE", 1)
    cut = []
    monkeypatch.setattr(strips, "in_strips", lambda *words: cut.append(1) or in_strips(*words))
    found = use.logits([image]).numpy()
    assert cut
    assert found.shape == whole.shape == (1, 7, *size)
    np.testing.assert_allclose(found, whole, atol=2e-6 * np.abs(whole).max(), rtol=0)
    np.testing.assert_allclose(found, Predictor.open(run, "cpu").logits([image]), atol=1e-5 * np.abs(whole).max())
