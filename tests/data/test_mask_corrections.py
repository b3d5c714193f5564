"""Regions of masks that a person has put right: read everywhere, no file changed, refused where they no longer fit."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data_builders import mask_folders
from PIL import Image

from pixelproof import api
from pixelproof.config import DataConfig
from pixelproof.data import arrange, fingerprint, open_data, read_mask
from pixelproof.data.decoded import read_pair
from pixelproof.data.doctor import examine
from pixelproof.data.fingerprint import mask_fingerprint
from pixelproof.data.folder import Patch, Sample
from pixelproof.data.patches import paint, read_truth
from pixelproof.data.reader import RGB
from pixelproof.errors import UserError
from pixelproof.evaluation.sentences import corrected_line
from pixelproof.labels import VOID
from pixelproof.runs import Source, load_scores
from pixelproof.runs.corrections_file import Correction, extended, load_corrections
from small_data import LAND

HEAD = "filename,label,was,reason,region,fingerprint"
FOREST, WATER = (LAND.names.index(name) for name in ("forest", "water"))
SLIM = ["width=0.03", "epochs=1", "device=cpu", "batch_size=4"]


def write(root, *lines, head=HEAD):
    (root / "corrections.csv").write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return root


def box(left, top, width, height):
    return f"M{left} {top}h{width}v{height}h-{width}z"


def truth_of(root, split="train", sample_id="0000"):
    data = open_data(root)
    return read_truth(next(each for each in data.split(split) if each.id == sample_id), data.scheme)


def test_regions_are_read_back_and_masks_stay_as_they_are(two_fields, capsys):
    mask = two_fields / "train" / "0000_mask.png"
    before, plain, prints = mask.read_bytes(), truth_of(two_fields), fingerprint(open_data(two_fields).split("train"))
    ring = f"{box(0, 10, 12, 12)}{box(3, 13, 6, 6)}"
    write(
        two_fields,
        f"0000_sat.jpg,water,forest,seen,{ring},{mask_fingerprint(mask)}".replace("jpg", "png").replace(
            "0000", "train/0000"
        ),
        f'train/0000_sat.png,void,,"a, b","{box(2, 40, 30, 4)}",',
        f"train/0001_mask.png,forest,forest,found right,{box(0, 8, 4, 4)},",  # a mask stands for its image
    )
    expected = plain.copy()
    expected[10:22, :12] = WATER
    expected[13:19, 3:9] = FOREST
    expected[40:44, 2:32] = VOID
    np.testing.assert_array_equal(truth_of(two_fields), expected)
    assert "note: 2 regions of" in (said := capsys.readouterr().err)
    assert "corrected, as corrections.csv says: any to void (1), forest to water (1)" in said
    data = open_data(two_fields)
    first, second = data.split("train")[:2]
    np.testing.assert_array_equal(read_pair(first, LAND, RGB)[1], expected)
    assert (first.corrected, second.corrected) == (True, False)
    assert fingerprint([second]) == fingerprint([data.as_given.split("train")[1]])
    assert fingerprint(data.as_given.split("train")) == prints != fingerprint(data.split("train"))
    np.testing.assert_array_equal(read_truth(first.as_given, LAND), plain)
    assert mask.read_bytes() == before


def test_of_regions_that_overlap_the_later_counts_and_is_said(two_fields, pixelproof, tmp_path):
    lists = [tmp_path / name for name in ("a.csv", "b.csv")]
    lists[0].write_text(f"{HEAD}\ntrain/0000_sat.png,water,forest,,{box(0, 10, 10, 10)},\n")
    lists[1].write_text(f"{HEAD}\ntrain/0000_sat.png,forest,forest,,{box(5, 10, 10, 10)},\n")
    code, out, _ = pixelproof("correct", two_fields, *lists)
    assert code == 0
    assert "2 lines added" in out
    assert f"1 region (50 pixels) of the masks of {two_fields} corrected: forest to water (1); 1 confirmed" in " ".join(
        out.split()
    )
    assert "1 line over an earlier one that says another class: the later one counts" in out
    truth = truth_of(two_fields)
    assert (truth[10:20, :5] == WATER).all()
    assert (truth[10:20, 5:15] == FOREST).all()
    found = json.loads(pixelproof("correct", two_fields, *lists, "--json")[1])
    assert (found["added"], found["pixels"], found["overridden"]) == (0, 50, 1)
    (note,) = [each for each in examine(two_fields).findings if each.check == "corrected"]
    assert "1 line there over an earlier one, of which the later counts" in note.message
    assert note.files == ("train/0000_sat.png",)
    lists[0].write_text(f"{HEAD}\ntrain/0000_sat.png,void,water,,{box(0, 10, 12, 10)},\n")  # half of it is water by now
    with pytest.raises(
        UserError, match=r"says that .*0000_mask\.png was 'water' in all of the region \(12 x 10 pixels"
    ):
        api.correct(two_fields, lists[0])
    lists[0].write_text(f"{HEAD}\ntrain/0000_sat.png,void,forest,,{box(0, 10, 12, 10)},\n")  # as the file has it
    assert api.correct(two_fields, lists[0])["pixels"] == 120


def test_lines_carry_the_state_of_the_mask_and_are_refused_when_it_changes(two_fields, tmp_path, pixelproof):
    (tmp_path / "more.csv").write_text(f"filename,label,region\ntrain/0000_sat.png,water,{box(0, 10, 5, 5)}\n")
    api.correct(two_fields, tmp_path / "more.csv")
    mask = two_fields / "train" / "0000_mask.png"
    (entry,) = load_corrections(two_fields / "corrections.csv")
    assert (entry.region, entry.fingerprint) == (box(0, 10, 5, 5), mask_fingerprint(mask))
    shutil.copy(two_fields / "train" / "0001_mask.png", mask)
    for verb in ("doctor", "correct"):
        code, _, err = pixelproof(verb, two_fields)
        assert (code, err.strip().count("\n")) == (2, 0)
        assert "was made for another state of" in err
        assert "0000_mask.png, which has changed since; look at the image again" in err


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"train/0099_sat.png,water,,,{box(0, 10, 5, 5)},", r"names 'train/0099_sat\.png', and .* no such image; did"),
        (f"train/0000_sat.png,watre,,,{box(0, 10, 5, 5)},", r"names the class 'watre' of .*; did you mean 'water'\?"),
        (f"train/0000_sat.png,water,wood,,{box(0, 10, 5, 5)},", "names the class 'wood'"),
        ("train/0000_sat.png,water,forest,,,", r"says no region of the mask .*such as M12 40h30v22h-30z"),
        ("train/0000_sat.png,water,forest,,M0 0h5v5h-,", r"has a region that cannot be read: it is no outline such as"),
        (f"train/0000_sat.png,water,forest,,{box(60, 10, 5, 5)},", r"has a region outside of .*: 5 x 5 pixels at left"),
        ("train/0000_sat.png,water,,,M0 0h9999999v9999999h-9999999z,", "has a region outside of"),
        (f"train/0000_sat.png,water,,,{'M0 0h1v1h-1z' * 20_000},", "field larger than field limit"),
        (f"train/0000_sat.png,,forest,,{box(0, 10, 5, 5)},", "says no class for"),
        (f"train/0000_sat.png,water,forest,,{box(0, 10, 5, 5)},0123456789abcdef", "another state of .*has changed"),
        (f"0000,water,,,{box(0, 10, 5, 5)},", r"names '0000', which may be .*; write its path"),
    ],
)  # fmt: skip
def test_a_region_that_cannot_be_meant_is_refused_wherever_it_is_read(two_fields, line, problem):
    write(two_fields, f"train/0001_sat.png,forest,forest,,{box(0, 10, 2, 2)},", line)
    for reads in (open_data, examine, api.correct):
        with pytest.raises(UserError, match=problem):
            reads(two_fields)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"train/0000_sat.png,forest,water,,{box(0, 10, 64, 5)},", "was 'water' in all of the region .* and it is not"),
        ("train/0000_sat.png,water,forest,,M0 10h5h-5z,", "the region does not fit .*: there is no pixel in it"),
    ],
)
def test_a_list_is_tried_on_the_masks_before_it_is_added(two_fields, tmp_path, line, problem):
    (tmp_path / "more.csv").write_text(f"{HEAD}\n{line}\n")
    with pytest.raises(UserError, match=problem):
        api.correct(two_fields, tmp_path / "more.csv")
    assert not (two_fields / "corrections.csv").exists()
    write(two_fields, line)  # by hand: said before anything is trained
    with pytest.raises(UserError, match=problem):
        api.train(two_fields, "fcn32s", tmp_path / "run", settings=SLIM)
    findings = {each.check: each.message for each in examine(two_fields).findings}
    assert "corrections.csv" in findings["mask-reading"]
    header = write(two_fields, head="filename,label")
    (tmp_path / "more.csv").write_text(f"{HEAD}\ntrain/0000_sat.png,water,,,{box(0, 10, 5, 5)},\n")
    with pytest.raises(
        UserError, match=r"has no column region; let its first line be filename,label,was,reason,region"
    ):
        api.correct(header, tmp_path / "more.csv")


def test_masks_of_ids_and_several_folders(tmp_path):
    for name in ("a", "b"):
        mask_folders(tmp_path / name, 6, 3)
    data = open_data(tmp_path / "a")
    word, plain = data.scheme.names[1], read_mask(data.split("train")[0].mask, data.scheme)
    code = str(data.scheme.classes[1].id)
    write(tmp_path / "a", f"train/images/00.png,{code},,,{box(0, 0, 3, 2)},")
    root = tmp_path / "all"
    root.mkdir()
    (root / "folders.yaml").write_text("folders: [../a, ../b]\n")
    write(
        root, f"b/train/images/01.png,{word},,,{box(1, 1, 2, 2)},", f"a/train/images/00.png,void,,,{box(2, 0, 2, 2)},"
    )
    samples = {each.id: each for each in open_data(root).split("train")}
    assert [each for each in samples if samples[each].corrected] == ["a/00", "b/01"]
    plain[:2, :3], plain[:2, 2:4] = 1, VOID
    np.testing.assert_array_equal(read_truth(samples["a/00"], data.scheme), plain)
    (tmp_path / "a" / "leave_out.csv").write_text("train/images/00.png\n")
    left = open_data(root).left_out[0].sample
    assert len(left.patches) == 2
    found = api.correct(root)
    assert (found["splits"], found["corrected"], sorted(found["images"])) == (
        {"train": 2}, 3, ["a/train/images/00.png", "b/train/images/01.png"]
    )  # fmt: skip


def test_no_image_moves_and_either_labels_may_be_learned_from(two_fields):
    before = arrange(open_data(two_fields), DataConfig())
    write(two_fields, *(f"train/{n:04}_sat.png,water,forest,,{box(0, 10, 4, 4)}," for n in range(8)))
    data = open_data(two_fields)
    for setting, corrected in (("list", 8), ("scored", 0), ("none", 0)):
        parts = arrange(data, DataConfig(corrections=setting))
        assert {n: [s.id for s in own] for n, own in parts.items()} == {
            n: [s.id for s in own] for n, own in before.items()
        }
        assert sum(sample.corrected for own in parts.values() for sample in own) == corrected
        assert sum(bool(sample.patches) for own in parts.values() for sample in own) == 8  # looked at, all the same


def test_every_verb_knows_what_was_corrected(two_fields, tmp_path, pixelproof):
    out = tmp_path / "run"
    api.train(two_fields, "fcn32s", tmp_path / "before", settings=SLIM)
    api.evaluate(tmp_path / "before", two_fields)
    write(
        two_fields,
        f"train/0000_sat.png,water,forest,,{box(0, 10, 12, 10)},",
        f"validation/0000_sat.png,void,forest,,{box(0, 10, 9, 10)},",
        f"validation/0001_sat.png,forest,forest,found right,{box(0, 10, 9, 10)},",
    )
    amounts = examine(two_fields).summary["pixel_shares"]["validation"]
    assert amounts["void"] == pytest.approx(100 * 90 / (3 * 64 * 64))
    run = api.train(two_fields, "fcn32s", out, settings=SLIM)
    assert run.facts().data.corrected == {"forest to void": 1, "forest to water": 1}
    scores = api.evaluate(out, two_fields)
    assert (scores.source.corrected, scores.source.corrected_pixels) == ("1", "90")
    assert scores.confusion[:, -1].sum() == 90
    assert corrected_line(load_scores(run.scores("validation"))).startswith(
        "1 of 3 images have a corrected mask (90 pixels)"
    )
    code, found, _ = pixelproof("evaluate", out, two_fields, "--json", "--overwrite")
    assert (code, json.loads(found)["corrected"], json.loads(found)["corrected_pixels"]) == (0, 1, 90)
    page = api.report(out).read_text()
    assert "2 regions, as corrections.csv says: forest to void (1), forest to water (1)" in page
    assert "1 of 3 images have a corrected mask (90 pixels)" in page
    with pytest.raises(UserError, match=r"by labels as they were before corrections\.csv changed"):
        api.evaluate(tmp_path / "before", two_fields)
    api.evaluate(tmp_path / "before", two_fields, overwrite=True)
    api.compare([tmp_path / "before", out], tmp_path / "pair")
    said = (tmp_path / "pair" / "report.html").read_text()
    assert "1 of these 3 images have a corrected mask (90 pixels in all)" in said
    assert "共 90 個像素" in said
    api.predict(out, two_fields / "validation", tmp_path / "guess")
    scored = api.score(tmp_path / "guess", two_fields)
    np.testing.assert_array_equal(scored.confusion, scores.confusion)
    assert scored.source.corrected_pixels == "90"
    assert api.verify(out)


def test_images_without_corrections_cost_nothing_and_large_ones_their_regions(tmp_path, monkeypatch):
    """Of a mask of 100 million pixels no second copy is made, and none but those with corrections are opened."""
    import tracemalloc

    for name in ("a", "b"):
        for folder, value in (("images", 90), ("masks", 1)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.new("L", (4000, 4000) if name == "a" else (40, 40), value).save(tmp_path / folder / f"{name}.png")
    (tmp_path / "labels.yaml").write_text(
        "task: segmentation\nclasses:\n  - {name: land, id: 0}\n  - {name: sea, id: 1}\n", "utf-8"
    )
    write(tmp_path, f"a.png,land,sea,,{box(3000, 3000, 500, 500)},{mask_fingerprint(tmp_path / 'masks' / 'a.png')}")
    opened = []
    monkeypatch.setattr("pixelproof.data.layouts.mask_corrections.mask_fingerprint", lambda f: opened.append(f) or
                        mask_fingerprint(f))  # fmt: skip
    data = open_data(tmp_path)
    assert [path.name for path in opened] == ["a.png"]
    sample = next(each for each in data.split("train") if each.id == "a")
    peaks = []
    for each in (sample.as_given, sample):
        tracemalloc.start()
        truth = read_truth(each, data.scheme)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert int((truth == 0).sum()) == 250_000
    assert peaks[1] < peaks[0] + 4e6


def test_marks_of_regions_that_lie_over_others_are_small():
    import tracemalloc

    sea, land = LAND.names[:2]
    mask = np.zeros((1000, 1000), np.uint8)
    pairs = [(land, sea), (sea, land)] * 10
    patches = tuple(Patch(box(0, 0, 1000, 1000), label, was, "", "a line") for label, was in pairs)
    sample = Sample("a", Path("a.png"), mask=Path("m.png"), patches=patches)
    tracemalloc.start()
    paint(mask, sample, LAND)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (mask == 0).all()
    assert peak < 6e6  # ten lines that each doubt all of a million pixels, beside the box of one
    misfit = replace(sample, patches=(*patches, Patch(box(3, 3, 5, 5), sea, land, "", "the last line")))
    with pytest.raises(UserError, match=r"^the last line says that .* was '"):
        paint(mask, misfit, LAND)


def test_scores_of_before_pixels_were_counted_are_read(tmp_path, two_fields):
    entries = [Correction("a.png", "void", "sea", "", region=box(1, 2, 3, 4), fingerprint="f")]
    (tmp_path / "c.csv").write_text(extended("", entries))
    assert [each._replace(line=0) for each in load_corrections(tmp_path / "c.csv")] == entries
    assert Source("a", corrected="3").pixels_corrected == 0


def test_a_region_that_is_said_again_lies_over_what_was_said_between(two_fields, tmp_path):
    lines = [("water", box(0, 10, 10, 10)), ("forest", box(5, 10, 10, 10)), ("water", box(0, 10, 10, 10))]
    said = "".join(f"train/0000_sat.png,{label},,,{region},\n" for label, region in lines)
    (tmp_path / "more.csv").write_text(f"{HEAD}\n{said}")
    assert api.correct(two_fields, tmp_path / "more.csv")["added"] == 3
    truth = truth_of(two_fields)
    assert (truth[10:20, :10] == WATER).all()
    assert (truth[10:20, 10:15] == FOREST).all()
    assert api.correct(two_fields, tmp_path / "more.csv")["added"] == 0


def test_what_is_found_right_makes_no_other_data_but_where_it_gives_a_class_back(two_fields):
    def with_lines(*lines):
        said = "".join(f"train/0000_sat.png,{label},{was},,{region},\n" for label, was, region in lines)
        (two_fields / "corrections.csv").write_text(f"{HEAD}\n{said}")
        return fingerprint(open_data(two_fields).split("train"))

    changed = ("water", "", box(0, 10, 10, 10))
    elsewhere, over = (("forest", "forest", box(left, 10, 4, 10)) for left in (10, 6))
    assert with_lines(changed, elsewhere) == with_lines(changed)
    assert len({with_lines(), with_lines(changed), with_lines(changed, over)}) == 3


def test_all_wrong_lines_of_a_list_are_named_at_once(two_fields):
    wrong = [f"train/{n:04}_sat.png,watre,,,{box(0, 10, 5, 5)}," for n in range(3)]
    write(two_fields, wrong[0], f"train/0003_sat.png,water,,,{box(0, 10, 5, 5)},", *wrong[1:])
    for reads in (open_data, examine, api.correct):
        with pytest.raises(UserError, match=r"^line 2 of .*'watre'.* \(2 further lines are wrong: 4, 5\); did you"):
            reads(two_fields)
