"""What stress costs models, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.comparison.paired import ROUGH, SIGNIFICANCE
from pixelproof.comparison.verdict import significant
from pixelproof.comparison.wording.words import bound, metric_heading, metric_name, p_value, points, say
from pixelproof.numbers import UNDEFINED, amount, between, counted, score, share
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import parted
from pixelproof.runs.stress_file import Cell, Curve, Standing, StressedModel, StressRecord

NAMED = 4
"""Classes, and stresses of two models, that are named in a sentence."""
SHARES = ("accuracy", "balanced_accuracy", "pixel_accuracy", "recall", "precision")
"""Scores that are told in per cent, as they are shares of answers; others, such as mIoU, are told as numbers."""
SURE = "93%"
"""Confidence above which an answer is called sure, 14/15."""


def heads(record: StressRecord) -> tuple[str, ...]:
    """Return the heads of the table of a model."""
    return ("stress", f"{metric_name(record.metric, 'en')}, points", "from", f"−{100 * record.margin:g} at")


def curve_cells(curve: Curve) -> tuple[str, ...]:
    """Return the row of a stress: strengths with what is lost, a star where that is shown."""
    changes = (f"{cell.strength:g}:{points(cell.difference.value)}{'*' * cell.lost}" for cell in curve.cells)
    return (f"{curve.stress}, {curve.unit}", "  ".join(changes), plain(curve.lost_from), about(curve.falls_at))


def standing_cells(each: Standing) -> tuple[str, ...]:
    """Return the row of two models under one stress."""
    return (each.stress, ranged(each.score), p_value(each.score_p), ranged(each.kept), p_value(each.kept_p))


def pairs(record: StressRecord) -> dict[str, list[Standing]]:
    """Return what is known of each two models, by what their differences are."""
    found: dict[str, list[Standing]] = {}
    for each in record.standings:
        found.setdefault(f"{each.b} minus {each.a}", []).append(each)
    return found


def plain(strength: float | None) -> str:
    """Return a strength that was tried, a dash where there is none."""
    return UNDEFINED if strength is None else f"{strength:g}"


def about(strength: float | None) -> str:
    """Return a strength that lies between those tried, to two digits."""
    return UNDEFINED if strength is None else f"{float(f'{strength:.2g}'):g}"


def ranged(estimate: Estimate) -> str:
    """Return a difference in points with its interval."""
    if estimate.low is None:
        return points(estimate.value)
    return f"{points(estimate.value)} ({bound(estimate.low)} to {bound(estimate.high)})"


def in_percent(record: StressRecord) -> bool:
    """Return whether the score is told in per cent."""
    return parted(record.metric)[0] in SHARES


def figure(record: StressRecord, value: float | None) -> str:
    """Return a score in words."""
    return share(value) if in_percent(record) else score(value, 3)


def ends(record: StressRecord, each: Estimate) -> str:
    """Return the ends of a score's interval, with as many digits as the score."""
    if in_percent(record):
        low, high = (None if end is None else 100 * end for end in (each.low, each.high))
        return between(low, high, 1)
    return between(each.low, each.high, 3)


def sentences(record: StressRecord) -> Iterator[str]:
    """Yield what was found of each model, of two models, and what cannot be told."""
    for model in record.models:
        yield from _of_model(model, record)
    yield from _of_pairs(record)
    yield from _likenesses(record)
    if record.scenes < ROUGH:
        few = "few_images" if record.scenes == record.images else "few_groups"
        yield say(few, "en", images=f"{record.images}", groups=f"{record.scenes}", rough=f"{ROUGH}")
    yield from record.left_out
    yield limits(record)


def _of_model(model: StressedModel, record: StressRecord) -> Iterator[str]:
    name, cells = metric_name(record.metric, "en"), [(curve, cell) for curve in model.curves for cell in curve.cells]
    if shown := [each for each in cells if each[1].lost]:
        curve, most = max(shown, key=lambda each: _loss(each[1]))
        yield (
            f"What is shown to hurt {model.name} most: {curve.stress}, {amount(most.strength, curve.unit)}, where "
            f"{name} falls from {figure(record, model.untouched.score.value)} to {figure(record, most.score.value)}, "
            f"{ranged(most.difference)} points."
        )
    else:
        largest = max(cells, key=lambda each: _loss(each[1]))
        most_seen = f"; the largest is {_where(*largest)}" if _loss(largest[1]) > 0 else ""
        yield f"No loss of {name} is shown of {model.name} under any stress that was tried{most_seen}."
        yield from _why_none(record, len(cells))
    yield from _shown(model)
    yield from _unnoticed(model)
    if model.learned:
        yield say("learned", "en", name=model.name, known=f"{model.learned:,}", images=f"{record.images:,}")


def _why_none(record: StressRecord, states: int) -> Iterator[str]:
    """Yield that so few images, or groups, could show no loss whatever the answers are, where that is so."""
    if states * 2.0 ** (1 - record.scenes) >= SIGNIFICANCE:
        units = counted(record.scenes, "image" if record.scenes == record.images else "group")
        yield (
            f"{units} could show none, however large, as p counts for {counted(states, 'state')}: take more, or fewer "
            "strengths."
        )


