"""Checks of what masks say under the label contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from pixelproof.array_types import Bool, Int64
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.looks import look_at_image
from pixelproof.data.doctor.tally import Reading, Tally, count_classes, tally
from pixelproof.data.folder import Sample
from pixelproof.data.patches import read_truth
from pixelproof.data.proposal import TWO_FOREGROUNDS, MaskValues, merge_values, two_foregrounds
from pixelproof.errors import UserError
from pixelproof.labels import VOID, Color, LabelScheme, decode_colors
from pixelproof.numbers import counted, first_of, share
from pixelproof.runs.diagnosis_file import Severity

_MUCH_IGNORED = 0.2
_MOST_IGNORED = 0.5
_NODATA = 0.2
_VALUES_SHOWN = 5
_COLORS_SHOWN = 3
_LEAST_OF_A_CLASS = 1e-3  # of all pixels; fewer with an unknown id are more likely strays than a class


def undecodable(reading: Reading) -> Iterator[Finding]:
    """Masks that the scheme cannot read at all, such as colour masks where it names no colours."""
    paths = [path for path, mask in reading.masks.items() if mask.problem]
    if paths:
        error = reading.masks[paths[0]].problem
        assert error is not None
        what = reading.survey.relative(error.problem)
        yield reading.survey.finding("mask-reading", "error", paths, f"{what}: training would stop there", error.remedy)


def unknown_values(reading: Reading) -> Iterator[Finding]:
    """Colours or ids that the scheme does not name, explained where the cause is a common one."""
    if known_cause := _zero_or_255(reading) or _one_or_255(reading) or _off_by_one(reading):
        yield known_cause
        return
    unknown = {path: mask.unknown for path, mask in reading.masks.items() if mask.unknown}
    if not unknown:
        return
    kinds = [[v for v in unknown.values() if (v.ids is None) == colored] for colored in (True, False)]
    merged = [merge_values(kind) for kind in kinds if kind]
    ranked = sorted((pair for m in merged for pair in _most_frequent(m)), key=lambda pair: -pair[1])[:_VALUES_SHOWN]
    words = [_place(reading, value, unknown) for value, _ in ranked]
    if more := sum(len(m.counts) for m in merged) - len(words):
        words.append(f"and {more} more")
    paths = sorted(unknown)
    message = f"{counted(len(paths), 'mask')} with values that no class has, where training would stop: "
    yield reading.survey.finding(
        "unknown-label", "error", paths, message + "; ".join(words), "add them to labels.yaml or correct the masks"
    )


def inexact_colors(reading: Reading) -> Iterator[Finding]:
    """Pixels whose colour is no class's own but is read as one: by alias, threshold or tolerance."""
    by_file = {path: mask.inexact for path, mask in reading.masks.items() if mask.inexact}
    if not by_file:
        return
    pixels_by_file = {path: int(values.counts.sum()) for path, values in by_file.items()}
    kinds = _kinds(merge_values(list(by_file.values())), sum(pixels_by_file.values()), reading.scheme)
    shown = sorted(pixels_by_file, key=lambda path: -pixels_by_file[path])
    places = first_of([f"{reading.survey.name(path)} {pixels_by_file[path]}" for path in shown], 12)
    what = f"{counted(len(by_file), 'mask')} with colours that are not exactly a class's"
    message = f"{what}: {'; '.join(kinds)}; by file: {places}"
    yield reading.survey.finding(
        "inexact-colours", "note", shown, message, "nothing, if they are read as you mean them"
    )


def lossy_masks(reading: Reading) -> Iterator[Finding]:
    """Masks compressed with loss."""
    paths = [path for path, look in reading.survey.masks.items() if look.lossy]
    if paths:
        message = (
            f"{counted(len(paths), 'mask')} compressed with loss, as by JPEG, which blurs labels along every boundary"
        )
        yield reading.survey.finding("lossy-mask", "warning", paths, message, "export them again as PNG")


def ignored_pixels(reading: Reading) -> Iterator[Finding]:
    """Much void, and masks with nothing but void."""
    left_out = _left_out(reading.scheme)
    for split, amounts in reading.amounts.items():
        part = amounts[left_out].sum() / max(amounts.sum(), 1)
        if part > _MUCH_IGNORED:
            message = f"{share(part, 0)} of the pixels of {split} are void or ignored: nothing is scored there"
            severity: Severity = "warning" if part > _MOST_IGNORED else "note"
            paths = [s.mask for s in reading.survey.found.splits[split] if s.mask]
            yield reading.survey.finding("much-ignored", severity, paths, message, "check what is void")
    paths = [p for p, m in reading.masks.items() if m.pixels.any() and not m.pixels[~left_out].any()]
    if paths:
        message = f"{counted(len(paths), 'mask')} void or ignored throughout: nothing can be learned from them"
        yield reading.survey.finding("all-ignored", "note", paths, message, "remove these pairs, or label them")


def labelled_nodata(reading: Reading) -> Iterator[Finding]:
    """Pure black parts of images that masks, as corrected, give a class."""
    left_out = _left_out(reading.scheme)
    corrected = {sample.mask: sample for sample in reading.survey.samples if sample.corrected}
    classes: dict[int, list[Path]] = defaultdict(list)
    for path, look in reading.survey.masks.items():
        if look.on_black is None:
            continue
        pixels = tally(path, look.on_black, reading.scheme).pixels
        if path in corrected:
            pixels = _on_black(corrected[path], reading, pixels)
        pixels = pixels * ~left_out
        if pixels.sum() > _NODATA * look.values.counts.sum():
            classes[int(pixels.argmax())].append(path)
    for index, paths in classes.items():
        message = (
            f"{counted(len(paths), 'mask')} that say {reading.scheme.names[index]} where the image is pure black: "
            "if black is missing data, it is taught as that class"
        )
        yield reading.survey.finding("nodata-labelled", "warning", paths, message, "mark missing data as void")


