from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_strategies import schemes

from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, LabelScheme
from pixelproof.runs import labels_to_yaml, read_labels
from pixelproof.runs.plain import from_json, from_yaml, to_yaml

awkward = st.sampled_from(
    ["yes", "null", "1", "1.0", "a: b", "- x", "#", "é", "\u2028", "'", '"', "a\nb", "~", "x" * 1500]
)


@given(schemes(names=st.one_of(st.text(min_size=1, max_size=20), awkward)))
def test_round_trip(scheme):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.yaml"
        path.write_text(labels_to_yaml(scheme), encoding="utf-8")
        assert read_labels(path) == scheme


def test_names_of_any_script_stand_in_the_file_as_they_are():
    names = ("道路", "Gebäude", "lac 🌊")
    scheme = LabelScheme.model_validate(
        {"task": "classification", "classes": [{"name": name, "id": index} for index, name in enumerate(names)]}
    )
    assert all(name in labels_to_yaml(scheme) for name in names)
    settings = {"weights": "Straße/道路.safetensors"}
    assert to_yaml(settings) == "weights: Straße/道路.safetensors\n"
    assert from_yaml(to_yaml(settings)) == settings


@given(st.one_of(st.text(), st.sampled_from(["\x85", "a\u2028", "\u2029b", "\ufeff"])), st.booleans())
def test_any_text_in_yaml_is_read_back(text, one_line):
    assert from_yaml(to_yaml({"a": text, text: [text]}, one_line)) == {"a": text, text: [text]}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_round_trip_whole_and_by_name(name, tmp_path):
    path = tmp_path / "labels.yaml"
    path.write_text(labels_to_yaml(PRESETS[name]))
    assert read_labels(path) == PRESETS[name]
    path.write_text(f"preset: {name}\n")
    assert read_labels(path) == PRESETS[name]


def test_every_option_is_kept(tmp_path):
    classes = [{"name": "a", "id": 3, "color": [9, 9, 9]}, {"name": "b", "id": 4, "color": [99, 9, 9], "ignored": True}]
    options = {"void_ids": [255], "void_colors": [[1, 200, 1]], "tolerance": 7, "masks": "color"}
    scheme = LabelScheme.model_validate({"task": "segmentation", "classes": classes, **options})
    path = tmp_path / "labels.yaml"
    path.write_text(labels_to_yaml(scheme))
    assert read_labels(path) == scheme


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("classes: [", "not valid YAML"),
        ("- a\n", "holds no settings"),
        ("", "holds no settings"),
        ("preset: vok\n", "unknown preset 'vok'; did you mean 'voc'"),
        ("preset: [voc]\n", "unknown preset"),
        ("task: segmentation\nclases: []\n", "unknown key 'clases'; did you mean 'classes'|'classes'"),
        ("task: segmentation\nclasses:\n  - {name: a, id: 0}\n  - {name: a, id: 1}\n", "class name a is given twice"),
        ("task: segmentation\nclasses:\n  - {name: a, id: 0, colour: [1, 2, 3]}\n", "did you mean 'color'"),
        ("task: detection\nclasses:\n  - {name: a, id: 0}\n", "'task'"),
        ("1: 2\n", "labels.yaml"),
        ("task: segmentation\n\n'task': segmentation\n", "labels.yaml holds the key 'task' twice .lines 1 and 3."),
        ("task: segmentation\nclasses:\n  - {name: a, id: 0, name: b}\n", "the key 'name' twice .line 3."),
    ],
)
def test_a_wrong_file_is_one_sentence_that_names_it(text, complaint, tmp_path):
    path = tmp_path / "labels.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=complaint) as caught:
        read_labels(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{1: a, 0x1: b}", r"holds the key '0x1' twice, first as '1' \(line 1\)"),
        ("true: 1\nyes: 2", r"the key 'yes' twice, first as 'true' \(lines 1 and 2\)"),
        ("{1: a, 1.0: b}", "the key '1.0' twice, first as '1'"),
        ("{1: a, true: b}", "the key 'true' twice, first as '1'"),
        ("{null: 1, ~: 2}", "the key '~' twice, first as 'null'"),
        ("{a: 1, !!str a: 2}", "the key 'a' twice"),
        ("{&a x: 1, *a : 2}", "the key 'x' twice"),
        ("{2020-01-01: 1, 2020-1-1 00:00:00: 2, 2020-01-01: 3}", "the key '2020-01-01' twice"),
        (f"{{{'x' * 999}: 1, {'x' * 999}: 2}}", "the key 'x{30}…x{29}' twice"),
    ],
)
def test_keys_that_become_one_are_refused_however_they_are_written(text, problem):
    with pytest.raises(ValueError, match=problem):
        from_yaml(text)
    assert from_yaml("{1: a, '1': b, 2: c, =: d, null: e, 'null': f}")["="] == "d"


def test_keys_of_json_are_each_there_once():
    assert from_json('[{"a": 1, "b": {"a": 2}}, {}]') == [{"a": 1, "b": {"a": 2}}, {}]
    with pytest.raises(ValueError, match="holds an object with the key 'a' 3 times"):
        from_json('{"b": [{"a": 1, "c": 0, "a": 1, "\\u0061": 2}]}')


def test_a_key_may_replace_one_that_a_merge_brings():
    text = "a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, y: 4}\nd: [*b, *b]\n"
    assert from_yaml(text)["c"] == {"x": 3, "y": 4}


def test_of_several_merged_mappings_the_first_counts():
    text = "a: &a {name: 1, y: 2}\nb: &b {name: 3, z: 4}\nc: {<<: [*a, *b], z: 5}\nd: {<<: *a, <<: *b}\n"
    assert from_yaml(text)["c"] == {"name": 1, "y": 2, "z": 5}
    assert from_yaml(text)["d"] == {"name": 1, "y": 2, "z": 4}
    assert from_yaml("a: &a {x: 1, <<: *a}\n") == {"a": {"x": 1}}
    for text in ("a: {<<: 3}\n", "a: {<<: [{x: 1}, 3]}\n"):
        with pytest.raises(ValueError, match="not valid YAML"):
            from_yaml(text)


def test_brackets_in_brackets_are_refused_before_all_of_them_are_read():
    assert from_yaml("[" * 101 + "]" * 101)
    for opened in ("[", "{"):
        with pytest.raises(ValueError, match=r"^is nested too deeply$"):
            from_yaml(opened * 102 + '"')  # and what is wrong after them is never seen


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "labels.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UserError, match="not a UTF-8 text file"):
        read_labels(path)


def test_a_preset_may_say_how_its_palette_masks_are_read(tmp_path):
    path = tmp_path / "labels.yaml"
    path.write_text("preset: deepglobe\nmasks: color\n")
    assert read_labels(path) == PRESETS["deepglobe"].model_copy(update={"masks": "color"})
    path.write_text("preset: deepglobe\ntolerance: 3\n")
    with pytest.raises(UserError, match="a preset has its own 'tolerance'; remove one of the two"):
        read_labels(path)
