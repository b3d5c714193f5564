"""What is known of two models over all of their seeds, in plain words."""

from __future__ import annotations

from collections.abc import Collection

from pixelproof.comparison.paired import ROUGH
from pixelproof.comparison.wording.sentences import of_many
from pixelproof.comparison.wording.words import bound, metric_name, p_value, points, say, set_in
from pixelproof.languages import Language
from pixelproof.numbers import count
from pixelproof.runs.evidence_file import EvidenceRecord, SeedGain


def over_seeds(gain: SeedGain, evidence: EvidenceRecord, language: Language) -> list[str]:
    """Return the verdict on a pair, and what is left of its p-value where there are several pairs.

    Args:
        gain: One of the evidence's ``over_seeds``.
        evidence: What was gathered.
        language: The language.
    """
    few = [say("few_images", language, images=count(evidence.images), rough=count(ROUGH))]
    more = few if evidence.images < ROUGH else []
    more += of_many(len(evidence.over_seeds), gain.adjusted, gain.verdict, language)
    return [_verdict(gain, evidence, language), *more]


def reach(runs: Collection[int]) -> str:
    """Return how many runs models have, as a number or a range."""
    return "–".join(count(n) for n in sorted({min(runs), max(runs)}))


def _verdict(gain: SeedGain, evidence: EvidenceRecord, language: Language) -> str:
    difference = gain.difference.turned if gain.verdict == "a" else gain.difference
    names = {"a": gain.a, "b": gain.b, "images": count(evidence.images)}
    if gain.verdict != "undecided":
        winner, loser = (gain.b, gain.a) if gain.verdict == "b" else (gain.a, gain.b)
        names = {"winner": winner, "loser": loser}
    return say(
        "undecided_over_seeds" if gain.verdict == "undecided" else "better_over_seeds",
        language,
        seeds=reach(gain.seeds),
        metric=set_in(metric_name(evidence.metric, language), language, before=False),
        difference=points(difference.value),
        low=bound(difference.low),
        high=bound(difference.high),
        p=p_value(gain.p),
        **names,
    )
