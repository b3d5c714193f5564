from __future__ import annotations

import pytest
from hypothesis import given
from label_strategies import schemes
from pydantic import ValidationError

from pixelproof.labels import PRESETS, LabelScheme, matching_presets
from pixelproof.labels.scheme import threshold_code


def scheme(classes, **options):
    return LabelScheme.model_validate({"task": "segmentation", "classes": classes, **options})


RED, BLUE = {"name": "a", "id": 0, "color": [255, 0, 0]}, {"name": "b", "id": 1, "color": [0, 0, 255]}


@pytest.mark.parametrize(
    ("classes", "options", "complaint"),
    [
        ([RED, {**BLUE, "name": "a"}], {}, "class name a is given twice"),
        ([RED, {**BLUE, "id": 0}], {}, "id 0 is given twice"),
        ([RED, {**BLUE, "color": [255, 0, 0]}], {}, r"colour \(255, 0, 0\) is given twice"),
        ([RED, {**BLUE, "aliases": [[255, 0, 0]]}], {}, "given twice"),
        ([RED, BLUE], {"void_ids": [1]}, "id 1 is given twice"),
        ([RED, {**BLUE, "alias_ids": [0]}], {}, "id 0 is given twice"),
        ([RED, {**BLUE, "alias_ids": [7]}], {"void_ids": [7]}, "id 7 is given twice"),
        ([RED, {**BLUE, "alias_ids": [-1]}], {}, "greater than or equal to 0"),
        ([RED, BLUE], {"void_colors": [[0, 0, 255]]}, "given twice"),
        ([{**RED, "ignored": True}], {}, "every class is ignored"),
        ([RED, {**BLUE, "color": [200, 10, 90]}], {"decode": "threshold"}, "share the 3-bit code 100"),
        ([RED, {**BLUE, "color": [255, 0, 20]}], {"tolerance": 10}, "tolerance 10 cannot tell colours"),
        ([RED, {**BLUE, "color": [256, 0, 0]}], {}, "less than or equal to 255"),
        ([{**RED, "id": -1}], {}, "greater than or equal to 0"),
        ([{**RED, "id": 65536}], {}, "less than or equal to 65535"),
        ([{**RED, "name": ""}], {}, "at least 1 character"),
        ([], {}, "at least 1 item"),
        ([{"name": str(i), "id": i} for i in range(256)], {}, "at most 255 classes"),
        ([RED], {"colour": 1}, "Extra inputs"),
    ],
)
def test_contradictions_are_refused(classes, options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        scheme(classes, **options)


def test_tolerance_may_reach_just_short_of_half_the_distance():
    near = {**BLUE, "color": [255, 0, 21]}
    assert scheme([RED, near], tolerance=10).tolerance == 10


def test_a_class_may_have_aliases_near_its_own_color():
    assert scheme([{**RED, "aliases": [[254, 0, 0]]}, BLUE], tolerance=5).tolerance == 5


def test_published_scores_keep_the_hash_that_their_labels_had():
    known = {"deepglobe": "82dad276d22273b5", "voc": "3c061bfc4eb9b342", "cityscapes": "a1e5da5db944b203"}
    assert {name: PRESETS[name].hash for name in known} == known
    assert scheme([{**RED, "alias_ids": []}, BLUE]).hash == scheme([RED, BLUE]).hash
    assert scheme([{**RED, "alias_ids": [2]}, BLUE]).hash != scheme([RED, BLUE]).hash


@given(schemes())
def test_hash_depends_on_the_meaning_alone(one):
    again = LabelScheme.model_validate(one.model_dump(mode="json"))
    assert again == one
    assert again.hash == one.hash
    renamed = [{**c, "name": f"{c['name']}x"} if i == 0 else c for i, c in enumerate(one.model_dump()["classes"])]
    if len({c["name"] for c in renamed}) == len(renamed):
        assert LabelScheme.model_validate({**one.model_dump(), "classes": renamed}).hash != one.hash


def test_threshold_code_has_red_as_its_highest_bit():
    codes = [threshold_code(color) for color in [(128, 0, 0), (127, 128, 0), (0, 127, 255), (255, 255, 255)]]
    assert codes == [4, 2, 1, 7]


def test_voc_colors_follow_the_bit_pattern_of_its_development_kit():
    def color(index):
        red = green = blue = 0
        for shift in range(7, -1, -1):
            red, green, blue = (
                red | (index & 1) << shift,
                green | (index >> 1 & 1) << shift,
                blue | (index >> 2 & 1) << shift,
            )
            index >>= 3
        return red, green, blue

    assert [c.color for c in PRESETS["voc"].classes] == [color(i) for i in range(21)]


def test_camvid_uses_every_multiple_of_64_once():
    values = [color for _, color in PRESETS["camvid"].indexed_colors()]
    assert len(set(values)) == 32
    assert {channel for color in values for channel in color} == {0, 64, 128, 192}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_found_by_its_own_colors_alone(name):
    assert matching_presets(color for _, color in PRESETS[name].indexed_colors()) == [name]


def test_few_or_strange_colors_match_no_preset():
    assert matching_presets([(0, 0, 0), (255, 255, 255)]) == []
    assert matching_presets([(0, 255, 255), (255, 255, 0), (255, 0, 255), (1, 2, 3)]) == []


def test_colors_that_two_presets_share_match_both():
    shared = [(0, 0, 0), (128, 0, 0), (128, 128, 0), (128, 128, 128)]
    assert matching_presets(shared) == ["voc", "camvid"]


def test_scored_and_has_colors():
    one = scheme([RED, {"name": "b", "id": 1, "ignored": True}])
    assert one.scored.tolist() == [True, False]
    assert not one.has_colors
    assert one.names == ("a", "b")
