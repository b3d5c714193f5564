"""What classes are called: by their folders, by ``id2label.json`` and by ids."""

from __future__ import annotations

import json
import re

import pytest
from data_builders import fill

from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.data.layouts import class_names
from pixelproof.errors import UserError


@pytest.mark.parametrize("text", ["[1]", "{", '"x"', "\ud800", "[" * 100_000])
def test_a_wrong_id2label_is_an_error_that_names_it(text, tmp_path):
    (tmp_path / "id2label.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UserError, match=r"id2label\.json"):
        class_names(tmp_path)


def test_a_name_given_twice_in_id2label_is_an_error_that_names_it(tmp_path):
    fill(tmp_path, "train/0_0.png", "train/1_1.png")
    (tmp_path / "id2label.json").write_text('{"0": "fox", "1": "fox"}')
    with pytest.raises(UserError, match=r"id2label\.json.*class name fox is given twice"):
        open_data(tmp_path)


SWAPPED = "'0' is the id of the class named '1' and the name of that with id 1, .* labels.yaml, give names that are no"


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"0": "1", "1": "0", "2": "5"}, None),
        ({"0": "1", "1": "2", "2": "3"}, None),
        ({"0": "0", "1": "1", "2": "2"}, None),
        ({"0": "1", "1": "0", "2": "2"}, SWAPPED),
    ],
)
@pytest.mark.parametrize("kind", ["id2label.json", "labels.yaml"])
def test_names_that_are_numbers_are_not_taken_for_ids(names, complaint, kind, tmp_path):
    fill(tmp_path, "train/0/a.png", "train/1/b.png", "train/2/c.png")
    if kind == "labels.yaml":
        classes = "".join(f"  - {{name: '{name}', id: {key}}}\n" for key, name in names.items())
        (tmp_path / kind).write_text(f"task: classification\nclasses:\n{classes}")
    else:
        (tmp_path / kind).write_text(json.dumps(names))
    if complaint is None:
        assert [(s.id, s.label) for s in open_data(tmp_path).split("train")] == [
            ("0/a.png", 0),
            ("1/b.png", 1),
            ("2/c.png", 2),
        ]
        return
    with pytest.raises(UserError, match=complaint):
        open_data(tmp_path)
    assert any(re.search(complaint, f"{f.message}; {f.fix}") for f in examine(tmp_path).findings)


def test_folders_called_by_several_ids_are_one_class(tmp_path):
    fill(tmp_path, "train/1/a.png", "train/2/b.png", "train/5/c.png")
    labels = "task: classification\nclasses:\n  - {name: cat, id: 1}\n  - {name: dog, id: 2, alias_ids: [5]}\n"
    (tmp_path / "labels.yaml").write_text(labels)
    assert [s.label for s in open_data(tmp_path).split("train")] == [0, 1, 1]
    assert not [f for f in examine(tmp_path).findings if f.check == "unknown-class"]


@pytest.mark.parametrize("named", ["{}", '{"100001": "fox", "100002": "ape"}'])
def test_numbers_too_large_for_ids_are_names(named, tmp_path):
    (tmp_path / "id2label.json").write_text(named)
    data = open_data(fill(tmp_path, "train/100001/a.png", "train/100002/b.png"))
    assert data.scheme.names == ("100001", "100002")
    assert [c.id for c in data.scheme.classes] == [0, 1]
