"""Rules that are chosen to be kept, and whether what they promise is held elsewhere, against loops."""

from dataclasses import replace

import numpy as np
import pytest
from test_finding import made_up, scores_of

from pixelproof.deploy.export.examples.answers import classify
from pixelproof.errors import UserError
from pixelproof.evaluation.asked import answer, read_questions
from pixelproof.evaluation.asked_tables import print_answers
from pixelproof.evaluation.per_group import scores_per_group
from pixelproof.evaluation.rule import held, rule_of
from pixelproof.evaluation.rule_tables import held_line, plain_rule, print_rule
from pixelproof.evaluation.threshold import told
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.labels.thresholds import chance_of
from pixelproof.prediction.group_answers import GroupAnswers
from pixelproof.runs import Source
from pixelproof.runs.rule_file import ChosenOn
from pixelproof.terminal import console

CHOSEN = ChosenOn(
    split="validation", scores="scores/validation.npz", digest="d", fingerprint="one", images=600, rows=0, weights="w",
    temperature=1, looks="1 x 1",
)  # fmt: skip


def made(seed, count=600, groups=None):
    """Return scores of a model that is right in its probabilities; groups have images of one class."""
    chances, truth = made_up(np.random.default_rng(seed), count, 3, 6)
    members = None
    if groups is not None:
        order = np.argsort(truth, kind="stable")
        chances, truth = chances[order], truth[order]
        members = np.array([f"{truth[n]}-{n // groups}" for n in range(count)])
    return replace(scores_of(chances, truth), source=Source("m", "test", f"images {seed}"), groups=members)


def chosen(scores, by=None, any_of=None, **asked):
    questions = read_questions(scores.scheme, *([asked[kind]] if kind in asked else None for kind in KINDS))
    return rule_of(scores, questions, by, any_of, CHOSEN)


KINDS = ("threshold", "find", "cost")


@pytest.mark.parametrize(("by", "any_of"), [(None, None), ("mean", None), ("any", "c2+c1")])
def test_a_rule_finds_elsewhere_what_a_loop_counts(by, any_of, capsys):
    rule = chosen(made(1, groups=3), by, any_of, find="c1+c2=0.8")
    assert rule.goal.promised
    other = made(2, groups=3)
    found = held(rule, other)
    rows: dict[str, list[int]] = {}
    for place in range(600):
        rows.setdefault(str(other.groups[place]) if by else str(place), []).append(place)
    hits = own = looked_at = 0
    for places in rows.values():
        each = other.probabilities[places, 1:].astype(np.float64).sum(axis=1)
        reached = (each.max() if by == "any" else each.mean()) >= rule.probability
        of_it = bool((other.truth[places] > 0).any())
        hits, own, looked_at = hits + (reached and of_it), own + of_it, looked_at + reached
    assert (rule.unit, rule.by) == ("group" if by else "image", by)
    assert found.rows == len(rows)
    assert (found.looked.shares["sensitivity"].hits, found.looked.shares["sensitivity"].of) == (hits, own)
    assert found.looked.shares["looked_at"].hits == looked_at
    assert (found.verdict == "held") == (hits / own >= 0.8)
    print_rule(found, console())  # in 80 columns
    out = capsys.readouterr().out
    assert "at least 80% found, with 95% certainty" in out
    assert f"\n   on validation {' ' * 12}" in out
    assert f"{hits} of {own} " in out
    assert plain_rule(found)["here"]["sensitivity"]["images"] == hits


def test_a_promise_is_held_or_not_or_that_cannot_be_told():
    rule = chosen(made(1), find="c1=0.8")
    for part, verdict, said in (
        (1.0, "held", "is held"),
        (0.75, "undecided", "may be by chance"),
        (0.3, "not held", "not"),
    ):
        truth = np.repeat([1, 0], 40)
        own = np.arange(80) < 40 * part
        column = np.where(own, 0.999, 0.0)
        chances = np.stack([1 - column, column, column * 0], axis=1)
        found = held(rule, replace(scores_of(chances, truth), source=Source("m", "test", "two")))
        assert found.verdict == verdict
        assert said in held_line(found)
    flattered = held(rule, replace(made(1), source=Source("m", "train", "two")))
    assert (flattered.learned, flattered.verdict) == (True, "")
    assert "flatter" in held_line(flattered)
    own = held(rule, replace(made(1), source=Source("m", "validation", "one")))
    assert (own.own, own.verdict, held_line(own)) == (True, "", "")
    assert own.looked.shares["sensitivity"].hits == rule.shares["sensitivity"].images
    relabelled = held(rule, replace(made(1), source=Source("m", "validation", "three")))
    assert (relabelled.own, relabelled.same_split, relabelled.verdict) == (False, True, "")
    assert "where most of these images are the same, they flatter it" in held_line(relabelled)
    none = held(rule, replace(made(1), truth=np.zeros(600, int), source=Source("m", "test", "two")))
    assert "No image of test is of c1" in held_line(none)


