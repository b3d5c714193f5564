"""Elements from the text of XML files, which may be damaged or hostile."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from pixelproof.runs.plain import DEEPEST


def from_xml(text: str) -> Element:
    """Return the outermost element of an XML text, which declares nothing, so that no entity grows or reads a file.

    Raises:
        ValueError: What is wrong with the text, in words that follow the name of its file.
    """
    tree, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ValueError("is nested too deeply")
        tree.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        tree.end(tag)

    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, tree.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except ExpatError as error:
        raise ValueError(f"is not valid XML (line {error.lineno})") from None
    return tree.close()


def _refuse(*_: object) -> None:
    raise ValueError("declares a document type, and entities may be hidden there")
