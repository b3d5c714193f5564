"""What tables say of models under stress: names, strengths and differences, in every language."""

from __future__ import annotations

from collections.abc import Iterable

from pixelproof.comparison.wording.stress_phrases import UNITS
from pixelproof.comparison.wording.words import bound, listed, metric_name, named, p_value, points, say, set_in
from pixelproof.languages import Language
from pixelproof.numbers import UNDEFINED, amount
from pixelproof.runs.fields import Estimate
from pixelproof.runs.stress_file import Curve, Standing, StressRecord


def heads(record: StressRecord, language: Language = "en") -> tuple[str, ...]:
    """Return the heads of the table of a model."""
    score = say("head_points_of", language, metric=metric_name(record.metric, language))
    falls = say("head_falls", language, margin=f"{100 * record.margin:g}")
    return (say("head_stress", language), score, say("head_from", language), falls)


def curve_cells(curve: Curve, language: Language = "en") -> tuple[str, ...]:
    """Return the row of a stress: strengths with what is lost, a star where that is shown; see ``stress_words``."""
    changes = (f"{cell.strength:g}:{points(cell.difference.value)}{'*' * cell.lost}" for cell in curve.cells)
    return (titled(curve, language), "  ".join(changes), shown_from(curve, language), falls(curve, language))


def standing_heads(language: Language = "en") -> tuple[str, ...]:
    """Return the heads of the table of two models."""
    return ("", say("head_under", language), "p", say("head_change", language), "p")


def standing_cells(each: Standing, language: Language = "en") -> tuple[str, ...]:
    """Return the row of two models under one stress."""
    score, kept = (ranged(found, language) for found in (each.score, each.kept))
    return (called(each.stress, language), score, p_value(each.score_p), kept, p_value(each.kept_p))


def pairs(record: StressRecord, language: Language = "en") -> dict[str, list[Standing]]:
    """Return what is known of each two models, by what their differences are."""
    found: dict[str, list[Standing]] = {}
    for each in record.standings:
        found.setdefault(say("pair_minus", language, a=each.a, b=each.b), []).append(each)
    return found


def called(stress: str, language: Language) -> str:
    """Return what a stress is called."""
    return named("in", stress, language)


def both(stresses: Iterable[str], language: Language) -> str:
    """Return one stress or more in running text."""
    *first, last = [called(each, language) for each in stresses]
    return say("stress_and", language).join(filter(None, (listed(first, language), last)))


def titled(curve: Curve, language: Language = "en") -> str:
    """Return a stress with the unit of its strengths, as at the head of a row."""
    unit = curve.unit if language == "en" else UNITS.get(curve.unit, curve.unit).format("").strip()
    return say("stress_titled", language, stress=called(curve.stress, language), unit=unit)


def so_much(strength: float, unit: str, language: Language) -> str:
    """Return so much of a unit in running text."""
    return amount(strength, unit) if language == "en" or unit not in UNITS else UNITS[unit].format(f"{strength:g}")


def where(curve: Curve, strength: float, language: Language) -> str:
    """Return a stress of a strength in running text."""
    amounts = set_in(so_much(strength, curve.unit, language), language).rstrip()
    return say("stress_where", language, stress=called(curve.stress, language), amount=amounts)


def plain(strength: float | None) -> str:
    """Return a strength that was tried, a dash where there is none."""
    return UNDEFINED if strength is None else f"{strength:g}"


def about(strength: float | None) -> str:
    """Return a strength that lies between those tried, to two digits."""
    return UNDEFINED if strength is None else f"{float(f'{strength:.2g}'):g}"


def shown_from(curve: Curve, language: Language = "en") -> str:
    """Return from which strength on a loss is shown; "only" where it is at some, and not at the hardest."""
    if curve.lost_from is not None:
        return plain(curve.lost_from)
    if shown := [plain(cell.strength) for cell in curve.cells if cell.lost]:
        return say("stress_only", language, strengths=listed(shown, language))
    return UNDEFINED if curve.cells[-1].adjusted is None else say("stress_never", language)


def falls(curve: Curve, language: Language = "en") -> str:
    """Return where a score has fallen by the margin, with the interval of that place where it is known."""
    low, high = curve.falls_between or (None, None)
    beyond = {"hardest": plain(curve.cells[-1].strength)}
    if curve.falls_at is None:
        if low is not None:
            return say("stress_beyond_from", language, low=about(low), **beyond)
        known = all(cell.difference.value is not None for cell in curve.cells)
        return say("stress_never", language) if known else UNDEFINED
    if curve.falls_between is None:
        return about(curve.falls_at)
    end = say("stress_beyond", language, **beyond) if high is None else about(high)
    return say("stress_range", language, value=about(curve.falls_at), low=about(low), high=end)


def ranged(estimate: Estimate, language: Language = "en") -> str:
    """Return a difference in points with its interval."""
    value = points(estimate.value)
    if estimate.low is None:
        return value
    return say("stress_range", language, value=value, low=bound(estimate.low), high=bound(estimate.high))
