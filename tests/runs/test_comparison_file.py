"""``comparison.json``: what is wrong with it is named."""

import json

import pytest

from pixelproof.errors import UserError
from pixelproof.runs.comparison_file import load_comparison

MODEL = {"path": "x", "split": "", "fingerprint": "", "value": 0.5}
PAIR = {
    "a": "a",
    "b": "b",
    "metric": "miou",
    "difference": 0.1,
    "low": 0.0,
    "high": 0.2,
    "p": 0.04,
    "verdict": "undecided",
    "images": 1,
    "wins": {"a": 0, "b": 1},
    "ties": 0,
    "undefined": 0,
    "classes": {},
    "per_image": [{"id": "1", "a": 0.5, "b": 0.6, "difference": 0.1}],
}
GOOD = {
    "version": 1,
    "task": "segmentation",
    "protocol": "unknown_counted",
    "interval": "bootstrap",
    "test": "permutation",
    "confidence": 0.95,
    "resamples": 10000,
    "seed": 0,
    "groups": None,
    "models": [{"name": "a", **MODEL}, {"name": "b", **MODEL}],
    "pairs": [PAIR],
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"version": 2}, "comparison record of version 2, expected 1; compare the models again with this version"),
        ({"modles": []}, "unknown key 'modles'; did you mean 'models'"),
        ({"models": [{"name": "a", **MODEL}] * 2}, "two models have the same name"),
        ({"pairs": [PAIR | {"b": "c"}]}, "a pair names c, which is none of the models"),
        ({"models": [{"name": n, **MODEL} for n in "abc"]}, "the pairs are not each model with every later one"),
        ({"pairs": [PAIR | {"a": "b", "b": "a"}]}, "the pairs are not each model with every later one"),
        ({"pairs": [PAIR | {"ties": 1}]}, "the images of a and b do not add up"),
        ({"pairs": [PAIR | {"p": 1.5}]}, r"pairs\.0\.p"),
        ({"pairs": [PAIR | {"low": "NaN"}]}, r"pairs\.0\.low"),
    ],
)
def test_a_wrong_record_is_named(tmp_path, change, said):
    path = tmp_path / "comparison.json"
    path.write_text(json.dumps(GOOD | change))
    if said is None:
        assert load_comparison(path).pairs[0].per_image[0].id == "1"
        return
    with pytest.raises(UserError, match=said):
        load_comparison(path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}'])
def test_a_file_that_is_no_record_is_named(tmp_path, text):
    (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(UserError, match=r"comparison\.json"):
        load_comparison(tmp_path / "comparison.json")
