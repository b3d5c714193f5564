from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from data_builders import class_folders, colored, index_mask, mask_folders, picture, save, save_turned
from PIL import Image
from test_images import png_claiming, write_deep

from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.report.diagnosis import SIZES


def finding(root, check):
    """Return the one finding of a check, None if there is none."""
    found = [f for f in examine(root).findings if f.check == check]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("build", [class_folders, mask_folders])
def test_sound_data_has_no_findings(build, tmp_path):
    diagnosis = examine(build(tmp_path))
    assert diagnosis.findings == ()
    assert diagnosis.summary["splits"] == {"train": 12, "validation": 30}
    assert diagnosis.summary["sizes"] == {"32x32": 42}
    assert all(len(print_) == 16 for print_ in diagnosis.summary["fingerprints"].values())


def test_json_has_the_published_shape(tmp_path):
    root = class_folders(tmp_path)
    (root / "train" / "cat" / "notes.txt").write_text("x")
    value = json.loads(json.dumps(examine(root).to_json(), allow_nan=False))
    assert set(value) == {"findings", "summary"}
    (only,) = value["findings"]
    assert list(only) == ["check", "severity", "files", "count", "message", "fix"]
    assert (only["check"], only["severity"], only["files"], only["count"]) == (
        "ignored-files",
        "note",
        ["train/cat/notes.txt"],
        1,
    )


def break_empty(path):
    path.write_bytes(b"")


def break_truncated(path):
    path.write_bytes(path.read_bytes()[:-40])


def break_text(path):
    path.write_text("<html>404</html>")


def break_bomb(path):
    png_claiming(path, 60000, 60000)


@pytest.mark.parametrize("folder", ["images", "masks"])
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (break_empty, "empty file"),
        (break_truncated, "truncated"),
        (break_text, "not a PNG"),
        (break_bomb, "claims more"),
    ],
)
def test_unreadable_files(harm, words, folder, tmp_path):
    root = mask_folders(tmp_path)
    harm(root / "train" / folder / "03.png")
    found = finding(root, "unreadable")
    assert found.severity == "error"
    assert found.files == (f"train/{folder}/03.png",)
    assert words in found.message
    assert str(tmp_path) not in found.message


def test_one_finding_for_each_way_of_being_unreadable(tmp_path):
    root = mask_folders(tmp_path)
    for name in ("01.png", "02.png"):
        break_empty(root / "train" / "images" / name)
    break_text(root / "validation" / "images" / "05.png")
    found = [f for f in examine(root).findings if f.check == "unreadable"]
    assert sorted(f.count for f in found) == [1, 2]


def test_no_permission(tmp_path, monkeypatch):
    root = mask_folders(tmp_path)
    locked = root / "train" / "images" / "04.png"
    real = open

    def guarded(file, *args, **options):
        if str(file) == str(locked):
            raise PermissionError(13, "Permission denied", str(file))
        return real(file, *args, **options)

    monkeypatch.setattr("builtins.open", guarded)  # root may read anything, so chmod shows nothing
    found = finding(root, "unreadable")
    assert found.files == ("train/images/04.png",)
    assert found.message.startswith("no permission for train/images/04.png")


def test_unpaired_files(tmp_path):
    root = mask_folders(tmp_path)
    (root / "train" / "masks" / "07.png").unlink()
    (root / "validation" / "images" / "09.png").unlink()
    found = finding(root, "unpaired")
    assert (found.severity, found.count) == ("error", 2)
    assert set(found.files) == {"train/images/07.png", "validation/masks/09.png"}


def test_names_that_do_not_match_at_all(tmp_path):
    save(picture(0), tmp_path / "images" / "a.png")
    save(colored(index_mask(0)), tmp_path / "masks" / "b.png")
    assert finding(tmp_path, "unpaired").count == 2


def test_images_that_no_split_takes_up(tmp_path):
    root = class_folders(tmp_path)
    save(picture(1), root / "test" / "0.png")
    save(picture(2), root / "train" / "cat" / "more" / "1.png")
    found = finding(root, "unused-images")
    assert (found.severity, found.count) == ("warning", 2)
    assert found.files == ("test/0.png", "train/cat/more/1.png")


def test_two_images_of_one_name_are_an_error(tmp_path):
    root = mask_folders(tmp_path)
    save(picture(77), root / "train" / "images" / "03.jpg")
    found = finding(root, "two-files")
    assert (found.severity, found.count) == ("error", 2)
    assert "1 sample with two files" in found.message


def test_hidden_and_other_files(tmp_path):
    root = class_folders(tmp_path)
    for name in (".DS_Store", "train/cat/._0.png", "a.csv", "b.csv"):
        (root / name).write_text("x")
    found = finding(root, "ignored-files")
    assert (found.severity, found.count) == ("note", 4)
    assert "2 hidden" in found.message
    assert "2 .csv" in found.message


