"""``verify``: what a folder says is made again from its score files, and what differs is named."""

import json
import re
import shutil

import pytest

from pixelproof import api
from pixelproof.errors import UserError
from pixelproof.runs import load_scores, save_scores
from pixelproof.runs.differing import differences
from pixelproof.runs.without_places import without_places

COMPARISON, EVIDENCE, PAGE = "segmentation/comparison.json", "segmentation/evidence.json", "report.html"
BESIDE = ("figures", "tables")
SCORES = "segmentation/fcn8s/scores/validation.npz"


@pytest.fixture
def study(built, tmp_path):
    """A copy of the study folder, elsewhere."""
    return shutil.copytree(built, tmp_path / "study")


def edit(path, pattern, text):
    page = path.read_text("utf-8")
    assert re.search(pattern, page)
    path.write_text(re.sub(pattern, text, page, count=1), "utf-8")


def outcomes(folder):
    return {check.file: check.outcome for check in api.verify(folder).checks}


def unchecked(found):
    """The files that are not checked, but for those beside the page, which are of the same files as the page."""
    return {file for file, outcome in found.items() if outcome == "not checked" and file.split("/")[0] not in BESIDE}


def test_a_figure_that_was_edited_is_named(pixelproof, study):
    assert set(outcomes(study).values()) == {"right"}
    edit(study / COMPARISON, r'"difference": [^,]*', '"difference": 0.5')
    edit(study / EVIDENCE, r'"verdict": "\w+"|"status": "confirmed"', '"status": "refuted"')
    edit(study / PAGE, "vgg16 classifies", "vgg16 names")
    code, said, _ = pixelproof("verify", str(study))
    assert code == 1
    assert re.search(r"pairs\[fcn32s, fcn8s\]\.difference: stored 0\.5, recomputed 0\.15\d+", said)
    assert "claims[edges].status: stored refuted, recomputed confirmed" in said
    assert re.search(r"files: \d+ right, [4-9] differ, 0 not checked\.", said)
    assert re.search(r"differs  tables/segmentation-\S+  \(it is not what", said)
    api.report(study)  # prints what it finds, but for that it is right
    code, said, _ = pixelproof("verify", str(study), "--json")
    found = {each["file"]: each for each in json.loads(said)["files"]}
    assert code == 1
    assert (found[PAGE]["outcome"], found[COMPARISON]["outcome"]) == ("right", "differs")
    assert [each["stored"] for each in found[COMPARISON]["differences"]] == [0.5]


def test_what_cannot_be_checked_is_not_called_right(study):
    edit(study / PAGE, '(?<=content=")pixelproof [^,"]*', "pixelproof 0.0.1")
    edit(study / EVIDENCE, r'"images": \d+,', "")
    assert outcomes(study)[PAGE] == "not checked"
    assert outcomes(study)[EVIDENCE] == "differs"  # no evidence at all
    api.report(shutil.copytree(study, study / "other", ignore=shutil.ignore_patterns("evidence.json")), "zh-Hant")
    (study / "other" / SCORES).unlink()
    found = outcomes(study / "other")
    assert unchecked(found) == {SCORES, COMPARISON, EVIDENCE, PAGE}
    (study / "other" / SCORES).write_bytes(b"PK")
    found = {check.file: check for check in api.verify(study / "other").checks}
    assert (found[SCORES].outcome, found[COMPARISON].outcome) == ("differs", "not checked")
    with pytest.raises(UserError, match="is a part of a study; give the study's folder"):
        api.verify(study / "segmentation")
    with pytest.raises(UserError, match="neither a study, a run nor a comparison"):
        api.verify(study / "figures")


