"""A comparison in plain words: what the test shows and no more."""

from __future__ import annotations

import math

from pixelproof.comparison.paired import ROUGH, SIGNIFICANCE
from pixelproof.comparison.verdict import (
    Side,
    class_verdict,
    disagree,
    least_p,
    no_worse,
    over_pairs,
    significant,
    times_as_many,
)
from pixelproof.comparison.wording.words import bound, listed, metric_name, p_value, points, say, set_in
from pixelproof.languages import Language
from pixelproof.numbers import count
from pixelproof.runs.comparison_file import ClassRecord, ComparisonRecord, PairRecord, Verdict
from pixelproof.runs.metric_names import parted

SIDES: tuple[Side, ...] = ("b", "a")


def sentences(pair: PairRecord, record: ComparisonRecord, language: Language = "en") -> list[str]:
    """Return what a pair of a comparison shows: the verdict first, then what limits it.

    Args:
        pair: A pair of ``record``.
        record: The comparison.
        language: The language; names and numbers are the same in all.
    """
    verdict = [_undecided(pair, language)] if pair.verdict == "undecided" else [_better(pair, record, language)]
    if pair.verdict == "undecided":
        verdict += [_classes_differ(pair, side, language) for side in ("a", "b") if _better_classes(pair, side)]
        verdict += _why_none(pair, record, language)
        verdict += [say("same", language, a=pair.a, b=pair.b)] if _same(pair) else []
    verdict += [_no_worse(pair, side, record, language) for side in SIDES] if record.margin else []
    return verdict + _limits(pair, record, language)


def _better(pair: PairRecord, record: ComparisonRecord, language: Language) -> str:
    b_wins = pair.verdict == "b"
    winner, loser = (pair.b, pair.a) if b_wins else (pair.a, pair.b)
    sign = 1 if b_wins else -1
    difference = pair.estimate if b_wins else pair.estimate.turned
    wins, losses = (pair.wins.b, pair.wins.a) if b_wins else (pair.wins.a, pair.wins.b)
    return say(
        "better_of_class" if parted(pair.metric)[1] else "better",
        language,
        winner=winner,
        loser=loser,
        difference=points(difference.value),
        metric=set_in(metric_name(pair.metric, language), language, before=False),
        low=bound(difference.low),
        high=bound(difference.high),
        p=p_value(pair.p),
        wins=say(
            f"wins_{record.task}",
            language,
            wins=count(wins),
            losses=count(losses),
            images=count(pair.images - pair.undefined),
            loser=loser,
        ),
        gain=_gain(pair, sign, language),
        loss=_loss(pair, sign, language),
    )


def _undecided(pair: PairRecord, language: Language) -> str:
    return say(
        "undecided",
        language,
        images=count(pair.images),
        a=pair.a,
        b=pair.b,
        difference=points(pair.difference),
        metric=set_in(metric_name(pair.metric, language), language, before=False),
        low=bound(pair.low),
        high=bound(pair.high),
        p=p_value(pair.p),
    )


def _no_worse(pair: PairRecord, side: Side, record: ComparisonRecord, language: Language) -> str:
    """Return whether one of the two is no worse than the other but for the margin."""
    margin, found = record.margin or 0.0, no_worse(pair, record)[side]
    model, other = (pair.b, pair.a) if side == "b" else (pair.a, pair.b)
    difference = pair.estimate if side == "b" else pair.estimate.turned
    words = {"model": model, "other": other, "margin": points(margin).removeprefix("+"), "low": bound(difference.low)}
    text = say(f"no_worse_{found}", language, **words)
    times = times_as_many(difference, margin)
    if found != "open" or times is None:
        return text
    key = "images" if record.groups is None else "groups"
    return say(f"more_{key}_show", language, text=text, units=count(math.ceil(record.units(pair) * times)))


def _why_none(pair: PairRecord, record: ComparisonRecord, language: Language) -> list[str]:
    """Return why there is no verdict where the interval excludes 0, or where so few images could never give one."""
    units, least = record.units(pair), least_p(pair, record)
    if record.test != "mcnemar" and least >= SIGNIFICANCE:
        key = "too_few_images" if record.groups is None else "too_few_groups"
        return [say(key, language, units=count(units), p=p_value(least).removeprefix("= "))]
    return [say("disagree", language)] if disagree(pair) else []


def _gain(pair: PairRecord, sign: int, language: Language) -> str:
    gains = _better_classes(pair, "b" if sign > 0 else "a")
    if not gains:
        return say("no_gain", language)
    name, record = next(iter(gains.items()))
    gain = sign * _difference(record)
    most = max(sign * _difference(each) for each in pair.classes.values())
    return say("gain" if gain == most else "gain_beyond_chance", language, name=name, difference=points(gain))


def _loss(pair: PairRecord, sign: int, language: Language) -> str:
    losses = _better_classes(pair, "a" if sign > 0 else "b")
    if not losses:
        return say("no_loss", language)
    return say("loss", language, classes=_with_differences(losses, sign, language))