def test_files_are_cut_at_fifty_and_counted_in_full(tmp_path):
    root = class_folders(tmp_path)
    for i in range(60):
        (root / f"{i}.txt").write_text("x")
    found = finding(root, "ignored-files")
    assert (len(found.files), found.count) == (50, 60)


def test_empty_class_and_split_folders(tmp_path):
    root = class_folders(tmp_path)
    (root / "train" / "bird").mkdir()
    (root / "test" / "cat").mkdir(parents=True)
    found = finding(root, "empty-folder")
    assert found.severity == "warning"
    assert set(found.files) == {"train/bird", "test", "test/cat"}


def test_mask_of_another_size(tmp_path):
    root = mask_folders(tmp_path)
    save(colored(index_mask(3, (32, 30))), root / "train" / "masks" / "03.png")
    found = finding(root, "mask-size")
    assert (found.severity, found.files) == ("error", ("train/masks/03.png",))
    assert "30x32, its image 32x32" in found.message


@pytest.mark.parametrize(
    ("orientation", "size", "check", "severity"),
    [
        (6, (32, 32), "mask-turned", "warning"),  # a square looks the same however it lies
        (3, (24, 40), "mask-turned", "warning"),  # and so does what is upside down
        (6, (24, 40), "mask-size", "error"),
    ],
)
def test_image_turned_by_exif_beside_a_mask_that_is_not(orientation, size, check, severity, tmp_path):
    root = mask_folders(tmp_path)
    save_turned(picture(3, size), root / "train" / "images" / "03.png", orientation)
    save(colored(index_mask(3, size)), root / "train" / "masks" / "03.png")
    found = finding(root, check)
    assert found.severity == severity
    assert found.files[-1] == "train/masks/03.png"
    assert "EXIF orientation" in found.message
    save_turned(colored(index_mask(3, size)), root / "train" / "masks" / "03.png", orientation)
    assert not {f.check for f in examine(root).findings} & {"mask-turned", "mask-size"}


def test_a_mask_drawn_upright_fits_an_image_that_lies(tmp_path):
    """As one drawn on the photograph of a phone, which the viewer has turned."""
    root = mask_folders(tmp_path)
    save_turned(picture(3, (24, 40)), root / "train" / "images" / "03.png", 6)
    save(colored(index_mask(3, (40, 24))), root / "train" / "masks" / "03.png")
    assert [f.check for f in examine(root).findings] == ["mixed-sizes"]


def test_mixed_sizes_and_modes_are_notes(tmp_path):
    root = class_folders(tmp_path)
    save(picture(3, (40, 48)), root / "train" / "cat" / "0.png")
    save(picture(4)[..., 0], root / "train" / "cat" / "2.png")
    save(np.dstack([picture(5), np.full((32, 32), 9, np.uint8)]), root / "train" / "cat" / "4.png")
    save(picture(6)[..., 0].astype(np.uint16) * 256, root / "train" / "cat" / "6.png")
    sizes, modes = finding(root, "mixed-sizes"), finding(root, "image-modes")
    assert (sizes.severity, sizes.files) == ("note", ("train/cat/0.png",))
    assert "from 32x32 to 48x40" in sizes.message
    assert (modes.severity, modes.count) == ("note", 3)
    assert all(f"1 {mode}" in modes.message for mode in ("L", "RGBA", "I;16"))


def test_sizes_of_one_area_are_told_apart(tmp_path):
    root = class_folders(tmp_path)
    for path in root.glob("*/*/*.png"):
        save(picture(3, (40, 48)), path)
    save(picture(4, (48, 40)), root / "train" / "cat" / "0.png")
    assert "2 sizes from 48x40 to 40x48" in finding(root, "mixed-sizes").message


def test_bands_and_pages_that_are_not_read_are_notes(tmp_path, capsys):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    root = class_folders(tmp_path)
    (root / "train" / "cat" / "0.png").unlink()
    bands = np.random.default_rng(0).integers(0, 255, (4, 32, 32), np.uint8)
    write_deep(rasterio, root / "train" / "cat" / "0.tif", bands, photometric="RGB", interleave="pixel", alpha="NO")
    pages = [Image.fromarray(picture(each)) for each in (7, 8)]
    pages[0].save(root / "train" / "cat" / "1.tif", save_all=True, append_images=pages[1:])
    more_bands, more_pages = finding(root, "unread-bands"), finding(root, "unread-pages")
    assert (more_bands.severity, more_bands.files) == ("note", ("train/cat/0.tif",))
    assert "1 image of 4 bands, of which 1 to 3 are read" in more_bands.message
    assert (more_pages.severity, more_pages.files) == ("note", ("train/cat/1.tif",))
    assert "note: of TIFFs" not in capsys.readouterr().err