def _on_black(sample: Sample, reading: Reading, as_stored: Int64) -> Int64:
    """Return the pixels by class, int64 [256], that a corrected mask has where its image is pure black."""
    try:
        _, black = look_at_image(sample.image, reading.survey.reader)
        return as_stored if black is None else count_classes(read_truth(sample, reading.scheme)[black])
    except UserError:  # which other checks say
        return as_stored


def _zero_or_255(reading: Reading) -> Finding | None:
    seen, known = _seen_ids(reading), _class_ids(reading.scheme)
    if VOID not in seen or VOID in known or not seen <= {0, VOID}:
        return None
    void = VOID in reading.scheme.void_ids
    harm = "is void in the label scheme, so that foreground is ignored in silence" if void else "is not a class's id"
    paths = [p for p, look in reading.survey.masks.items() if look.values.ids is not None and VOID in look.values.ids]
    message = f"masks hold the ids 0 and 255 alone, and 255 {harm}"
    fix = "give the foreground class 'id: 255' in labels.yaml and take 255 out of void_ids"
    return reading.survey.finding("binary-masks", "error", paths, message, fix)


def _one_or_255(reading: Reading) -> Finding | None:
    """Foreground that is 1 in some masks and 255 in others, where 255 is no class."""
    looks = reading.survey.masks
    if VOID in {c.id for c in reading.scheme.classes} or not _seen_ids(reading):
        return None
    if not two_foregrounds([look.values for look in looks.values()]):
        return None
    paths = [path for path, look in looks.items() if look.values.ids is not None and VOID in look.values.ids]
    harm = "is void in the label scheme" if VOID in reading.scheme.void_ids else "is not a class's id"
    message = f"{TWO_FOREGROUNDS}, and 255 {harm}: were both foreground, that of {counted(len(paths), 'mask')} is lost"
    return reading.survey.finding("binary-masks", "error", paths, message, "save all of them with the same two ids")


def _off_by_one(reading: Reading) -> Finding | None:
    known = _class_ids(reading.scheme)
    seen = _seen_ids(reading) - set(reading.scheme.void_ids)
    if len(seen) < 2 or seen <= known or _unknown_share(reading) < _LEAST_OF_A_CLASS:
        return None
    for shift in (1, -1):
        edge = min(known) if shift == 1 else max(known)
        if {value - shift for value in seen} <= known and edge not in seen:
            message = (
                f"masks hold the ids {min(seen)} to {max(seen)}, the label scheme names {min(known)} to {max(known)}: "
                "they seem to be numbered from another start, and every class would be taken for its neighbour"
            )
            paths = [p for p, mask in reading.masks.items() if mask.unknown]
            fix = f"{'raise' if shift == 1 else 'lower'} every 'id:' in labels.yaml by one"
            return reading.survey.finding("off-by-one", "error", paths, message, fix)
    return None


def _unknown_share(reading: Reading) -> float:
    """Return the share of all pixels whose value the scheme does not name."""
    unknown = sum(mask.unknown.counts.sum() for mask in reading.masks.values() if mask.unknown)
    return float(unknown / sum(look.values.counts.sum() for look in reading.survey.masks.values()))


def _seen_ids(reading: Reading) -> set[int]:
    """Return the ids of all masks that are read by id; empty if one of them is read by colour."""
    seen: set[int] = set()
    for look in reading.survey.masks.values():
        if look.values.ids is None or (look.values.colors is not None and reading.scheme.has_colors):
            return set()
        seen |= set(look.values.ids.tolist())
    return seen


def _class_ids(scheme: LabelScheme) -> set[int]:
    """Return the ids that are read as a class."""
    return {value for c in scheme.classes for value in c.ids}


def _most_frequent(values: MaskValues) -> Iterator[tuple[Color | int, int]]:
    """Yield the most frequent values, and how many pixels have each."""
    first = values.only(np.arange(len(values.counts)) < _VALUES_SHOWN)
    yield from zip(first.named(), first.counts.tolist(), strict=True)


def _place(reading: Reading, value: Color | int, unknown: Mapping[Path, MaskValues]) -> str:
    kind = "class id" if isinstance(value, int) else "colour"
    where = {path: pixels for path, values in unknown.items() if (pixels := values.pixels_of(value))}
    path, pixels = max(where.items(), key=lambda item: item[1])
    more = f", {sum(where.values()):,} in {counted(len(where), 'file')}" if len(where) > 1 else ""
    return f"{kind} {value}: {counted(pixels, 'pixel')} in {reading.survey.name(path)}{more}"


def _kinds(inexact: MaskValues, pixels: int, scheme: LabelScheme) -> list[str]:
    """Return the most frequent inexact colours in words, and how many of all ``pixels`` have others."""
    assert inexact.colors is not None
    colors, counts = inexact.colors[:_COLORS_SHOWN], inexact.counts[:_COLORS_SHOWN].tolist()
    rows = zip(counts, map(tuple, colors.tolist()), decode_colors(scheme, colors).tolist(), strict=True)
    kinds = [f"{counted(count, 'pixel')} {color} read as {scheme.names[index]}" for count, color, index in rows]
    rest = pixels - sum(counts)
    return [*kinds, f"{counted(rest, 'pixel')} of other colours"] if rest else kinds


def _left_out(scheme: LabelScheme) -> Bool:
    """Bool [256]: class indices, void among them, on which nobody is scored."""
    left_out = np.ones(len(Tally().pixels), bool)
    left_out[: len(scheme.classes)] = ~scheme.scored
    return left_out
