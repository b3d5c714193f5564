"""The cache holds what the files decode to, for exactly as long as it is right."""

import multiprocessing
import os
import pickle
import shutil
import time
import warnings
from collections import namedtuple

import numpy as np
import pytest
from data_builders import colored, index_mask, mask_folders, picture, save

from pixelproof.config import default_config
from pixelproof.data import cache, open_data
from pixelproof.data.cache import Cached, decoded
from pixelproof.data.decoded import Files
from pixelproof.data.loading import TrainingImages
from pixelproof.errors import UserError
from waiting import PATIENCE


@pytest.fixture
def fields(tmp_path):
    """Segmented images, one of another size."""
    root = mask_folders(tmp_path / "fields", train=5, validation=2)
    save(picture(7, (20, 44)), root / "train" / "images" / "02.png")
    save(colored(index_mask(7, (20, 44))), root / "train" / "masks" / "02.png")
    return open_data(root)


def open_cache(data, where, input_size=None):
    return decoded(data.split("train"), data.scheme, input_size, str(where))


def assert_same(a, b):
    assert len(a) == len(b)
    for i in range(len(a)):
        for x, y in zip(a[i], b[i], strict=True):
            np.testing.assert_array_equal(x, y)


def test_the_cache_holds_what_the_files_decode_to_and_is_used_again(fields, tmp_path, capsys, monkeypatch):
    files = Files(fields.split("train"), fields.scheme, None)
    first = open_cache(fields, tmp_path / "cache")
    assert isinstance(first, Cached)
    assert_same(first, files)
    said = capsys.readouterr().err
    assert f"kept in {first.folder} (" in said
    monkeypatch.setattr(cache, "_build", None)  # a second build would fail
    again = open_cache(fields, tmp_path / "cache")
    assert again.folder == first.folder
    assert_same(pickle.loads(pickle.dumps(again)), files)  # as a loader sends it to its workers
    assert capsys.readouterr().err == ""


def test_classified_images_are_kept_at_the_input_size(color_classes, tmp_path):
    data = open_data(color_classes)
    kept = open_cache(data, tmp_path / "cache", input_size=11)
    assert kept[0][0].shape == (3, 11, 11)
    assert_same(kept, Files(data.split("train"), data.scheme, 11))


def test_the_default_is_the_user_s_cache_folder(fields, cache_home, monkeypatch, tmp_path):
    assert open_cache(fields, "auto").folder.parent == cache_home
    assert isinstance(open_cache(fields, "none"), Files)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the standard says to ignore it
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.default_folder() == tmp_path / ".cache" / "pixelproof"


def test_changed_data_or_labels_make_another_cache(fields, tmp_path):
    first = open_cache(fields, tmp_path / "cache")
    image = fields.split("train")[1].image
    before = image.stat()
    save(picture(99), image)
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    second = open_cache(fields, tmp_path / "cache")
    assert second.folder != first.folder
    assert_same(second, Files(fields.split("train"), fields.scheme, None))
    void = fields.scheme.model_copy(update={"void_ids": (77,)})
    assert decoded(fields.split("train"), void, None, str(tmp_path / "cache")).folder != second.folder


def test_a_damaged_cache_is_made_anew(fields, tmp_path):
    folder = open_cache(fields, tmp_path / "cache").folder
    for damage in (lambda: (folder / "masks.bin").write_bytes(b"short"), lambda: (folder / "index.npz").unlink()):
        damage()
        with pytest.raises(UserError):
            Cached(folder)
        assert_same(open_cache(fields, tmp_path / "cache"), Files(fields.split("train"), fields.scheme, None))


def test_a_full_disk_is_one_note_and_no_cache(fields, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "total used free")(10**9, 10**9, 30_000))
    assert isinstance(open_cache(fields, tmp_path / "cache"), Files)
    assert "note: decoded images are not kept: they take 19.9 kB, and" in capsys.readouterr().err
    monkeypatch.undo()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    for library, writing in ((os, "fsync"), (np.lib.format, "write_array")):  # as pixels or the index are written
        with monkeypatch.context() as patched:
            patched.setattr(library, writing, full)
            assert isinstance(open_cache(fields, tmp_path / "cache"), Files)
        assert "not kept: the disk is full" in capsys.readouterr().err
        assert list((tmp_path / "cache").iterdir()) == []


