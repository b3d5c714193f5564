from __future__ import annotations

import struct
import warnings
import zlib

import numpy as np
import pytest
from data_builders import picture, save, save_turned
from PIL import Image

from pixelproof import progress
from pixelproof.data import image_size, read_image, write_png
from pixelproof.data.doctor.looks import look_at_mask
from pixelproof.data.masks import read_mask_values
from pixelproof.data.reader import ImageReader
from pixelproof.errors import UserError

RGB = picture(1, (6, 4))


def png_claiming(path, width, height):
    """A PNG whose header claims a size that its pixels do not have."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b""))
    return path


def test_rgb_is_read_as_it_is(tmp_path):
    read = read_image(save(RGB, tmp_path / "a.png"))
    np.testing.assert_array_equal(read, RGB)
    assert read.dtype == np.uint8


def test_grey_is_repeated_and_transparency_dropped(tmp_path):
    grey = RGB[..., 0]
    np.testing.assert_array_equal(read_image(save(grey, tmp_path / "l.png")), np.stack([grey] * 3, -1))
    alpha = np.full(grey.shape, 7, np.uint8)
    np.testing.assert_array_equal(read_image(save(np.dstack([RGB, alpha]), tmp_path / "rgba.png")), RGB)
    np.testing.assert_array_equal(
        read_image(save(np.dstack([grey, alpha]), tmp_path / "la.png")), np.stack([grey] * 3, -1)
    )


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_give_what_eight_bits_give(suffix, tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    read = read_image(save(grey.astype(np.uint16) * 257, tmp_path / f"deep.{suffix}"))
    np.testing.assert_array_equal(read, np.stack([grey] * 3, -1))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_the_upper_half_of_sixteen_bits_is_kept_of_grey_and_colours(suffix, tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    deep = np.random.default_rng(0).integers(0, 65536, (3, 16, 20), dtype=np.uint16)
    for bands in (deep, deep[:1]):
        path = tmp_path / f"{len(bands)}.{suffix}"
        colors = {"photometric": "RGB", "interleave": "pixel"} if (suffix, len(bands)) == ("tif", 3) else {}
        write_deep(rasterio, path, bands, **colors)
        expected = np.broadcast_to((bands >> 8).transpose(1, 2, 0), (16, 20, 3))
        np.testing.assert_array_equal(read_image(path), expected)


def test_tiffs_that_would_be_read_wrongly_are_refused(tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    deep = np.random.default_rng(0).integers(0, 65536, (3, 16, 20), dtype=np.uint16)
    write_deep(rasterio, tmp_path / "apart.tif", deep, photometric="RGB", interleave="band")
    for read in (read_image, read_mask_values, image_size):
        with pytest.raises(UserError, match=r"apart\.tif keeps bands of more than 8 bits one after the other"):
            read(tmp_path / "apart.tif")
    shallow = (deep >> 8).astype(np.uint8)
    write_deep(rasterio, tmp_path / "two.tif", shallow[:2])
    with pytest.raises(UserError, match="two bands that are not grey and transparency"):
        read_image(tmp_path / "two.tif")
    save(np.dstack([shallow[0], shallow[1]]), tmp_path / "alpha.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.tif")[..., 1], shallow[0])
    write_deep(rasterio, tmp_path / "apart8.tif", shallow, photometric="RGB", interleave="band")
    np.testing.assert_array_equal(read_image(tmp_path / "apart8.tif"), shallow.transpose(1, 2, 0))
    write_deep(rasterio, tmp_path / "five.tif", np.concatenate([deep, deep[:2]]))
    with pytest.raises(UserError, match=r"five\.tif holds 5 bands of uint16, which are not read as colours; name"):
        read_image(tmp_path / "five.tif")


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint32])
def test_tiffs_of_numbers_without_a_known_range_are_refused_as_images_and_read_as_masks(dtype, tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    values = np.arange(6, dtype=dtype).reshape(1, 2, 3)
    write_deep(rasterio, tmp_path / "a.tif", values)
    with pytest.raises(UserError, match=r"numbers of (8|16|32) bits, whose range is not known; name the bands"):
        read_image(tmp_path / "a.tif")
    ids, _ = read_mask_values(tmp_path / "a.tif")
    np.testing.assert_array_equal(ids, values[0])
    write_deep(rasterio, tmp_path / "b.tif", np.array([[[-1, 2]]]).astype(dtype))
    np.testing.assert_array_equal(read_mask_values(tmp_path / "b.tif")[0], np.array([[-1, 2]]).astype(dtype))


@pytest.mark.parametrize(
    ("suffix", "bands", "options", "complaint"),
    [
        ("png", 3, {}, "holds several bands of 16 bits, of which only the upper 8 are read; save it as one band"),
        ("png", 2, {}, "holds several bands of 16 bits"),
        ("tif", 3, {"photometric": "RGB", "interleave": "pixel"}, "holds several bands of 16 bits"),
        ("tif", 1, {"photometric": "MINISWHITE", "dtype": "uint8"}, "counts from white to black"),
        (
            "tif",
            2,
            {"dtype": "uint8"},
            "two bands that are not grey and transparency; save it as one band",
        ),
        ("tif", 5, {}, "5 bands of uint16, which are not read as a mask; save it as one band of 8 or 16 bits"),
        ("tif", 1, {"dtype": "int64"}, "1 band of int64, which are not read as a mask; save it as one band of 8"),
    ],
)
def test_masks_of_other_numbers_than_are_stored_are_refused(suffix, bands, options, complaint, tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    values = np.full((bands, 4, 4), 5, options.pop("dtype", "uint16"))
    write_deep(rasterio, tmp_path / f"a.{suffix}", values, **options)
    for read in (read_mask_values, lambda path: look_at_mask(path, None)):
        with pytest.raises(UserError, match=complaint):
            read(tmp_path / f"a.{suffix}")


def test_a_lack_of_memory_is_not_called_damage_alone(tmp_path, monkeypatch):
    def full(*args, **options):
        raise MemoryError

    path = save(picture(0), tmp_path / "a.jpg")
    monkeypatch.setattr(Image, "open", full)
    with pytest.raises(UserError, match=r"a\.jpg does not fit into memory, or is damaged; cut it up"):
        read_image(path)


@pytest.mark.parametrize("alpha", ["NO", "YES"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_bands_of_a_tiff_that_are_not_read_are_named_once(alpha, dtype, tmp_path, capsys, monkeypatch):
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    monkeypatch.setattr(progress, "_said", set())
    bands = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (4, 16, 20), dtype=dtype)
    for name, some in (("rgb", bands[:3]), ("a", bands), ("b", bands)):
        colors = {"photometric": "RGB", "interleave": "pixel"} | ({"alpha": alpha} if len(some) == 4 else {})
        write_deep(rasterio, tmp_path / f"{name}.tif", some, **colors)
        np.testing.assert_array_equal(read_image(tmp_path / f"{name}.tif"), read_image(tmp_path / "rgb.tif"))
        said = "note: of TIFFs with 4 bands, 1 to 3 are read as red, green and blue, unless 'bands' names others\n"
        assert capsys.readouterr().err == (said if name == "a" else "")


def test_of_several_pages_the_first_is_read_which_is_said(tmp_path, capsys, monkeypatch):
    pages = [Image.fromarray(np.full((8, 9, 3), value, np.uint8)) for value in (10, 20, 30)]
    for kind, said in ((0, True), (1, False), (4, False)):  # a page, a smaller copy, a mask
        monkeypatch.setattr("pixelproof.progress._said", set())
        path = tmp_path / f"{kind}.tif"
        for page in pages[1:]:
            page.encoderinfo = {"tiffinfo": {254: kind}}
        pages[0].save(path, save_all=True, append_images=pages[1:])
        for _ in range(2):
            assert (read_image(path) == 10).all()
        assert capsys.readouterr().err.count("of TIFFs with several pages only the first is read") == said


def test_of_several_pages_bands_are_those_of_the_first_which_is_said(tmp_path, capsys, monkeypatch):
    pytest.importorskip("rasterio", reason="the extra geo is not installed")
    monkeypatch.setattr("pixelproof.progress._said", set())
    pages = [Image.fromarray(np.full((8, 9, 3), value, np.uint8)) for value in (10, 20)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert (ImageReader((1, 3))(tmp_path / "a.tif") == 10).all()
    assert capsys.readouterr().err.count("only the first is read") == 1


def write_deep(rasterio, path, bands, **options):
    driver = {".tif": "GTiff", ".png": "PNG"}[path.suffix]
    count, height, width = bands.shape
    profile = {"driver": driver, "count": count, "height": height, "width": width, "dtype": bands.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile, **options) as data:
            data.write(bands)


def test_one_bit_palette_and_cmyk(tmp_path):
    bits = RGB[..., 0] > 128
    np.testing.assert_array_equal(read_image(save(bits, tmp_path / "bit.png"))[..., 1], bits * 255)
    palette = Image.fromarray(RGB).quantize(8)
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_image(tmp_path / "p.png"), np.array(palette.convert("RGB")))
    cmyk = Image.fromarray(RGB).convert("CMYK")
    cmyk.save(tmp_path / "c.jpg", quality=100, subsampling=0)
    assert np.abs(read_image(tmp_path / "c.jpg").astype(int) - RGB).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_heeded(orientation, tmp_path):
    upright = picture(2, (6, 4))
    # How a camera held in each of the eight ways stores the scene: the inverse of the turn that the reader makes.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    path = save_turned(np.ascontiguousarray(stored), tmp_path / "a.png", orientation)
    np.testing.assert_array_equal(read_image(path), upright)
    assert image_size(path) == (6, 4)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_an_image_is_turned_though_other_parts_of_its_exif_are_damaged(suffix, tmp_path):
    """A resolution that is no number, which cannot be written again."""
    orientation, resolution = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0), struct.pack(">HHI4s", 0x011A, 7, 1, b"2")
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + orientation + resolution + bytes(4)
    Image.fromarray(picture(2, (6, 4))).save(tmp_path / f"a.{suffix}", exif=exif)
    assert read_image(tmp_path / f"a.{suffix}").shape == (4, 6, 3)
    assert image_size(tmp_path / f"a.{suffix}") == (4, 6)


@pytest.mark.parametrize("read", [read_image, image_size])
@pytest.mark.parametrize("content", [b"", b"not an image at all", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 40])
def test_files_that_are_no_images(read, content, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match="empty file" if not content else "image|damaged|truncated") as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "webp"])
def test_truncated_files(suffix, tmp_path, capfd):
    path = save(picture(3, (64, 64)), tmp_path / f"a.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"truncated|damaged|not a PNG") as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_damaged_files_never_raise_anything_else(tmp_path, capfd):
    rng = np.random.default_rng(0)
    originals = {
        s: save_turned(picture(4, (12, 10)), tmp_path / f"a.{s}", 6).read_bytes() for s in ("png", "jpg", "tif", "webp")
    }
    refused = 0
    for i in range(400):
        suffix = list(originals)[i % 4]
        content = bytearray(originals[suffix])
        for place in (rng.random(3) ** 2 * len(content)).astype(int):
            content[place] = rng.integers(256)
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                read_image(path)
            except UserError:
                refused += 1
    assert refused > 100


def test_decompression_bomb(tmp_path):
    with pytest.raises(UserError, match=r"claims more than 178,956,970 pixels; cut it up"):
        read_image(png_claiming(tmp_path / "bomb.png", 40000, 40000))


def test_large_but_lawful_images_raise_no_warning(tmp_path, monkeypatch):
    path = save(RGB, tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # of 24: Pillow warns here and refuses from 41 on
    np.testing.assert_array_equal(read_image(path), RGB)


def test_floating_point_pixels(tmp_path):
    with pytest.raises(UserError, match="floating-point"):
        read_image(save(np.ones((3, 3), np.float32), tmp_path / "f.tif"))


def test_missing_file_folder_and_no_permission(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="does not exist"):
        read_image(tmp_path / "none.png")
    with pytest.raises(UserError, match="file or folder of another kind"):
        read_image(tmp_path)
    path = save(RGB, tmp_path / "a.png")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied", str(path))

    # Root may read anything, so chmod shows nothing.
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(UserError, match="no permission for"):
        read_image(path)


@pytest.mark.parametrize("array", [RGB, RGB[..., 0], RGB[..., 0].astype(np.uint16) * 200])
def test_written_png_is_read_back(array, tmp_path):
    path = tmp_path / "new" / "a.png"
    write_png(path, array)
    np.testing.assert_array_equal(np.array(Image.open(path)), array)
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


def test_other_formats_are_not_decoded_whatever_they_are_called(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(RGB).save(path, format="PPM")
    with pytest.raises(UserError, match="not a PNG, JPEG"):
        read_image(path)