def test_a_comparison_and_a_run_of_their_own(study, tmp_path, monkeypatch):
    run = study / "segmentation" / "fcn8s"
    monkeypatch.chdir(tmp_path)
    files = ["study/segmentation/fcn32s", "study/segmentation/fcn8s/scores/validation.npz"]
    api.compare(files, "found", groups="^(..)", protocol="unknown_ignored", seed=3, language="zh-Hant")
    assert set(outcomes("found").values()) == {"right"}
    edit(tmp_path / "found" / "comparison.json", '"protocol": "unknown_ignored"', '"protocol": "unknown_counted"')
    assert outcomes("found")["comparison.json"] == "differs"
    assert outcomes(run) == {"scores/validation.npz": "right", PAGE: "not checked"}
    api.report(run)
    assert set(outcomes(run).values()) == {"right"}
    scores = load_scores(run / "scores" / "validation.npz")
    scores.confusion[0, 1, 1] += 5
    save_scores(run / "scores" / "validation.npz", scores)  # whole again, but not what the page was made from
    assert outcomes(run)[PAGE] == "differs"


def test_a_page_whose_comparison_is_gone_is_not_called_wrong(study):
    for file in (COMPARISON, EVIDENCE):
        (study / file).rename(study / "kept")
        assert unchecked(outcomes(study)) == {file, PAGE}
        (study / "kept").rename(study / file)
    (study / COMPARISON).unlink()
    edit(study / "study.json", r'"not_compared": {}(?=\s*}\s*\])', '"not_compared": {"validation": "one image"}')
    assert outcomes(study)[PAGE] == "differs"  # the page does not say so


def test_tables_and_figures_that_papers_take_are_checked(pixelproof, study):
    edit(study / "tables/segmentation-models.tex", r"0\.\d+", "0.999")
    (study / "figures/segmentation-iou.svg").unlink()
    (study / "tables/mine.csv").write_text("mine")
    code, said, _ = pixelproof("verify", str(study))
    assert code == 1
    assert "differs      tables/segmentation-models.tex  (it is not what 'report' makes of the files now)" in said
    assert "not checked  figures/segmentation-iou.svg  (it is not there; 'pixelproof report' makes it)" in said
    assert re.search(r"right +figures/  \(\d+ files, what 'report' makes of the files\)", said)
    assert "mine" not in said


def test_packing_takes_places_out_of_paths_alone(study, tmp_path):
    for file in ("study.json", EVIDENCE):
        edit(study / file, r"FCN32s wins\.", "~/FCN32s wins / loses.")
    edit(study / "study.json", r'"title": "[^"]*"', '"title": "~ 5 models / 2 parts"')
    edit(study / "study.json", r'"settings": {', '"settings": {"fields.weights": "/home/me/a=b/c.pt",')
    edit(study / COMPARISON, r'"path": "', '"path": "/home/me/')
    (study / "segmentation" / "test").mkdir()  # of when the study asked for a test
    shutil.copy(study / EVIDENCE, study / "segmentation" / "test")
    packed = api.pack(study, tmp_path / "packed").folder
    assert not (packed / "segmentation" / "test").exists()
    assert set(outcomes(packed).values()) == {"right"}
    record = json.loads((packed / "study.json").read_text())
    assert record["title"] == "~ 5 models / 2 parts"
    assert record["settings"]["fields.weights"] == "c.pt"
    assert "/home" not in (packed / COMPARISON).read_text()
    ids = {"pairs": [{"per_image": [{"id": "~mix/0_00.png"}]}]}
    assert without_places(ids) == ids


def test_rounding_is_no_difference():
    one = {"a": 0.1, "list": [{"name": "x", "v": 1}], "gone": 2}
    assert not list(differences(one, one | {"a": 0.1 + 1e-13, "new": None}))
    assert [each.stored for each in differences({"a": float("nan")}, {"a": None})] == ["NaN"]  # as JSON can say it
    found = list(differences(one, {"a": 0.1 + 1e-7, "list": [{"name": "x", "v": 1}, {"name": "y"}], "new": 3}))
    assert [each.figure for each in found] == ["a", "list[y]", "new", "gone"]
    assert [each.lacking for each in found] == [False, False, True, False]