def test_an_image_that_cannot_be_read_is_named_and_leaves_nothing_behind(fields, tmp_path):
    fields.split("train")[3].image.write_bytes(fields.split("train")[3].image.read_bytes()[:80])
    with pytest.raises(UserError, match=r"03\.png is"):
        open_cache(fields, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is in the way"):
        open_cache(fields, tmp_path / "file")


def build(data, where, begun):
    begun.set()
    open_cache(data, where)


def test_two_runs_may_build_at_once(fields, tmp_path):
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    other = context.Process(target=build, args=(fields, tmp_path / "cache", begun))
    other.start()
    assert begun.wait(PATIENCE)
    open_cache(fields, tmp_path / "cache")
    other.join()
    assert other.exitcode == 0
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert_same(open_cache(fields, tmp_path / "cache"), Files(fields.split("train"), fields.scheme, None))


def test_what_another_run_has_built_meanwhile_stays(fields, tmp_path, monkeypatch):
    sizes = cache._bytes

    def slow(files):
        monkeypatch.setattr(cache, "_bytes", sizes)
        open_cache(fields, tmp_path / "cache")  # by the other one, while this one looks at sizes
        (built,) = (tmp_path / "cache").iterdir()
        kept.append(built.stat().st_ino)
        return sizes(files)

    kept: list[int] = []
    monkeypatch.setattr(cache, "_bytes", slow)
    open_cache(fields, tmp_path / "cache")
    assert [folder.stat().st_ino for folder in (tmp_path / "cache").iterdir()] == kept


def test_other_users_may_read_a_cache(fields, tmp_path):
    open_cache(fields, tmp_path / "cache")
    (built,) = (tmp_path / "cache").iterdir()
    assert built.stat().st_mode & 0o777 == 0o755


def test_a_cache_that_may_not_be_read_is_one_note(fields, tmp_path, monkeypatch, capsys):
    def refuse(folder):
        raise UserError(f"no permission for {folder}", "change its permissions")

    monkeypatch.setattr(cache, "Cached", refuse)
    assert isinstance(open_cache(fields, tmp_path / "cache"), Files)
    assert "no permission for" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["~nobody_is_called_so/cache", "a\0b"])
def test_a_folder_that_cannot_be_is_one_sentence(fields, where):
    with pytest.raises(UserError, match="give a"):
        open_cache(fields, where)


def test_building_leaves_warnings_as_they_were(fields, tmp_path):
    before = list(warnings.filters)
    open_cache(fields, tmp_path / "cache")
    assert warnings.filters == before


def test_what_a_killed_build_left_is_removed_once_it_is_old(fields, tmp_path):
    folder = open_cache(fields, tmp_path / "cache").folder
    shutil.rmtree(folder)
    old, young = (folder.with_name(f".{folder.name}.{name}.part") for name in ("old", "young"))
    for part in (old, young):
        part.mkdir()
        (part / "images.bin").write_bytes(b"half")
    for path in (old, old / "images.bin"):
        os.utime(path, (time.time() - 7200,) * 2)
    open_cache(fields, tmp_path / "cache")
    assert not old.exists()
    assert young.exists()


def test_images_of_differing_size_need_a_crop_to_form_a_batch(fields):
    config = default_config("segmentation", "fcn8s")
    images, masks = TrainingImages(fields.split("train"), fields.scheme, config).batch(0, range(5))
    assert images.shape == (5, 3, 256, 256)
    assert masks.shape == (5, 256, 256)
    uncropped = config.model_copy(update={"augment": config.augment.model_copy(update={"crop": None})})
    with pytest.raises(UserError, match="differing size cannot form a batch"):
        TrainingImages(fields.split("train"), fields.scheme, uncropped).batch(0, range(5))