def test_what_a_rule_costs_is_told_where_it_was_chosen_and_elsewhere():
    scores, other = made(3), made(4)
    rule = chosen(scores, cost="c1=5")
    for cost, images in ((rule.cost, scores), (held(rule, other).cost, other)):
        looked_at, own = images.probabilities[:, 1] >= np.float32(rule.probability), images.truth == 1
        missed, alarms = int((own & ~looked_at).sum()), int((~own & looked_at).sum())
        assert (cost.missed, cost.alarms) == (missed, alarms)
        assert cost.value == pytest.approx(1000 * (5 * missed + alarms) / 600)
    by_hand = chosen(scores, threshold="c1=0.25")
    assert (by_hand.probability, by_hand.goal.value, by_hand.cost) == (0.25, None, None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "none is asked for"),
        ({"find": "c1=0.8", "cost": "c1=5"}, "2 are asked for"),
        ({"by": "any", "any_of": "c2", "find": "c1=0.8"}, "for 'c1', and --any says when a group is of 'c2'"),
        ({"by": "mean", "find": "c1=0.8"}, "know no groups"),
    ],
)
def test_what_is_no_rule_to_keep_is_refused(asked, said):
    with pytest.raises(UserError, match=said):
        chosen(made(5), **asked)
    alike = replace(made(5), probabilities=np.full((600, 3), 1 / 3, np.float32))
    with pytest.raises(UserError, match="no threshold of c1 costs less on these images than looking at all"):
        chosen(alike, cost="c1=50")
    with pytest.raises(UserError, match="has learned from some of these images"):
        chosen(replace(made(5), source=Source("m", "train")), threshold="c1=0.5")


@pytest.mark.parametrize(("name", "any_of"), [("c1", None), ("c1+c2", None), ("c1+c2", "c1+c2")])
def test_groups_are_answered_to_the_last_digit_as_they_are_scored(name, any_of, capsys):
    """So that a group at the threshold itself is on one side of it, wherever it is asked."""
    logits = np.random.default_rng(6).normal(0, 2, (300, 3))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = replace(
        scores_of(chances, np.repeat(np.arange(100) % 3, 3)), groups=np.repeat(np.arange(100), 3).astype(str)
    )
    rows, index = told(scores_per_group(scores, any_of), name)
    answers = GroupAnswers(scores.scheme, dict(zip(scores.ids, scores.groups, strict=True)), any_of)
    for place, each in zip(scores.ids, chances, strict=True):
        answers.add(place, each)
    of_groups = {group: chance_of(each, answers.scheme, name) for group, _, each in answers.rows()}
    rule = {"channels": [1, 2][: len(name.split("+"))], "by": "any" if any_of else "mean", "class": name}
    classes = [{"name": each} for each in scores.scheme.names]
    for group, chance in zip(rows.ids, rows.probabilities[:, index], strict=True):
        assert of_groups[group] == chance
        of_it = np.log(chances[scores.groups == group])
        for least, does in ((chance, "look at"), (np.nextafter(chance, np.float32(2)), "leave")):
            contract = {"classes": classes, "temperature": 1.0, "rule": rule | {"probability": float(least)}}
            classify(["a", "b", "c"], list(of_it), contract)
            assert f"{does} these images: {name} {chance:.5g}"[:-1] in capsys.readouterr().out


def test_names_of_classes_are_printed_without_what_moves_a_cursor(capsys):
    chances, truth = made_up(np.random.default_rng(7), 300, 3, 6)
    named = [LabelClass(id=index, name=name) for index, name in enumerate(("a", "b\x1b[2J", "c"))]
    scores = replace(scores_of(chances, truth), scheme=LabelScheme(task="classification", classes=named))
    asked = read_questions(scores.scheme, ["b\x1b[2J=0.5"], ["b\x1b[2J+c=0.8"], ["b\x1b[2J=5"])
    print_answers(answer(scores, asked), "images", False, console())
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"Test it on others: --threshold 'b\x1b[2J+c=" in out
