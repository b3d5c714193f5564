"""Label schemes of well-known data sets, found by the colours of their masks."""

from __future__ import annotations

from collections.abc import Iterable

from pixelproof.labels.scheme import Color, LabelClass, LabelScheme


def _scheme(rows: str, **options: object) -> LabelScheme:
    """Build a scheme from lines of ``name id red green blue``."""
    classes = []
    for row in rows.strip().splitlines():
        name, *numbers = row.split()
        index, red, green, blue = map(int, numbers)
        classes.append(LabelClass(name=name, id=index, color=(red, green, blue)))
    return LabelScheme.model_validate({"task": "segmentation", "classes": classes, **options})


# DeepGlobe 2018 land cover (http://deepglobe.org). Masks are thresholded at 128; stray red pixels count as unknown.
_DEEPGLOBE = LabelScheme(
    task="segmentation",
    decode="threshold",
    classes=(
        LabelClass(name="urban", id=0, color=(0, 255, 255)),
        LabelClass(name="agriculture", id=1, color=(255, 255, 0)),
        LabelClass(name="rangeland", id=2, color=(255, 0, 255)),
        LabelClass(name="forest", id=3, color=(0, 255, 0)),
        LabelClass(name="water", id=4, color=(0, 0, 255)),
        LabelClass(name="barren", id=5, color=(255, 255, 255)),
        LabelClass(name="unknown", id=6, color=(0, 0, 0), aliases=((255, 0, 0),), ignored=True),
    ),
)

# Humans in the Loop, semantic segmentation of aerial imagery of Dubai.
_DUBAI = _scheme(
    """
    building 0 60 16 152
    land 1 132 41 246
    road 2 110 193 228
    vegetation 3 254 221 58
    water 4 226 169 41
    """,
    void_ids=(5,),
    void_colors=((155, 155, 155),),
)

# PASCAL VOC 2012; the border between objects is void.
_VOC = _scheme(
    """
    background 0 0 0 0
    aeroplane 1 128 0 0
    bicycle 2 0 128 0
    bird 3 128 128 0
    boat 4 0 0 128
    bottle 5 128 0 128
    bus 6 0 128 128
    car 7 128 128 128
    cat 8 64 0 0
    chair 9 192 0 0
    cow 10 64 128 0
    dining_table 11 192 128 0
    dog 12 64 0 128
    horse 13 192 0 128
    motorbike 14 64 128 128
    person 15 192 128 128
    potted_plant 16 0 64 0
    sheep 17 128 64 0
    sofa 18 0 192 0
    train 19 128 192 0
    tv_monitor 20 0 64 128
    """,
    void_ids=(255,),
    void_colors=((224, 224, 192),),
)

# Cityscapes: the 19 classes that are evaluated, by their labelIds; every other label is void.
_CITYSCAPES = _scheme(
    """
    road 7 128 64 128
    sidewalk 8 244 35 232
    building 11 70 70 70
    wall 12 102 102 156
    fence 13 190 153 153
    pole 17 153 153 153
    traffic_light 19 250 170 30
    traffic_sign 20 220 220 0
    vegetation 21 107 142 35
    terrain 22 152 251 152
    sky 23 70 130 180
    person 24 220 20 60
    rider 25 255 0 0
    car 26 0 0 142
    truck 27 0 0 70
    bus 28 0 60 100
    train 31 0 80 100
    motorcycle 32 0 0 230
    bicycle 33 119 11 32
    """,
    void_ids=(0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30, 255),
    void_colors=(
        (0, 0, 0), (111, 74, 0), (81, 0, 81), (250, 170, 160), (230, 150, 140), (180, 165, 180), (150, 100, 100),
        (150, 120, 90), (0, 0, 90), (0, 0, 110),
    ),
)  # fmt: skip

# CamVid: the 31 named classes of the Cambridge-driving labelled video database.
_CAMVID = _scheme(
    """
    animal 0 64 128 64
    archway 1 192 0 128
    bicyclist 2 0 128 192
    bridge 3 0 128 64
    building 4 128 0 0
    car 5 64 0 128
    cart_luggage_pram 6 64 0 192
    child 7 192 128 64
    column_pole 8 192 192 128
    fence 9 64 64 128
    lane_markings_driving 10 128 0 192
    lane_markings_other 11 192 0 64
    misc_text 12 128 128 64
    motorcycle_scooter 13 192 0 192
    other_moving 14 128 64 64
    parking_block 15 64 192 128
    pedestrian 16 64 64 0
    road 17 128 64 128
    road_shoulder 18 128 128 192
    sidewalk 19 0 0 192
    sign_symbol 20 192 128 128
    sky 21 128 128 128
    suv_pickup_truck 22 64 128 192
    traffic_cone 23 0 0 64
    traffic_light 24 0 64 64
    train 25 192 64 128
    tree 26 128 128 0
    truck_bus 27 192 128 192
    tunnel 28 64 0 64
    vegetation_misc 29 192 192 0
    wall 30 64 192 0
    """,
    void_ids=(31,),
    void_colors=((0, 0, 0),),
)

PRESETS: dict[str, LabelScheme] = {
    "deepglobe": _DEEPGLOBE,
    "dubai": _DUBAI,
    "voc": _VOC,
    "cityscapes": _CITYSCAPES,
    "camvid": _CAMVID,
}


def matching_presets(colors: Iterable[Color]) -> list[str]:
    """Return the names of the presets that know all of ``colors``.

    Fewer than three colours fit too much by accident, black above all, so they match nothing.
    """
    seen = set(colors)
    if len(seen) < 3:
        return []
    return [name for name, scheme in PRESETS.items() if seen <= {color for _, color in scheme.indexed_colors()}]