def _classes_differ(pair: PairRecord, side: str, language: Language) -> str:
    model, sign = (pair.b, 1) if side == "b" else (pair.a, -1)
    classes = _with_differences(_better_classes(pair, side), sign, language)
    return say("classes_differ", language, model=model, classes=classes)


def _limits(pair: PairRecord, record: ComparisonRecord, language: Language) -> list[str]:
    said = _other_looks(pair, record, language) + _learned(pair, record, language)
    said += _stressed(pair, record, language) + _corrected(pair, record, language)
    if record.groups is not None:
        said.append(say("grouped", language, groups=count(record.groups.count)))
        if record.groups.count < ROUGH:
            said.append(say("few_groups", language, groups=count(record.groups.count), rough=count(ROUGH)))
    elif pair.images < ROUGH:
        said.append(say("few_images", language, images=count(pair.images), rough=count(ROUGH)))
    for key, names in _weak_classes(pair, record).items():
        if names:
            said.append(say(key, language, classes=listed(names, language)))
    return said + adjusted(pair, record, language)


def _other_looks(pair: PairRecord, record: ComparisonRecord, language: Language) -> list[str]:
    """Return the sentence that says so where two models are known to have looked at the images in other ways."""
    looks = {model.name: model.looks for model in record.models}
    a, b = looks[pair.a], looks[pair.b]
    return [say("other_looks", language, a=pair.a, b=pair.b, looks_a=a, looks_b=b)] if a and b and a != b else []


def _learned(pair: PairRecord, record: ComparisonRecord, language: Language) -> list[str]:
    """Return a sentence for each model of a pair that has learned from images which they are compared on."""
    knowing = [model for model in record.models if model.name in (pair.a, pair.b) and model.learned]
    said = []
    for model in knowing:
        numbers = {"known": count(model.learned), "images": count(pair.images)}
        key = "learned_by" if model.learned_by else "learned"
        said.append(say(key, language, name=model.name, by=model.learned_by, **numbers))
    return said


def _stressed(pair: PairRecord, record: ComparisonRecord, language: Language) -> list[str]:
    """Return the sentences that say so where models did not see the images as they are, or not in the same state."""
    done = {model.name: model.stress for model in record.models if model.name in (pair.a, pair.b) and model.stress}
    said = [say("stressed", language, name=name, stress=stress) for name, stress in done.items()]
    apart = done.get(pair.a) != done.get(pair.b)
    return [*said, say("other_stress", language)] if apart else said


def _corrected(pair: PairRecord, record: ComparisonRecord, language: Language) -> list[str]:
    """Return the sentence that says so where images that models are compared on have corrected labels."""
    models = [model for model in record.models if model.name in (pair.a, pair.b)]
    known, pixels = (max(getattr(each, what) for each in models) for what in ("corrected", "corrected_pixels"))
    if not known:
        return []
    counts = {"known": count(known), "images": count(pair.images)}
    if not pixels:
        return [say("corrected", language, **counts)]
    return [say("corrected_masks", language, **counts, pixels=count(pixels))]


def adjusted(pair: PairRecord, record: ComparisonRecord, language: Language) -> list[str]:
    """Return what is left of a pair's p-value where there are several: the more of them, the more differ by chance."""
    return of_many(len(record.pairs), over_pairs(record)[pair.a, pair.b], pair.verdict, language)


def of_many(pairs: int, p: float | None, verdict: Verdict, language: Language) -> list[str]:
    """Return what a p-value adjusted over so many pairs leaves of the verdict on one; nothing for a single pair."""
    if pairs == 1:
        return []
    key = "many_pairs" if significant(p) or verdict == "undecided" else "many_pairs_chance"
    return [say(key, language, pairs=count(pairs), p=p_value(p))]


def _weak_classes(pair: PairRecord, record: ComparisonRecord) -> dict[str, list[str]]:
    """Return the classes that a reader should not rely on, by the sentence that says why."""
    classes = pair.classes.items()
    rough = [n for n, c in classes if c.effective is not None and c.effective < ROUGH]
    units = "" if record.groups is None else "_grouped"
    return {
        f"rough_classes{units}": rough if record.interval != "tango" else [],
        f"untested_classes{units}": [n for n, c in classes if c.effective is None and c.images],
        "unequal_classes": [n for n, c in classes if (c.a is None) != (c.b is None)],
    }


def _better_classes(pair: PairRecord, side: str) -> dict[str, ClassRecord]:
    """Return the classes on which one side is better beyond chance, the largest difference first."""
    found = [(name, record) for name, record in pair.classes.items() if class_verdict(record) == side]
    return dict(sorted(found, key=lambda item: -abs(_difference(item[1]))))


def _with_differences(classes: dict[str, ClassRecord], sign: int, language: Language) -> str:
    items = classes.items()
    return listed(
        (say("class", language, name=n, difference=points(sign * _difference(c))) for n, c in items), language
    )


def _difference(record: ClassRecord) -> float:
    return record.difference or 0.0


def _same(pair: PairRecord) -> bool:
    return all(not image.difference for image in pair.per_image) and not pair.difference
