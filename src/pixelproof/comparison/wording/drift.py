"""What new images have in common with old ones, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.comparison.verdict import significant
from pixelproof.comparison.wording.words import named, number_of, p_value, say
from pixelproof.languages import Language
from pixelproof.numbers import UNDEFINED, count, score, share, signed
from pixelproof.runs.drift_file import DriftRecord, Sign

KINDS = ("picture", "answer", "class", "truth")
"""What signs are of, in the order in which they are told."""
SAID = 4


def differing(record: DriftRecord) -> list[Sign]:
    """Return the signs that differ beyond chance, the surest first."""
    found = [sign for sign in record.signs if significant(sign.adjusted)]
    return sorted(found, key=lambda sign: (sign.p or 0.0, sign.name))


def sentences(record: DriftRecord, language: Language = "en") -> list[str]:
    """Return what was found: whether the images are of one kind first, then by what they differ."""
    return [*_found(record, language)]


def _found(record: DriftRecord, language: Language) -> Iterator[str]:
    yield _apart(record, language)
    if record.learned:
        yield _learned(record, language)
    yield _differing(record, language)
    yield say("drift_far", language, share=share(record.far))
    if copies := record.copies:
        key = "drift_copy" if copies == 1 else "drift_copies"
        yield say(key, language, counted=number_of(copies, "new image", language))
    if not any(sign.kind == "truth" for sign in record.signs):
        yield say("drift_unlabelled", language)


def _differing(record: DriftRecord, language: Language) -> str:
    found, signs = differing(record), len(record.signs)
    if record.ungrouped:
        return say("drift_not_tested", language)
    if not found:
        return say("drift_none", language, counted=number_of(signs, "sign", language))
    told = say("drift_semicolon", language).join(_changed(sign, language) for sign in found[:SAID])
    if (more := len(found) - SAID) > 0:
        return say("drift_differ_more", language, signs=told, counted=number_of(more, "sign", language))
    return say("drift_differ", language, signs=told)


def _apart(record: DriftRecord, language: Language) -> str:
    if record.ungrouped:
        return say("drift_ungrouped", language)
    if record.apart is None or record.chance is None:
        return say("drift_too_few", language)
    digits = next((few for few in (2, 3) if score(record.apart, few) != score(record.chance, few)), 4)
    area = say("drift_area", language, area=score(record.apart, digits), chance=score(record.chance, digits))
    return say("drift_apart" if record.apart > record.chance else "drift_alike", language, run=record.run, area=area)


def _learned(record: DriftRecord, language: Language) -> str:
    """Say how many of the old images are known to the network, which may tell others by that alone."""
    by, old = record.run, number_of(record.old.images, "old image", language)
    if record.learned_by:
        by = say("drift_learned_by", language, run=by, others=say("stress_and", language).join(record.learned_by))
    return say("drift_learned", language, known=count(record.learned), old=old, by=by)


def _changed(sign: Sign, language: Language) -> str:
    name = say("drift_share_of", language, name=sign.name) if sign.kind == "class" else called(sign, language)
    numbers = {"old": value(sign, sign.old), "new": value(sign, sign.new), "p": p_value(sign.adjusted)}
    return say("drift_changed", language, name=name, **numbers)


def called(sign: Sign, language: Language) -> str:
    """Return what a sign is called; a class by its own name."""
    return sign.name if sign.kind == "class" else named("sign", sign.name, language)


def value(sign: Sign, number: float | None) -> str:
    """Return a mean of a sign as it is read."""
    if sign.kind == "picture":
        return count(number) if sign.name.endswith("pixels") else score(number, 3).replace("-", "−")
    return share(number)


def between(sign: Sign, language: Language = "en") -> str:
    """Return the difference of a sign with its interval."""
    factor, digits = 100, 1
    if sign.kind == "picture":
        factor, digits = 1, 0 if sign.name.endswith("pixels") else 3
    each = sign.difference
    texts = [UNDEFINED if x is None else signed(factor * x, digits) for x in (each.value, each.low, each.high)]
    if each.low is None:
        return texts[0]
    return say("drift_range", language, value=texts[0], low=texts[1].lstrip("+"), high=texts[2].lstrip("+"))
