"""Structure diagrams: well-formed, true to the network, safe to put into a page."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from pixelproof.config import ModelConfig
from pixelproof.models import build_model, diagram, known_models, task_of
from pixelproof.models.adapters import SmpSegmenter
from pixelproof.models.drawing.diagram import structure_of
from pixelproof.models.drawing.layout import Layout
from pixelproof.models.drawing.structure import Structure

OTHERS = ["timm:resnet18", "timm:test_vit", "smp:Unet:resnet18", "smp:FPN:resnet18", "smp:DeepLabV3Plus:resnet18"]
SVG = "{http://www.w3.org/2000/svg}"


def build(name: str, size: int = 96) -> tuple[Structure, str]:
    model = build_model(ModelConfig(name=name, width=0.0625), 7)
    return structure_of(model, size), diagram(model, name, size)


def links(structure: Structure) -> set[tuple[str, str]]:
    return {(link.source, link.target) for link in structure.links}


@pytest.mark.parametrize("name", [*known_models(), *OTHERS])
def test_every_diagram_is_well_formed_and_complete(name: str) -> None:
    structure, svg = build(name)
    root = ElementTree.fromstring(svg)
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert name in words
    for block in structure.blocks:
        assert block.kind == "sum" or set(block.lines) <= set(words)
    keys = [block.key for block in structure.blocks]
    assert len(keys) == len(set(keys))
    joined = {key for pair in links(structure) for key in pair}
    assert joined == set(keys)
    assert {target for _, target in links(structure)} == set(keys) - {"image"}
    assert not re.search(r"<(script|style|foreignObject)|href|on\w+=", svg)


@pytest.mark.parametrize("name", [*known_models(), *OTHERS])
def test_blocks_do_not_overlap_and_lie_inside(name: str) -> None:
    layout = Layout(build(name)[0])
    places = list(layout.places.values())
    for number, a in enumerate(places):
        assert a.x - a.half_width >= 0
        assert a.x + a.half_width <= layout.width
        for b in places[:number]:
            apart_x = abs(a.x - b.x) >= a.half_width + b.half_width
            assert apart_x or abs(a.y - b.y) >= a.half_height + b.half_height


def test_fcn8s_shows_three_paths_to_the_sum() -> None:
    structure, _ = build("fcn8s")
    assert {source for source, target in links(structure) if target == "sum"} == {"conv1_1", "deconv_2x", "deconv_4x"}
    assert {("pool3", "conv1_1"), ("pool4", "deconv_2x"), ("pool5", "deconv_4x")} <= links(structure)
    strides = {block.key: block.stride for block in structure.blocks}
    steps = ["sum", "deconv_2x_2layer.0", "deconv_2x_2layer.1", "deconv_2x_tochannel_7", "logits"]
    assert [strides[step] for step in steps] == [8, 8, 4, 2, 1]
    assert set(pairwise(steps)) <= links(structure)


def test_fcn32s_goes_up_in_one_step() -> None:
    structure, _ = build("fcn32s")
    assert ("pool5", "deconv_32x_tochannel_7") in links(structure)
    assert ("deconv_32x_tochannel_7", "logits") in links(structure)
    assert not any(link.skip for link in structure.links)


def test_decoders_are_linked_as_their_maps_flow() -> None:
    structure, _ = build("smp:Unet:resnet18")
    decoder = {(f"encoder {4 - number}", f"blocks.{number}") for number in range(4)}
    decoder |= {("encoder 5", "blocks.0"), ("blocks.4", "logits")}
    decoder |= {(f"blocks.{number}", f"blocks.{number + 1}") for number in range(4)}
    encoder = {("image", "encoder 1")} | {(f"encoder {n}", f"encoder {n + 1}") for n in range(1, 5)}
    assert links(structure) == decoder | encoder
    structure, _ = build("smp:DeepLabV3Plus:resnet18")
    assert {source for source, target in links(structure) if target == "block2"} == {"up", "block1"}


def test_a_name_is_escaped() -> None:
    model = build_model(ModelConfig(name="fcn32s", width=0.0625), 7)
    hostile = '</text><script>alert("x")</script>&'
    svg = diagram(model, hostile, 64)
    assert "<script" not in svg
    root = ElementTree.fromstring(svg)
    assert hostile in [element.text for element in root.iter(f"{SVG}text")]


def test_a_network_of_one_size_says_so() -> None:
    structure, _ = build("timm:test_vit", size=96)
    assert structure.blocks[0].lines == ("image", "3 × 96 × 96", "resized to 160 × 160")


def test_drawing_leaves_the_model_as_it_was() -> None:
    model = build_model(ModelConfig(name="smp:Unet:resnet18"), 7)
    assert isinstance(model, SmpSegmenter)
    assert task_of("smp:Unet:resnet18") == "segmentation"
    diagram(model, "smp:Unet:resnet18", 64)
    assert model.training
    assert all(not module._forward_hooks for module in model.modules())
