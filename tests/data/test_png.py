"""The quick PNG reader gives Pillow's pixels, or leaves the file to Pillow."""

import io
import zlib

import numpy as np
import pytest
from data_builders import save, save_turned
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from pixelproof.data.images import read_image
from pixelproof.data.masks import read_mask_values
from pixelproof.data.png import read_plain_png
from pixelproof.errors import UserError

RGB = np.random.default_rng(0).integers(0, 256, (9, 14, 3)).astype(np.uint8)


def encoded(array, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG", **options)
    return file.getvalue()


@given(
    height=st.integers(1, 40), width=st.integers(1, 40), zoom=st.integers(1, 6), level=st.integers(0, 9),
    optimize=st.booleans(), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_plain_files_are_read_as_pillow_reads_them(tmp_path_factory, height, width, zoom, level, optimize, seed):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // zoom), -(-width // zoom), 3)).astype(np.uint8)
    array = np.repeat(np.repeat(coarse, zoom, 0), zoom, 1)[:height, :width]
    path = tmp_path_factory.getbasetemp() / "random.png"
    path.write_bytes(encoded(array, compress_level=level, optimize=optimize))
    np.testing.assert_array_equal(read_plain_png(path), array)


@pytest.mark.real
def test_the_masks_of_the_reference_study_are_plain(real_data):
    for path in sorted((real_data / "p2_data" / "validation").glob("*_mask.png"))[:20]:
        np.testing.assert_array_equal(read_plain_png(path), np.asarray(Image.open(path)))


def text_with_orientation():
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    return info


@pytest.mark.parametrize(
    ("array", "options"),
    [
        (RGB[..., 0], {}),
        (RGB[..., 0].astype(np.uint16) * 200, {}),
        (np.dstack([RGB, RGB[..., :1]]), {}),
        (RGB, {"transparency": (1, 2, 3)}),
        (RGB, {"pnginfo": text_with_orientation()}),
    ],
    ids=["grey", "16 bits", "alpha", "transparent colour", "text"],
)
def test_other_files_are_left_to_the_general_reader(tmp_path, array, options):
    assert read_plain_png(save(array, tmp_path / "a.png", **options)) is None


def test_an_image_to_be_turned_is_turned(tmp_path):
    path = save_turned(RGB, tmp_path / "a.png", 6)
    assert read_plain_png(path) is None
    np.testing.assert_array_equal(read_image(path), np.rot90(RGB, -1))


def test_damaged_files_are_left_to_the_general_reader_which_names_them(tmp_path):
    whole = encoded(RGB)
    flipped = bytearray(whole)
    flipped[60] ^= 4
    for number, content in enumerate([whole[:-12], whole[:100], whole[:20], b"", bytes(flipped)]):
        path = tmp_path / f"{number}.png"
        path.write_bytes(content)
        assert read_plain_png(path) is None
    for number in (1, 2, 3):
        with pytest.raises(UserError, match=f"{number}.png is"):
            read_mask_values(tmp_path / f"{number}.png")


def test_a_header_that_claims_a_huge_image_is_not_believed(tmp_path):
    content = bytearray(encoded(RGB))
    content[16:24] = (200_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path = tmp_path / "huge.png"
    path.write_bytes(content)
    assert read_plain_png(path) is None
    with pytest.raises(UserError, match="claims more than"):
        read_image(path)
