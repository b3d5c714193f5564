"""Checks of what images look like from outside: size, orientation, mode, emptiness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.reader import RGB
from pixelproof.numbers import counted

_SMALL = 16  # pixels a side, half of what five poolings leave one pixel of


def mask_sizes(survey: Survey) -> Iterator[Finding]:
    """Masks whose size or EXIF turn is not their image's."""
    differ, turned = [], []
    for sample in survey.samples:
        image, mask = survey.images.get(sample.image), survey.masks.get(sample.mask) if sample.mask else None
        if sample.mask is None or image is None or mask is None:
            continue
        if image.orientation != mask.orientation:
            turned.append((sample.image, sample.mask))
        elif image.size != mask.size:
            differ.append(sample.mask)
    if differ:
        first = differ[0]
        image_of = {sample.mask: sample.image for sample in survey.samples}
        sizes = f"{_words(survey.masks[first].size)}, its image {_words(survey.images[image_of[first]].size)}"
        message = f"{counted(len(differ), 'mask')} not as large as the image ({survey.name(first)} is {sizes})"
        yield survey.finding(
            "mask-size", "error", differ, f"{message}: labels would lie beside their pixels", "export them again"
        )
    if turned:
        message = (
            f"{counted(len(turned), 'pair')} in which the EXIF orientation turns the image alone or the mask alone "
            f"({survey.name(turned[0][0])}): labels would lie beside their pixels"
        )
        fix = "save the images upright without EXIF orientation, then check that the masks fit"
        yield survey.finding("mask-turned", "error", [p for pair in turned for p in pair], message, fix)


def mixed_sizes(survey: Survey) -> Iterator[Finding]:
    """Images of several sizes."""
    sizes = Counter(look.size for look in survey.images.values())
    if len(sizes) < 2:
        return
    (usual, count), *_ = sizes.most_common(1)
    low, high = min(sizes, key=lambda s: s[0] * s[1]), max(sizes, key=lambda s: s[0] * s[1])
    change = "resized" if survey.found.task == "classification" else "cropped or padded"
    message = (
        f"images have {len(sizes)} sizes from {_words(low)} to {_words(high)}, most often {_words(usual)} ({count}): "
        f"for training they are {change} to one"
    )
    paths = [path for path, look in survey.images.items() if look.size != usual]
    yield survey.finding("mixed-sizes", "note", paths, message, "nothing, if objects look equally large in all of them")


def modes(survey: Survey) -> Iterator[Finding]:
    """Images that are not plain 8-bit RGB."""
    kinds = Counter(look.mode for look in survey.images.values())
    if set(kinds) <= {"RGB"} or survey.reader != RGB:
        return
    words = ", ".join(f"{count} {mode}" for mode, count in kinds.most_common())
    message = (
        f"image modes are {words}: all are read as 8-bit RGB, grey repeated, 16 bits scaled down, transparency dropped"
    )
    usual = "RGB" if "RGB" in kinds else kinds.most_common(1)[0][0]
    paths = [path for path, look in survey.images.items() if look.mode != usual or len(kinds) == 1]
    fix = "nothing, if no class can be told by the mode alone" if len(kinds) > 1 else "nothing"
    yield survey.finding("image-modes", "note", paths, message, fix)


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
    paths = [path for path, look in survey.images.items() if look.constant]
    if paths:
        message = (
            f"{counted(len(paths), 'image')} of one colour throughout: nodata, or a failed export, taught as a class"
        )
        yield survey.finding("blank-image", "warning", paths, message, "remove them, or mark their masks as void")


def _words(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"
