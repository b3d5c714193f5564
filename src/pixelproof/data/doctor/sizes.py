"""Checks of what images look like from outside: size, orientation, mode, emptiness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pixelproof.data.doctor.finding import Finding, kinds_in_words
from pixelproof.data.doctor.looks import ImageLook, MaskLook
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.reader import RGB
from pixelproof.data.tiffs import BY_COLORS, DEEP
from pixelproof.numbers import counted, dimensions

_SMALL = 16  # pixels a side, half of what five poolings leave one pixel of
_NAMED = 8  # bands


def mask_sizes(survey: Survey) -> Iterator[Finding]:
    """Masks whose size is not their image's."""
    pairs = [(image, mask) for image, mask in _pairs(survey) if survey.images[image].size != survey.masks[mask].size]
    if pairs:
        image, mask = pairs[0]
        sizes = f"{dimensions(survey.masks[mask].size)}, its image {dimensions(survey.images[image].size)}"
        message = f"{counted(len(pairs), 'mask')} not as large as the image ({survey.name(mask)} is {sizes})"
        turned = any(survey.images[a].orientation != survey.masks[b].orientation for a, b in pairs)
        why = ", where the EXIF orientation turns one of the two alone" * turned
        yield survey.finding(
            "mask-size",
            "error",
            [mask for _, mask in pairs],
            f"{message}{why}: labels would lie beside their pixels",
            "export them again",
        )


def turned_masks(survey: Survey) -> Iterator[Finding]:
    """Masks that EXIF turns otherwise than their image, where no size tells whether they fit."""
    pairs = [(image, mask) for image, mask in _pairs(survey) if _doubtful(survey.images[image], survey.masks[mask])]
    if pairs:
        message = (
            f"{counted(len(pairs), 'pair')} in which the EXIF orientation turns the image alone or the mask alone "
            f"({survey.name(pairs[0][0])}): both are read upright, and labels lie beside their pixels where the mask "
            "was drawn otherwise"
        )
        fix = "look whether they fit upright; save both without EXIF orientation"
        yield survey.finding("mask-turned", "warning", [path for pair in pairs for path in pair], message, fix)


def _pairs(survey: Survey) -> Iterator[tuple[Path, Path]]:
    """Yield the image and the mask of each sample of which both can be read."""
    for sample in survey.samples:
        if sample.mask is not None and sample.image in survey.images and sample.mask in survey.masks:
            yield sample.image, sample.mask


def _doubtful(image: ImageLook, mask: MaskLook) -> bool:
    """Return whether a mask may lie otherwise than its image though both are of one size."""
    if image.orientation == mask.orientation or image.size != mask.size:
        return False
    # A turn by a quarter changes the size of what is not square, so sizes that agree tell that it was meant.
    quarters = {look.orientation > 4 for look in (image, mask)}
    return len(quarters) == 1 or image.size[0] == image.size[1]


def mixed_sizes(survey: Survey) -> Iterator[Finding]:
    """Images of several sizes."""
    sizes = Counter(look.size for look in survey.images.values())
    if len(sizes) < 2:
        return
    (usual, count), *_ = sizes.most_common(1)
    low, *_, high = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    change = "resized" if survey.found.task == "classification" else "cropped or padded"
    message = (
        f"images have {len(sizes)} sizes from {dimensions(low)} to {dimensions(high)}, most often {dimensions(usual)} "
        f"({count}): for training they are {change} to one"
    )
    paths = [path for path, look in survey.images.items() if look.size != usual]
    yield survey.finding("mixed-sizes", "note", paths, message, "nothing, if objects look equally large in all of them")


