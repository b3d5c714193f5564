"""What is said of two label contracts that differ."""

import pytest

from pixelproof.labels import LabelScheme, difference

LAND = {
    "task": "segmentation",
    "classes": [
        {"name": "field", "id": 1, "color": (9, 9, 9)},
        {"name": "wood", "id": 2, "color": (90, 90, 90)},
        {"name": "unknown", "id": 3, "color": (0, 0, 0), "ignored": True},
    ],
}


def changed(**changes):
    field, wood, unknown = LAND["classes"]
    return LabelScheme.model_validate(LAND | {"classes": [field, wood | changes, unknown]})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (changed(name="forest"), "only a has wood, and only b has forest"),
        (LabelScheme.model_validate(LAND | {"classes": LAND["classes"][:2]}), "only a has unknown"),
        (LabelScheme.model_validate(LAND | {"classes": LAND["classes"][::-1]}), "the same classes have another order"),
        (changed(ignored=True), "'wood' is ignored in b alone"),
        (changed(id=7), "'wood' has another id or colour"),
        (changed(color=(1, 2, 3)), "'wood' has another id or colour"),
        (LabelScheme.model_validate(LAND | {"tolerance": 4}), "masks are decoded in another way"),
        (LabelScheme.model_validate(LAND | {"task": "classification"}), "a is for segmentation, b for classification"),
    ],
)
def test_the_first_difference_is_told_of_both_sides(other, said):
    land = LabelScheme.model_validate(LAND)
    assert land.hash != other.hash
    assert difference(land, other, "a", "b") == said


def test_of_many_classes_a_few_are_named():
    many, none = (
        LabelScheme.model_validate(
            {"task": "classification", "classes": [{"name": f"{n}{i}", "id": i} for i in range(6)]}
        )
        for n in "xy"
    )
    assert difference(many, none, "a", "b") == "only a has x0, x1, x2 and 3 more, and only b has y0, y1, y2 and 3 more"
