from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from data_builders import COLORS, colored, index_mask, save, save_turned
from PIL import Image

from pixelproof.data import read_mask
from pixelproof.data.doctor.looks import look_at_mask
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, VOID, LabelScheme

MASK = index_mask(5, (8, 12))
CLASSES = [{"name": name, "id": 10 * i, "color": color} for i, (name, color) in enumerate(COLORS.items())]


def scheme(**options):
    return LabelScheme.model_validate({"task": "segmentation", "classes": CLASSES, **options})


def palette_file(path, indices, colors):
    image = Image.fromarray(indices.astype(np.uint8))
    image = image.convert("P") if image.mode != "P" else image
    image.putpalette([channel for color in colors for channel in color])
    image.save(path)
    return path


def palette_of(pairs):
    """256 colours, those in ``pairs`` at their index, the others unlike any class."""
    return [pairs.get(i, (i, 7, 77)) for i in range(256)]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_color_masks(suffix, tmp_path):
    np.testing.assert_array_equal(read_mask(save(colored(MASK), tmp_path / f"m.{suffix}"), scheme()), MASK)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_index_masks_of_any_depth(dtype, tmp_path):
    path = save((10 * MASK).astype(dtype), tmp_path / "m.tif")
    np.testing.assert_array_equal(read_mask(path, scheme()), MASK)


def test_palette_masks_by_color_by_id_and_by_both(tmp_path):
    # Colours say the class, ids say nothing.
    by_color = palette_file(tmp_path / "c.png", MASK + 1, palette_of(dict(enumerate(COLORS.values(), 1))))
    np.testing.assert_array_equal(read_mask(by_color, scheme()), MASK)
    # Ids say the class, colours are for show.
    by_id = palette_file(tmp_path / "i.png", 10 * MASK, palette_of({}))
    np.testing.assert_array_equal(read_mask(by_id, scheme()), MASK)
    both = palette_file(tmp_path / "b.png", 10 * MASK, palette_of({10 * i: c for i, c in enumerate(COLORS.values())}))
    np.testing.assert_array_equal(read_mask(both, scheme()), MASK)


def test_a_palette_mask_that_means_two_things_is_refused_until_labels_say_which(tmp_path):
    colors = list(COLORS.values())
    path = palette_file(tmp_path / "m.png", 10 * MASK, palette_of({0: colors[2], 10: colors[1], 20: colors[0]}))
    with pytest.raises(UserError, match="one thing by its colours and another by its ids; add 'masks: color'"):
        read_mask(path, scheme())
    np.testing.assert_array_equal(read_mask(path, scheme(masks="index")), MASK)
    np.testing.assert_array_equal(read_mask(path, scheme(masks="color")), 2 - MASK)


def test_jpeg_masks_within_tolerance(tmp_path):
    mask = np.kron(MASK, np.ones((8, 8), np.uint8))
    path = save(colored(mask), tmp_path / "m.jpg", quality=100, subsampling=0)
    blur = np.abs(np.array(Image.open(path)).astype(int) - colored(mask)).max()
    assert 0 < blur < 70
    np.testing.assert_array_equal(read_mask(path, scheme(tolerance=int(blur))), mask)
    with pytest.raises(UserError, match=r"m\.jpg: colour"):
        read_mask(path, scheme(tolerance=int(blur) - 1))


def test_unknown_colors_and_ids_name_file_value_and_pixels(tmp_path):
    rgb = colored(MASK)
    rgb[2, 3:6] = (1, 2, 3)
    path = save(rgb, tmp_path / "bad.png")
    with pytest.raises(UserError, match=r"bad\.png: colour \(1, 2, 3\) in 3 pixels is not in the label scheme"):
        read_mask(path, scheme())
    ids = 10 * MASK
    ids[0, 0] = 99
    with pytest.raises(UserError, match=r"ids\.png: class id 99 in 1 pixel is not in"):
        read_mask(save(ids, tmp_path / "ids.png"), scheme())
    ids = (10 * MASK).astype(np.int32)
    ids[0, 0] = -9999
    with pytest.raises(UserError, match=r"class id -9999 .*; write 255 in place of -9999, and 'void_ids: .255.' into"):
        read_mask(save(ids, tmp_path / "ids.tif"), scheme())


def test_transparent_masks_are_refused_and_opaque_ones_read(tmp_path):
    alpha = np.full(MASK.shape, 255, np.uint8)
    np.testing.assert_array_equal(
        read_mask(save(np.dstack([colored(MASK), alpha]), tmp_path / "o.png"), scheme()), MASK
    )
    alpha[0, 0] = 254
    with pytest.raises(UserError, match="transparent pixels"):
        read_mask(save(np.dstack([colored(MASK), alpha]), tmp_path / "t.png"), scheme())
    np.testing.assert_array_equal(
        read_mask(save(np.dstack([10 * MASK, np.full_like(MASK, 255)]), tmp_path / "la.png"), scheme()), MASK
    )


def test_colors_without_a_scheme_for_them(tmp_path):
    plain = LabelScheme.model_validate({"task": "segmentation", "classes": [{"name": "a", "id": 0}]})
    with pytest.raises(UserError, match=r"holds colours, but labels\.yaml names none"):
        read_mask(save(colored(MASK), tmp_path / "m.png"), plain)


def test_void_and_one_bit_masks(tmp_path):
    voc = PRESETS["voc"]
    path = save(np.array([[0, 255], [20, 1]], np.uint8), tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(path, voc), [[0, VOID], [20, 1]])
    bits = save(np.array([[True, False]]), tmp_path / "b.png")
    np.testing.assert_array_equal(read_mask(bits, voc), [[1, 0]])


def test_turned_masks_turn_with_their_images(tmp_path):
    path = save_turned(np.rot90(colored(MASK)).copy(), tmp_path / "m.png", 6)
    np.testing.assert_array_equal(read_mask(path, scheme()), MASK)


def test_floating_point_masks_say_so(tmp_path):
    with pytest.raises(UserError, match="floating-point"):
        read_mask(save(MASK.astype(np.float32), tmp_path / "m.tif"), scheme())


@pytest.mark.parametrize("mode", ["L", "P"])
def test_a_look_at_a_large_mask_takes_a_few_bytes_a_pixel(mode, tmp_path):
    indices = index_mask(0, (1024, 1024))
    path = (
        palette_file(tmp_path / "m.png", indices, palette_of({})) if mode == "P" else save(indices, tmp_path / "m.png")
    )
    tracemalloc.start()
    look_at_mask(path, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * indices.size


def test_equal_ids_are_one_mask_whatever_their_depth(tmp_path):
    paths = [save(MASK.astype(kind), tmp_path / f"{np.dtype(kind)}.tif") for kind in (np.uint8, np.uint16, np.int32)]
    assert len({look_at_mask(path, None).digest for path in paths}) == 1