def modes(survey: Survey) -> Iterator[Finding]:
    """Images that are not plain 8-bit RGB."""
    kinds = Counter(look.mode for look in survey.images.values())
    if set(kinds) <= {"RGB"} or survey.reader != RGB:
        return
    how = "all are read as 8-bit RGB, grey repeated, 16 bits scaled down, transparency dropped"
    message = f"image modes are {kinds_in_words(kinds)}: {how}"
    usual = "RGB" if "RGB" in kinds else kinds.most_common(1)[0][0]
    paths = [path for path, look in survey.images.items() if look.mode != usual or len(kinds) == 1]
    fix = "nothing, if no class can be told by the mode alone" if len(kinds) > 1 else "nothing"
    yield survey.finding("image-modes", "note", paths, message, fix)


def unread_bands(survey: Survey) -> Iterator[Finding]:
    """Images whose files have more bands than the colours that are read."""
    if bands := {path: look.bands for path, look in survey.images.items() if look.bands}:
        most = max(bands.values())
        counts = " or ".join(map(str, sorted(set(bands.values()))))
        message = f"{counted(len(bands), 'image')} of {counts} bands, of which {BY_COLORS}, and no other is read"
        alike = len(bands) == len(survey.images) and set(bands.values()) == {most}
        some = f"[{','.join(map(str, range(1, most + 1)))}]" if alike and most <= _NAMED else "[1,2,4]"
        fix = f"to learn from others, train with --set bands={some}, which needs the extra geo; else nothing"
        yield survey.finding("unread-bands", "note", list(bands), message, fix)


def unread_pages(survey: Survey) -> Iterator[Finding]:
    """Images whose files have several pages."""
    if paths := [path for path, look in survey.images.items() if look.pages]:
        message = f"{counted(len(paths), 'image')} of several pages, of which the first alone is read"
        fix = "nothing, if the others do not matter; else save each page as an image of its own"
        yield survey.finding("unread-pages", "note", paths, message, fix)


def dark_images(survey: Survey) -> Iterator[Finding]:
    """Images of 16 bits that use the lower ones alone, so that they are read as almost black."""
    paths = _dark(survey)
    if not paths:
        return
    levels = 1 + max(survey.images[path].brightest for path in paths)
    most, left = 256 * levels - 1, "black alone is" if levels == 1 else f"{levels} of 256 levels are"
    what = f"{counted(len(paths), 'image')} of 16 bits without a value above {most}"
    message = f"{what}: the upper 8 bits are read, in which {left} left"
    bands = {"[1]" if survey.images[path].mode in (*DEEP, "L", "LA") else "[1,2,3]" for path in paths}
    fix = "scale their values to all of 16 bits, or save them with 8"
    if len(paths) == len(survey.images) and len(bands) == 1:
        fix = f"train with --set bands={bands.pop()} --set stretch=[0,{most}], which needs the extra geo"
    yield survey.finding("dark-16-bit", "warning", paths, message, fix)


def _dark(survey: Survey) -> list[Path]:
    """Return the images of 16 bits, if all of them are dark; one alone may be what it looks like."""
    deep = {path: look for path, look in survey.images.items() if look.deep}
    return list(deep) if all(look.dark for look in deep.values()) else []


def small_images(survey: Survey) -> Iterator[Finding]:
    """Images with hardly a pixel left after five poolings."""
    paths = [path for path, look in survey.images.items() if min(look.size) < _SMALL]
    if paths:
        message = (
            f"{counted(len(paths), 'image')} less than {_SMALL} pixels high or wide: deep networks see mostly padding"
        )
        yield survey.finding("small-images", "note", paths, message, "use a small network, or enlarge the images")


def blank_images(survey: Survey) -> Iterator[Finding]:
    """Images of a single colour."""
    if paths := blank(survey):
        message = (
            f"{counted(len(paths), 'image')} of one colour throughout: nodata, or a failed export, taught as a class"
        )
        yield survey.finding("blank-image", "warning", paths, message, "leave them out, or mark their masks as void")


def blank(survey: Survey) -> list[Path]:
    """Return the images of a single colour, but for those of which too few bits are read to tell."""
    dark = set(_dark(survey))
    return [path for path, look in survey.images.items() if look.constant and path not in dark]
