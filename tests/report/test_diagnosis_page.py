"""The page of a diagnosis: what was found, how much there is, and pictures; redrawn from what lies beside it."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from report_pages import Page

from pixelproof import api
from pixelproof.errors import UserError
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.report.figures.masks import outlined
from pixelproof.report.page import build_report
from pixelproof.runs.diagnosis_folder import DiagnosisFolder


@pytest.fixture
def fields(two_fields):
    """Tiles of forest and water, the first of which has a mask of another size."""
    mask = two_fields / "train" / "0000_mask.png"
    Image.open(mask).crop((0, 0, 32, 64)).save(mask)
    return two_fields


def test_what_the_page_says_of_masks(fields, tmp_path, pixelproof):
    code, out, _ = pixelproof("doctor", fields, "--out", tmp_path / "look")
    assert code == 1  # as without a page
    page = tmp_path / "look" / "report.html"
    assert out.splitlines()[-1] == str(page)
    shown, diagnosis = Page(page), api.doctor(fields)
    assert "Is fields ready to train on?" in shown.text
    assert diagnosis.verdict in shown.text
    for finding in diagnosis.findings:
        assert " ".join(finding.message.split()) in shown.text
    amounts = {row[0]: row[2:] for row in shown.tables[0].rows}
    shares = diagnosis.summary["pixel_shares"]
    assert amounts["forest"] == [f"{shares[split]['forest']:.3g}" for split in ("train", "validation")]
    examples = DiagnosisFolder(tmp_path / "look").read().examples
    assert 0 < len(examples) < 11  # one is left out
    assert shown.source.count("<article") == len(examples)
    pictured = [values["alt"] for tag, values in shown.tags if tag == "img"]
    assert "Image train/0000" in pictured
    assert "Mask of train/0000" in pictured


def test_what_the_page_says_of_classes(color_classes, tmp_path):
    for split in ("train", "validation"):
        (color_classes / split / "red").rename(color_classes / split / "<b>red")
    copy = color_classes / "train" / "green" / "copy.png"
    copy.write_bytes((color_classes / "train" / "blue" / "0.png").read_bytes())
    (color_classes / "test" / "green").mkdir(parents=True)
    copy.rename(color_classes / "test" / "green" / "copy.png")
    api.doctor(color_classes, out=tmp_path / "look")
    page = Page(tmp_path / "look" / "report.html")
    assert "<b>red" not in page.source
    assert "conflicting-labels" in page.text
    assert {row[0]: row[2:] for row in page.tables[0].rows}["green"] == ["10", "4", "1"]
    titles = [values.get("alt", "") for tag, values in page.tags if tag == "img"]
    assert sum(title.startswith("blue: ") for title in titles) == 8


def test_it_is_redrawn_and_never_replaced_unasked(fields, tmp_path, pixelproof):
    look = tmp_path / "look"
    api.doctor(fields, out=look)
    before = (look / "report.html").read_bytes()
    (look / "report.html").unlink()
    assert build_report(look).read_bytes() == before
    code, _, err = pixelproof("doctor", fields, "--out", look)
    assert code == 2
    assert "already exists; choose another --out or give --overwrite" in err
    (fields / "train" / "0000_mask.png").unlink()
    (fields / "train" / "0000_sat.png").unlink()
    assert pixelproof("doctor", fields, "--out", look, "--overwrite")[0] == 0
    assert not DiagnosisFolder(look).read().images.ids  # those of the finding that is no more
    assert (look / "report.html").read_bytes() != before


@pytest.mark.parametrize("place", [".", "look", "train/look"])
def test_a_page_within_the_data_is_refused(fields, pixelproof, place):
    before = sorted(fields.rglob("*"))
    code, _, err = pixelproof("doctor", fields, "--out", fields / place)
    assert code == 2
    assert "whose images are looked at; choose an --out beside it" in err
    assert sorted(fields.rglob("*")) == before


def test_a_damaged_folder_is_told_in_a_sentence(fields, tmp_path):
    look = tmp_path / "look"
    api.doctor(fields, out=look)
    file = look / "diagnosis.json"
    whole = file.read_text("utf-8")
    file.write_text(json.dumps(json.loads(whole) | {"version": 9}), "utf-8")
    with pytest.raises(UserError, match=r"diagnosis of version 9, expected 1; examine the data again with"):
        build_report(look)
    file.write_text(whole, "utf-8")
    example = next((look / "examples").iterdir())
    example.write_bytes(example.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"is not a readable labelled image file, or is truncated"):
        build_report(look)


def test_outlines_lie_on_both_sides_of_a_boundary_in_their_classes_colours():
    colors = [(200, 0, 0), (0, 0, 200)]
    classes = tuple(LabelClass(name=f"{k}", id=k, color=color) for k, color in enumerate(colors))
    scheme = LabelScheme(task="segmentation", classes=classes)
    mask = np.zeros((6, 8), np.uint8)
    mask[:, 5:] = 1
    image = np.full((6, 8, 3), 90, np.uint8)
    drawn = outlined(image, mask, scheme)
    expected = image.copy()
    expected[:, 4], expected[:, 5] = colors
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(outlined(image, np.zeros_like(mask), scheme), image)
    np.testing.assert_array_equal(outlined(image[:1, :1], mask[:1, :1], scheme), image[:1, :1])


def test_names_that_are_no_text_are_no_reason_to_fail(tmp_path, color_classes, pixelproof):
    copy = color_classes / "train" / "green" / os.fsdecode(b"\xff\xfe.png")
    copy.write_bytes((color_classes / "train" / "blue" / "0.png").read_bytes())
    assert pixelproof("doctor", color_classes, "--out", tmp_path / "look")[0] == 1
    assert "conflicting-labels" in Page(tmp_path / "look" / "report.html").text
    record = DiagnosisFolder(tmp_path / "look").read().record
    assert any("\\udcff" in key for finding in record.findings for key in finding.samples)


def test_a_failure_keeps_the_diagnosis_that_is_there(tmp_path, fields, monkeypatch):
    api.doctor(fields, out=tmp_path / "look")
    before = {path.name: path.read_bytes() for path in (tmp_path / "look").rglob("*.*")}
    monkeypatch.setattr("pixelproof.runs.diagnosis_folder.save_diagnosis", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        api.doctor(fields, out=tmp_path / "look", overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "look").rglob("*.*")} == before
