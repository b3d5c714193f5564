"""The rule that a run keeps: it comes back as it was, and what contradicts itself is refused."""

import json

import pytest

from pixelproof.errors import UserError
from pixelproof.runs.rule_file import ChosenOn, CostFacts, Goal, Rule, ShareFacts, load_rule, save_rule

SHARE = ShareFacts(images=49, of=50, value=0.98, low=0.89, high=1.0)
CHOSEN = ChosenOn(
    split="validation", scores="scores/validation.npz", digest="d", fingerprint="f", images=300, rows=300, weights="w",
    temperature=1.2, looks="1 x 1",
)  # fmt: skip
NAMES = ("sensitivity", "specificity", "others_looked_at", "precision", "looked_at")


def rule(**changes):
    facts = {
        "name": "scratch+dent", "classes": ("scratch", "dent"), "probability": 0.046, "unit": "image", "labels": "h",
        "goal": Goal(kind="find", value=0.95, promised=True, trials=80, needed=59), "chosen": CHOSEN,
        "shares": dict.fromkeys(NAMES, SHARE),
    }  # fmt: skip
    return Rule(**facts | changes)


COST = {"goal": Goal(kind="cost", value=50), "cost": CostFacts(missed=1, alarms=2, value=3.5, low=1, high=None)}
UNKNOWN = ShareFacts(images=0, of=0, value=None, low=None, high=None)


@pytest.mark.parametrize(
    ("made", "options"),
    [
        (rule(), "--find scratch+dent=0.95"),
        (rule(unit="group", by="any"), "--per-group --any scratch+dent --find scratch+dent=0.95"),
        (rule(unit="group", by="mean", **COST), "--per-group --cost scratch+dent=50"),
        (
            rule(name="a b", goal=Goal(kind="hand", value=None), shares=dict.fromkeys(NAMES, UNKNOWN)),
            "--threshold 'a b=0.046'",
        ),
    ],
)
def test_a_rule_comes_back_as_it_was(tmp_path, made, options):
    save_rule(tmp_path / "rule.json", made)
    assert load_rule(tmp_path / "rule.json") == made
    assert made.options == options
    assert "0.046" in made.says
    assert made.of_images == (made.by != "mean")
    assert json.loads((tmp_path / "rule.json").read_text("utf-8"))["version"] == 1


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"version": 2}, "of version 2, expected 1"),
        ({"probability": 1.5}, "'probability'"),
        ({"by": "any"}, "a rule for groups says by what"),
        ({"unit": "group"}, "a rule for groups says by what"),
        ({"unit": "patient"}, "'unit'"),
        ({"shares": {}}, "what the rule finds"),
        ({"goal": {"kind": "cost", "value": 50}}, "what it costs, is missing"),
        ({"goal": {"kind": "find", "value": 3}}, "has no such value"),
        ({"goal": {"kind": "hand", "value": 0.5}}, "has no such value"),
        ({"classes": []}, "'classes'"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(tmp_path, edit, said):
    save_rule(tmp_path / "rule.json", rule())
    stored = json.loads((tmp_path / "rule.json").read_text("utf-8"))
    (tmp_path / "rule.json").write_text(json.dumps(stored | edit), "utf-8")
    with pytest.raises(UserError, match=said):
        load_rule(tmp_path / "rule.json")
    (tmp_path / "rule.json").write_text("{", "utf-8")
    with pytest.raises(UserError, match=r"rule\.json"):
        load_rule(tmp_path / "rule.json")
