"""What new images have in common with old ones, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.comparison.verdict import significant
from pixelproof.comparison.wording.words import p_value
from pixelproof.numbers import UNDEFINED, count, counted, score, share, signed
from pixelproof.runs.drift_file import DriftRecord, Sign

KINDS = {
    "picture": "Of the pictures",
    "answer": "Of the answers",
    "class": "Share of answers",
    "truth": "Of the truth",
}
"""What a sign is of, by its kind."""
SAID = 4


def differing(record: DriftRecord) -> list[Sign]:
    """Return the signs that differ beyond chance, the surest first."""
    found = [sign for sign in record.signs if significant(sign.adjusted)]
    return sorted(found, key=lambda sign: (sign.p or 0.0, sign.name))


def sentences(record: DriftRecord) -> Iterator[str]:
    """Yield what was found: whether the images are of one kind first, then by what they differ."""
    yield _apart(record)
    if record.learned:
        yield _learned(record)
    if record.ungrouped:
        yield "Whether single signs differ beyond chance is not tested either."
    elif found := differing(record):
        named = "; ".join(_changed(sign) for sign in found[:SAID])
        more = f"; and {counted(len(found) - SAID, 'sign')} more" if len(found) > SAID else ""
        yield f"Beyond chance they differ in {named}{more}."
    else:
        yield f"None of {counted(len(record.signs), 'sign')} differs beyond chance."
    yield (f"{share(record.far)} of the new images lie farther from the old ones than 99% of these do from each other.")
    if record.copies:
        yield f"{counted(record.copies, 'new image')} {'is' if record.copies == 1 else 'are'} there among the old ones."
    if not any(sign.kind == "truth" for sign in record.signs):
        yield "Whether the run is right on them as often cannot be known without labels."


def _apart(record: DriftRecord) -> str:
    if record.ungrouped:
        return (
            "Whether the new images are of another kind is not tested: the old ones are of groups, such as patients, "
            "and which new ones belong together is not known; name their groups with --groups or in a groups.csv."
        )
    if record.apart is None or record.chance is None:
        return "There are too few images or groups to learn to tell new from old."
    digits = next((few for few in (2, 3) if score(record.apart, few) != score(record.chance, few)), 4)
    area = f"AUC {score(record.apart, digits)}, by chance up to {score(record.chance, digits)}"
    if record.apart > record.chance:
        return (
            f"The new images are of another kind than the old ones: what {record.run} sees tells them apart ({area})."
        )
    return f"What {record.run} sees of the new images does not tell them from the old ones ({area})."


def _learned(record: DriftRecord) -> str:
    """Say how many of the old images are known to the network, which may tell others by that alone."""
    by = f"{record.run}, or by {' and '.join(record.learned_by)}, whose weights it began with" * bool(record.learned_by)
    known = f"{record.learned:,} of {counted(record.old.images, 'old image')}"
    return f"Warning: {known} were learned from by {by or record.run}, which may tell new ones by that alone."


def _changed(sign: Sign) -> str:
    name = f"the share of answers “{sign.name}”" if sign.kind == "class" else sign.name
    return f"{name} ({value(sign, sign.old)} before, {value(sign, sign.new)} now, p {p_value(sign.adjusted)})"


def value(sign: Sign, number: float | None) -> str:
    """Return a mean of a sign as it is read."""
    if sign.kind == "picture":
        return count(number) if sign.name.endswith("pixels") else score(number, 3).replace("-", "−")
    return share(number)


def between(sign: Sign) -> str:
    """Return the difference of a sign with its interval."""
    factor, digits = 100, 1
    if sign.kind == "picture":
        factor, digits = 1, 0 if sign.name.endswith("pixels") else 3
    each = sign.difference
    texts = [UNDEFINED if x is None else signed(factor * x, digits) for x in (each.value, each.low, each.high)]
    return texts[0] if each.low is None else f"{texts[0]} ({texts[1].lstrip('+')} to {texts[2].lstrip('+')})"