def _shown(model: StressedModel) -> Iterator[str]:
    """Yield from which strength of which stress on a loss is shown, at which alone, and where none is."""
    from_here = [f"{c.stress} from {amount(c.lost_from, c.unit)}" for c in model.curves if c.lost_from is not None]
    here = [f"{c.stress} at {_single(c)}" for c in model.curves if c.lost_from is None and _single(c)]
    unshown = [c.stress for c in model.curves if c.lost_from is None and not _single(c)]
    if from_here or here:
        alone = [f"not at the hardest strength, {', '.join(here)}"] if here else []
        rest = [f"not under {', '.join(unshown)}"] if unshown else []
        yield f"A loss of {model.name} is shown: {'; '.join([*filter(None, [', '.join(from_here)]), *alone, *rest])}."


def _single(curve: Curve) -> str:
    return ", ".join(amount(cell.strength, curve.unit) for cell in curve.cells if cell.lost)


def _where(curve: Curve, cell: Cell) -> str:
    return f"{ranged(cell.difference)} points, {curve.stress}, {amount(cell.strength, curve.unit)}"


def _loss(cell: Cell) -> float:
    return -(cell.difference.value or 0.0)


def _unnoticed(model: StressedModel) -> Iterator[str]:
    """Yield where a model is wrong and sure of it most often, if that is oftener than on images as they are."""
    cells = [(cell.sure_wrong, curve, cell) for curve in model.curves for cell in curve.cells if cell.sure_wrong]
    most = max(cells, key=lambda each: each[0] or 0.0, default=None)
    before = model.untouched.sure_wrong
    if most is None or before is None or (most[0] or 0.0) <= before:
        return
    _, curve, cell = most
    yield (
        f"{model.name} does not always notice: under {curve.stress}, {amount(cell.strength, curve.unit)}, "
        f"{share(cell.sure_wrong)} of all answers are wrong and yet more than {SURE} sure ({share(before)} on images "
        f"as they are), with a mean confidence of {share(cell.confidence)} where {share(cell.right)} is right."
    )


def _of_pairs(record: StressRecord) -> Iterator[str]:
    name = metric_name(record.metric, "en")
    for a, b in dict.fromkeys((each.a, each.b) for each in record.standings):
        both = [each for each in record.standings if (each.a, each.b) == (a, b)]
        for said, better, of in (
            (f"has the higher {name} under stress", "score_better", "score"),
            (f"loses less {name}", "kept_better", "kept"),
        ):
            told = False
            for winner, side in ((b, "b"), (a, "a")):
                won = [each for each in both if getattr(each, better) == side]
                if won:
                    told = True
                    shown = [(getattr(each, of) if side == "b" else getattr(each, of).turned) for each in won]
                    words = ", ".join(f"{e.stress} ({points(s.value)})" for e, s in zip(won, shown, strict=True))
                    yield f"{winner} {said} than {b if side == 'a' else a}: {words}."
            if not told:
                yield f"Under no stress is it shown which of {a} and {b} {said.removesuffix(' under stress')}."


def _likenesses(record: StressRecord) -> Iterator[str]:
    """Yield what the differences that ``drift`` has found would cost by themselves."""
    name = metric_name(record.metric, "en")
    for each in record.likenesses:
        values = f"{score(each.old, 3)} before, {score(each.new, 3)} now".replace("-", "−")
        found = f"The images that drift has met differ in {each.sign} ({values}), which"
        curves = {model.name: curve for model in record.models for curve in model.curves if curve.stress == each.stress}
        first = next(iter(curves.values()))
        if each.strength is None:
            yield f"{found} not even {each.stress}, {amount(first.cells[-1].strength, first.unit)}, makes of these."
            continue
        strength = amount(float(about(each.strength)), first.unit)
        costs = ", ".join(f"{points(_changed_at(curve, each.strength))} ({of})" for of, curve in curves.items())
        yield (
            f"{found} {each.stress}, about {strength}, makes of these. By itself that changes {name}, off straight "
            f"lines between strengths, by so many points: {costs}."
        )
    if len(record.likenesses) > 1:
        yield "One cause may be behind several of these: darkness, for example, lowers contrast and sharpness as well."


def _changed_at(curve: Curve, strength: float) -> float | None:
    """Return what is lost at a strength, on straight lines between those tried."""
    near, before = curve.none, 0.0
    for cell in curve.cells:
        value = cell.difference.value or 0.0
        if min(near, cell.strength) <= strength <= max(near, cell.strength):
            return before + (value - before) * (strength - near) / (cell.strength - near)
        near, before = cell.strength, value
    return None


def limits(record: StressRecord) -> str:
    """Return what these figures cannot tell."""
    part = f"{record.images:,} of {record.of:,}" if record.images < record.of else f"{record.images:,}"
    return (
        f"These are {part} images of {record.split}, changed by computation: real darkness, weather, lenses and "
        "sensors differ from it and come together, so that no loss here is no promise, and a loss here says where to "
        "look. Look at the pictures whether such images happen."
    )


def suffers(curve: Curve) -> str:
    """Return which classes lose most at the hardest strength, those beyond chance if there are any."""
    sure = [each for each in curve.classes if significant(each.p) and (each.loss.high or 0.0) < 0]
    named = [f"{each.name} ({points(each.loss.value)})" for each in (sure or curve.classes)[:NAMED]]
    return ", ".join(named) + ("" if sure or not named else "; none beyond chance")


def heading(record: StressRecord) -> str:
    """Return what the score is called at the head of a column."""
    return metric_heading(record.metric, "en")


def images(record: StressRecord) -> str:
    """Return of which images the figures are."""
    grouped = "" if record.scenes == record.images else f" in {counted(record.scenes, 'group')}"
    of = f" of {record.of:,}" if record.images < record.of else ""
    return f"{record.split}: {counted(record.images, 'image')}{grouped}{of}"
