"""What stress costs models, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.comparison.paired import ROUGH, SIGNIFICANCE
from pixelproof.comparison.verdict import significant
from pixelproof.comparison.wording.stress_cells import about, both, called, ranged, so_much, where
from pixelproof.comparison.wording.words import listed, metric_name, named, number_of, points, say, set_in
from pixelproof.languages import Language
from pixelproof.numbers import count, counted, score, share
from pixelproof.runs.metric_names import told
from pixelproof.runs.stress_file import Cell, Curve, Likeness, Standing, StressedModel, StressRecord

NAMED = 4
"""Classes that are named in a sentence."""
SURE = "93%"
"""Confidence above which an answer is called sure, 14/15."""


def sentences(record: StressRecord, language: Language = "en") -> list[str]:
    """Return what was found of each model, of two models, and what cannot be told."""
    return [*_found(record, language), *_limits(record, language)]


def _found(record: StressRecord, language: Language) -> Iterator[str]:
    for model in record.models:
        yield from _of_model(model, record, language)
    for a, b in dict.fromkeys((each.a, each.b) for each in record.standings):
        of_pair = [each for each in record.standings if (each.a, each.b) == (a, b)]
        yield from _of_pair(of_pair, record.metric, language)
    for each in record.likenesses:
        yield _likeness(each, record, language)
    if len(record.likenesses) > 1:
        yield say("like_one_cause", language)


def _limits(record: StressRecord, language: Language) -> Iterator[str]:
    """Yield what these figures cannot tell."""
    if record.scenes < ROUGH:
        few = "few_images" if record.scenes == record.images else "few_groups"
        yield say(few, language, images=count(record.images), groups=count(record.scenes), rough=count(ROUGH))
    if corrected := max(model.corrected for model in record.models):
        yield say("corrected", language, known=count(corrected), images=count(record.images))
    if record.left_out:
        yield say("stress_left_out", language, stresses=both(record.left_out, language))
    if moved := [curve.stress for curve in record.models[0].curves if curve.cells[0].before is not None]:
        names = say("stress_or", language).join(called(stress, language) for stress in moved)
        yield say("stress_moved", language, stresses=names)
    part = count(record.images)
    if record.images < record.of:
        part = say("stress_part", language, part=part, of=count(record.of))
    yield say("stress_limits", language, part=part, split=record.split)


def _of_model(model: StressedModel, record: StressRecord, language: Language) -> Iterator[str]:
    cells = [(curve, cell) for curve in model.curves for cell in curve.cells]
    if shown := [each for each in cells if each[1].lost]:
        yield _worst(model, *max(shown, key=lambda each: _loss(each[1])), record.metric, language)
    else:
        yield _none(model, *max(cells, key=lambda each: _loss(each[1])), record.metric, language)
        yield from _why_none(record, len(cells), language)
    yield from _shown(model, language)
    yield from _unnoticed(model, language)
    if model.learned:
        yield say("learned", language, name=model.name, known=count(model.learned), images=count(record.images))


def _worst(model: StressedModel, curve: Curve, most: Cell, metric: str, language: Language) -> str:
    before = most.before or model.untouched
    return say(
        "stress_worst",
        language,
        model=model.name,
        where=where(curve, most.strength, language),
        metric=set_in(metric_name(metric, language), language),
        before=told(metric, before.score.value),
        after=told(metric, most.score.value),
        difference=set_in(ranged(most.difference, language), language, before=False),
    )


def _none(model: StressedModel, curve: Curve, largest: Cell, metric: str, language: Language) -> str:
    words = {"model": model.name, "metric": set_in(metric_name(metric, language), language)}
    if _loss(largest) <= 0:
        return say("stress_none", language, **words)
    place = where(curve, largest.strength, language)
    difference = set_in(ranged(largest.difference, language), language, before=False)
    return say("stress_none_but", language, where=place, difference=difference, **words)


def _why_none(record: StressRecord, states: int, language: Language) -> Iterator[str]:
    """Yield that so few images, or groups, could show no loss whatever the answers are, where that is so."""
    if states * 2.0 ** (1 - record.scenes) < SIGNIFICANCE:
        return
    kind = "images" if record.scenes == record.images else "groups"
    units = number_of(record.scenes, kind.removesuffix("s"), language)
    all_states = number_of(states, "state", language)
    yield say(f"stress_could_not_{kind}", language, units=units, states=all_states)


def _shown(model: StressedModel, language: Language) -> Iterator[str]:
    """Yield from which strength of which stress on a loss is shown, at which alone, and where none is."""
    from_here = [_since(c, c.lost_from, language) for c in model.curves if c.lost_from is not None]
    here = [_alone(c, language) for c in model.curves if c.lost_from is None and _single(c)]
    unshown = [called(c.stress, language) for c in model.curves if c.lost_from is None and not _single(c)]
    if not from_here and not here:
        return
    parts = [listed(from_here, language)] if from_here else []
    for key, names in (("stress_not_hardest", here), ("stress_not_under", unshown)):
        parts += [say(key, language, stresses=listed(names, language))] if names else []
    yield say("stress_shown", language, model=model.name, parts=say("stress_semicolon", language).join(parts))


def _since(curve: Curve, strength: float, language: Language) -> str:
    amount = set_in(so_much(strength, curve.unit, language), language)
    return say("stress_from", language, stress=called(curve.stress, language), amount=amount)


def _alone(curve: Curve, language: Language) -> str:
    amounts = listed((so_much(strength, curve.unit, language) for strength in _single(curve)), language)
    return say("stress_at", language, stress=called(curve.stress, language), amount=set_in(amounts, language))


def _single(curve: Curve) -> list[float]:
    return [cell.strength for cell in curve.cells if cell.lost]


def _loss(cell: Cell) -> float:
    return -(cell.difference.value or 0.0)


def _unnoticed(model: StressedModel, language: Language) -> Iterator[str]:
    """Yield where a model is wrong and sure of it most often, if that is oftener than on images as they are."""
    cells = [(cell.sure_wrong, curve, cell) for curve in model.curves for cell in curve.cells if cell.sure_wrong]
    if not cells:
        return
    wrong, curve, cell = max(cells, key=lambda each: each[0])
    before = (cell.before or model.untouched).sure_wrong
    if before is None or wrong <= before:
        return
    yield say(
        "stress_unnoticed",
        language,
        model=model.name,
        where=where(curve, cell.strength, language),
        wrong=share(wrong),
        limit=SURE,
        before=share(before),
        confidence=share(cell.confidence),
        right=share(cell.right),
    )


def _of_pair(both: list[Standing], metric: str, language: Language) -> Iterator[str]:
    a, b, name = both[0].a, both[0].b, set_in(metric_name(metric, language), language)
    for key, better, of in (("higher", "score_better", "score"), ("less", "kept_better", "kept")):
        told_one = False
        for winner, loser, side in ((b, a, "b"), (a, b, "a")):
            won = [each for each in both if getattr(each, better) == side]
            if won:
                told_one = True
                shown = [getattr(each, of) if side == "b" else getattr(each, of).turned for each in won]
                words = [_one(e.stress, s.value, language) for e, s in zip(won, shown, strict=True)]
                stresses = listed(words, language)
                yield say(f"stress_{key}", language, winner=winner, loser=loser, metric=name, stresses=stresses)
        if not told_one:
            yield say(f"stress_no_{key}", language, a=a, b=b, metric=name)


def _one(stress: str, difference: float | None, language: Language) -> str:
    return say("stress_one", language, stress=called(stress, language), difference=points(difference))


def _likeness(each: Likeness, record: StressRecord, language: Language) -> str:
    """Return what a difference that ``drift`` has found would cost by itself."""
    old, new = (score(value, 3).replace("-", "−") for value in (each.old, each.new))
    words = {"sign": named("sign", each.sign, language), "old": old, "new": new}
    curves = {model.name: curve for model in record.models for curve in model.curves if curve.stress == each.stress}
    first = next(iter(curves.values()))
    if each.strength is None:
        return say("like_not_even", language, where=where(first, first.cells[-1].strength, language), **words)
    costs = (
        say("like_cost", language, difference=points(_changed_at(curve, each.strength)), model=name)
        for name, curve in curves.items()
    )
    return say(
        "like",
        language,
        stress=called(each.stress, language),
        amount=set_in(so_much(float(about(each.strength)), first.unit, language), language).rstrip(),
        metric=set_in(metric_name(record.metric, language), language),
        costs=listed(costs, language),
        **words,
    )


def _changed_at(curve: Curve, strength: float) -> float | None:
    """Return what is lost at a strength, on straight lines between those tried."""
    near, before = curve.none, 0.0
    for cell in curve.cells:
        value = cell.difference.value or 0.0
        if min(near, cell.strength) <= strength <= max(near, cell.strength):
            return before + (value - before) * (strength - near) / (cell.strength - near)
        near, before = cell.strength, value
    return None


def suffers(curve: Curve) -> str:
    """Return which classes lose most at the hardest strength, those beyond chance if there are any."""
    sure = [each for each in curve.classes if significant(each.p) and (each.loss.high or 0.0) < 0]
    named = [f"{each.name} ({points(each.loss.value)})" for each in (sure or curve.classes)[:NAMED]]
    return ", ".join(named) + ("" if sure or not named else "; none beyond chance")


def images(record: StressRecord) -> str:
    """Return of which images the figures are."""
    grouped = "" if record.scenes == record.images else f" in {counted(record.scenes, 'group')}"
    of = f" of {record.of:,}" if record.images < record.of else ""
    return f"{record.split}: {counted(record.images, 'image')}{grouped}{of}"
