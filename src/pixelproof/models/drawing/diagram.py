"""The structure of a network as an SVG picture.

Each row is a resolution: a block stands on the row of its map, so that pooling leads down and upsampling leads up.
Encoder and decoder blocks stand where their result is, single upsampling steps where their input is.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from pixelproof.models.adapters import SmpSegmenter, TimmClassifier
from pixelproof.models.drawing.layout import HEIGHT, ROW, WIDTH, Layout, Place, Route
from pixelproof.models.drawing.structure import Block, Kind, Structure, fcn_structure, vgg_structure
from pixelproof.models.drawing.traced import ensemble_structure, plugin_structure, smp_structure, timm_structure
from pixelproof.models.ensemble import Ensemble
from pixelproof.models.fcn import FCN
from pixelproof.models.pixel_model import PixelModel
from pixelproof.models.vgg import VGG

LEFT, TOP, RIGHT, BOTTOM = 104, 70, 20, 46  # space for the rows' names, the title, nothing and the legend
INK, FAINT, LINE, SKIP = "#1f2933", "#66737f", "#5b6b7b", "#1f8a5b"
COLOURS: dict[Kind, tuple[str, str, str]] = {  # fill, outline, name in the legend
    "image": ("#ffffff", "#8a97a5", "image"),
    "encoder": ("#e3edf9", "#4c7fbf", "encoder"),
    "part": ("#e3edf9", "#4c7fbf", "part"),
    "projection": ("#e2f3ea", "#2f9768", "projection"),
    "upsampling": ("#fdefdc", "#d98a29", "upsampling"),
    "decoder": ("#fdefdc", "#d98a29", "decoder"),
    "sum": ("#ffffff", "#1f2933", "sum"),
    "classifier": ("#efe7f8", "#7d5bb0", "classifier"),
    "logits": ("#f8e4ea", "#b8496d", "logits"),
}


def diagram(model: PixelModel, name: str, size: int) -> str:
    """Return a picture of a network as SVG.

    Args:
        model: Any model that ``build_model`` returns.
        name: Its name, for the title.
        size: Height and width of the image in pixels, for the resolutions.
    """
    structure = structure_of(model, size)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    facts = f"{parameters:,} parameters · {model.num_classes} classes · image {size} × {size}"
    layout = Layout(structure)
    width, height = LEFT + layout.width + RIGHT, TOP + layout.height + BOTTOM
    drawing = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'font-family="Inter, Helvetica, Arial, sans-serif"><title>Structure of {escape(name)}</title>',
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        _text(20, 30, name, 18, INK, weight=600),
        _text(20, 50, facts, 12, FAINT),
        *_rows(layout, width, structure.size),
        f'<g transform="translate({LEFT} {TOP})">',
        *(_link(route, link.skip) for route, link in zip(layout.routes, structure.links, strict=True)),
        *(_block(block, layout.places[block.key]) for block in structure.blocks),
        "</g>",
        *_legend(structure, height - 18),
        "</svg>",
    ]
    return "\n".join(drawing)


def structure_of(model: PixelModel, size: int) -> Structure:
    """Return the blocks and links of a network for an image of ``size`` pixels a side."""
    match model:
        case VGG():
            return vgg_structure(model, size)
        case FCN():
            return fcn_structure(model, size)
        case TimmClassifier():
            return timm_structure(model, size)
        case SmpSegmenter():
            return smp_structure(model, size)
        case Ensemble():
            return ensemble_structure(model, size)
    return plugin_structure(model, size)


def _rows(layout: Layout, width: float, size: int) -> Iterator[str]:
    """Draw the bands of the resolutions and their names."""
    for row, stride in enumerate(layout.rows):
        y = TOP + row * ROW
        if row % 2 == 0:
            yield f'<rect x="0" y="{y:g}" width="{width:g}" height="{ROW}" fill="#f6f8fa"/>'
        middle = TOP + layout.row_centre(row)
        side = -(-size // (stride or 1))
        name, detail = (f"stride {stride}", f"{side} × {side}") if stride else ("vectors", "")
        yield _text(20, middle - 3, name, 12, INK, weight=600)
        yield _text(20, middle + 13, detail, 11, FAINT)


def _block(block: Block, place: Place) -> str:
    fill, outline, _ = COLOURS[block.kind]
    paint = f'fill="{fill}" stroke="{outline}" stroke-width="1.3"'
    left, top = place.x - place.half_width, place.y - place.half_height
    if block.kind == "sum":
        cross = f"M{place.x - 7:g} {place.y:g}h14M{place.x:g} {place.y - 7:g}v14"
        circle = f'<circle cx="{place.x:g}" cy="{place.y:g}" r="{place.half_width:g}" {paint}/>'
        return f'{circle}<path d="{cross}" stroke="{outline}" stroke-width="2"/>'
    first = place.y + 4 - 8 * (len(block.lines) - 1)
    lines = (_line(place.x, first + 16 * n, words, bold=n == 0) for n, words in enumerate(block.lines))
    box = f'<rect x="{left:g}" y="{top:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" {paint}/>'
    return f'<g text-anchor="middle">{box}{"".join(lines)}</g>'


def _line(x: float, y: float, words: str, bold: bool) -> str:
    """Draw a line of a block, smaller and set to its width where it would not fit."""
    letter, size = (0.57, 12) if bold else (0.53, 11)  # width of a letter on average, as a part of the size
    room, weight = WIDTH - 10, 600 if bold else 400
    if (needed := len(words) * letter * size) <= room:
        return _text(x, y, words, size, INK, weight)
    # Where the fonts named are missing, letters are wider.
    held = f'textLength="{room:g}" lengthAdjust="spacingAndGlyphs"'
    return _text(x, y, words, size * room / needed, INK, weight).replace("<text", f"<text {held}", 1)


def _link(route: Route, skip: bool) -> str:
    colour = SKIP if skip else LINE
    x, y = route.end
    tips = {"left": f"M{x:g} {y:g}l-8 -4v8z", "bottom": f"M{x:g} {y:g}l-4 8h8z", "top": f"M{x:g} {y:g}l-4 -8h8z"}
    return (
        f'<path d="{route.path}" fill="none" stroke="{colour}" stroke-width="{2 if skip else 1.5}"/>'
        f'<path d="{tips[route.side]}" fill="{colour}"/>'
    )


def _legend(structure: Structure, y: float) -> Iterator[str]:
    drawn = [block.kind for block in structure.blocks if block.kind not in ("image", "sum", "logits")]
    kinds = list(dict.fromkeys(drawn))
    for place, kind in enumerate(kinds):
        fill, outline, name = COLOURS[kind]
        x = 20 + place * 110
        yield f'<rect x="{x}" y="{y - 10:g}" width="14" height="12" rx="3" fill="{fill}" stroke="{outline}"/>'
        yield _text(x + 21, y, name, 11, FAINT)
    if any(link.skip for link in structure.links):
        x = 20 + len(kinds) * 110
        yield f'<path d="M{x} {y - 4:g}h16" stroke="{SKIP}" stroke-width="2"/>'
        yield _text(x + 22, y, "skip connection", 11, FAINT)


def _text(x: float, y: float, words: str, size: float, colour: str, weight: int = 400) -> str:
    font = f'font-size="{size:.3g}" font-weight="{weight}"'
    return f'<text x="{x:g}" y="{y:g}" {font} fill="{colour}">{escape(words)}</text>'