def test_all_sizes_are_counted(tmp_path, pixelproof):
    root = class_folders(tmp_path)
    for i, path in enumerate(sorted(root.glob("*/*/*.png"))[:25]):
        save(picture(i, (32, 40 + i)), path)
    summary = examine(root).summary
    assert (summary["size_count"], len(summary["sizes"])) == (26, 20)
    assert "26 sizes" in pixelproof("doctor", root, "--out", tmp_path.with_suffix(".look"))[1]
    page = (tmp_path.with_suffix(".look") / "report.html").read_text("utf-8")
    assert f"{26 - SIZES} more pixels" in page


def test_small_and_blank_images(tmp_path):
    root = class_folders(tmp_path)
    save(picture(3, (12, 40)), root / "train" / "cat" / "0.png")
    save(np.full((32, 32, 3), 7, np.uint8), root / "train" / "cat" / "2.png")
    assert finding(root, "small-images").files == ("train/cat/0.png",)
    blank = finding(root, "blank-image")
    assert (blank.severity, blank.files) == ("warning", ("train/cat/2.png",))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(("top", "bands"), [(4095, 1), (4000, 3), (249, 1), (65535, 1)])
def test_images_of_16_bits_that_use_the_lower_ones(suffix, top, bands, tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    for i in range(12):
        values = (picture(i).astype(np.uint32) * top // 253).astype(np.uint16)
        path = tmp_path / "train" / "ab"[i % 2] / f"{i}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"photometric": "RGB", "interleave": "pixel"} if (bands, suffix) == (3, "tif") else {}
        write_deep(rasterio, path, values.transpose(2, 0, 1)[:bands], **options)
    found = finding(tmp_path, "dark-16-bit")
    assert finding(tmp_path, "blank-image") is None
    assert (found is None) == (top == 65535)
    if found:
        black, white = found.fix.split("stretch=")[1].split("]")[0].strip("[").split(",")
        assert (found.severity, found.count, black) == ("warning", 12, "0")
        assert top <= int(white) < top + 256
        assert f"--set bands={'[1]' if bands == 1 else '[1,2,3]'}" in found.fix


def test_folders_that_are_no_data_set(tmp_path):
    with pytest.raises(UserError, match="holds no images"):
        examine(tmp_path)
    save(picture(0), tmp_path / "cat" / "a.png")
    save(picture(1), tmp_path / "dog" / "b.png")
    save(picture(2), tmp_path / "x_sat.png")
    save(picture(3), tmp_path / "x_mask.png")
    with pytest.raises(UserError, match="can be read as"):
        examine(tmp_path)


def test_every_file_broken_still_gives_a_diagnosis(tmp_path):
    for build in (class_folders, mask_folders):
        root = build(tmp_path / build.__name__, 4, 2)
        files = list(root.rglob("*.png"))
        for path in files:
            break_empty(path)
        diagnosis = examine(root)
        assert [f.count for f in diagnosis.findings if f.check == "unreadable"] == [len(files)]
        assert diagnosis.summary["mean"] is None
        json.dumps(diagnosis.to_json(), allow_nan=False)


def test_mean_and_deviation_are_those_of_all_training_pixels(tmp_path):
    root = class_folders(tmp_path)
    save(picture(3, (20, 50)), root / "train" / "cat" / "0.png")

    pixels = np.concatenate([np.array(Image.open(p)).reshape(-1, 3) for p in (root / "train").rglob("*.png")]) / 255
    summary = examine(root).summary
    np.testing.assert_allclose(summary["mean"], pixels.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(summary["std"], pixels.std(axis=0), rtol=1e-12)


def test_names_that_are_not_utf8_and_other_oddities(tmp_path):
    root = class_folders(tmp_path)
    strange = Path(os.fsdecode(os.fsencode(root / "train" / "cat") + b"/\xff x.png"))
    try:
        strange.write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    (root / "train" / "cat" / "gone.png").symlink_to(root / "nowhere.png")
    found = finding(root, "unreadable")
    assert found.files == ("train/cat/\\udcff x.png",)
    name = finding(root, "file-name")
    assert (name.severity, name.files) == ("error", found.files)
    json.dumps(examine(root).to_json(), ensure_ascii=False).encode()
    assert finding(root, "unused-images").files == ("train/cat/gone.png",)


def test_a_root_given_relative_to_the_working_folder(tmp_path, monkeypatch):
    root = class_folders(tmp_path / "set")
    break_empty(root / "train" / "cat" / "0.png")
    monkeypatch.chdir(tmp_path)
    for path in (Path("set"), Path(), Path("../") / tmp_path.name / "set"):
        monkeypatch.chdir(root if path == Path() else tmp_path)
        assert finding(path, "unreadable").files == ("train/cat/0.png",)


def test_the_order_of_reading_and_the_warning_filters_are_kept(tmp_path):
    root = mask_folders(tmp_path, 40, 30)
    before = list(warnings.filters)
    first, second = examine(root), examine(root)
    assert first == second
    assert list(warnings.filters) == before
