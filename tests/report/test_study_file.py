"""``study.json``: what is written is read back, and what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from report_folders import make_classification, make_study

from pixelproof.errors import UserError
from pixelproof.runs.study_file import load_study, save_study


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("record")
    return make_study(out, make_classification(out, ["a", "b"], per_class=2)) / "study.json"


def test_round_trip(path: Path, tmp_path: Path):
    record = load_study(path)
    save_study(tmp_path / "study.json", record)
    assert load_study(tmp_path / "study.json") == record
    assert (tmp_path / "study.json").read_bytes() == path.read_bytes()


def broken(path: Path, folder: Path, change: dict[str, Any], part: dict[str, Any]) -> Path:
    values = json.loads(path.read_text()) | change
    values["parts"][0] |= part
    (folder / "study.json").write_text(json.dumps(values))
    return folder / "study.json"


@pytest.mark.parametrize(
    ("change", "part", "said"),
    [
        ({"version": 2}, {}, r"version 2, expected 1"),
        ({"parst": []}, {}, r"unknown key 'parst'; did you mean 'parts'\?"),
        ({}, {"models": [{"name": "a", "run": "../../etc"}]}, r"'\.\./\.\./etc' lies outside the study folder"),
        ({}, {"models": [{"name": "a", "run": "/etc"}]}, r"'/etc' lies outside the study folder"),
        ({}, {"name": "../x"}, r"'\.\./x' lies outside the study folder"),
        ({}, {"shown": ["../x"]}, r"'\.\./x' lies outside the study folder"),
        ({}, {"models": [{"name": "a", "run": "x"}] * 2, "embed": []}, r"names a model twice"),
        ({}, {"embed": ["resnet"]}, r"maps the features of resnet, which is none of its models"),
        ({}, {"task": "detection"}, r"parts\.0\.task"),
    ],
)
def test_a_wrong_record_is_refused(path: Path, tmp_path: Path, change: dict, part: dict, said: str):
    with pytest.raises(UserError, match=said):
        load_study(broken(path, tmp_path, change, part))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}'])
def test_a_file_that_is_no_record_is_named(tmp_path: Path, text: str):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(UserError, match=r"study\.json"):
        load_study(tmp_path / "study.json")
