"""Numbers as a reader sees them. What is undefined is a dash, never 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

UNDEFINED = "–"
ROUNDING = 1e-9
"""From 0 and from 1, of shares that were computed."""
HECTARE = 10_000.0  # square metres


def count(value: int | float | None) -> str:
    """Return ``22500`` as ``22,500``."""
    return UNDEFINED if value is None else f"{value:,.0f}"


def counted(count: int, word: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "mask"), counted(2000, "mask"), counted(7, "class")
    ('1 mask', '2,000 masks', '7 classes')
    """
    ending = "" if count == 1 else "es" if word.endswith("s") else "s"
    return f"{count:,} {word}{ending}"


def amount(value: float, unit: str) -> str:
    """Return so much of a unit in running text.

    >>> amount(1, "stops"), amount(0.5, "px"), amount(20, "%"), amount(40, "quality")
    ('1 stop', '0.5 px', '20%', 'quality 40')
    """
    if unit in ("%", "quality"):
        return f"{value:g}%" if unit == "%" else f"quality {value:g}"
    return f"{value:g} {unit.removesuffix('s') if value == 1 else unit}"


def first_of(names: Sequence[str], most: int) -> str:
    """Return the first names as words.

    >>> first_of(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def shortened(text: str, most: int) -> str:
    """Return ``text`` on one line of at most ``most`` characters, its middle left out; the page spells it out."""
    text = " ".join(text.split())
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - half].rstrip()}…{text[len(text) - half :].lstrip()}"


def numbered(part: str) -> tuple[int, int] | None:
    """Return ``2/5``, the second of five parts, as its numbers; None for a text that is no such part.

    >>> numbered("2/5")
    (2, 5)
    """
    number, _, parts = part.partition("/")
    if number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts):
        return int(number), int(parts)
    return None


def dimensions(size: Sequence[int]) -> str:
    """Return the size of an image, (height, width), as its width and height.

    >>> dimensions((480, 640))
    '640x480'
    """
    height, width = size
    return f"{width}x{height}"


def share(value: float | None, digits: int = 1) -> str:
    """Return ``0.7764`` as ``77.6%``; what is not all is never called 100%, nor what is not none 0%.

    >>> share(6048 / 6078, 0), share(0.0004), share(1.0)
    ('>99%', '<0.1%', '100.0%')
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    text, least = f"{100 * value:.{digits}f}", 10.0**-digits
    if value > ROUNDING and not float(text):
        return f"<{least:.{digits}f}%"
    if value < 1 - ROUNDING and float(text) == 100:
        return f">{100 - least:.{digits}f}%"
    return f"{text}%"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Return the ends of an interval of shares, ``73.4% to 78.8%``; a dash where it is unknown."""
    return _ends(low, high, digits, share)


def score(value: float | None, digits: int = 4) -> str:
    """Return ``0.730594`` as ``0.7306``."""
    return UNDEFINED if value is None or math.isnan(value) else f"{value:.{digits}f}"


def between(low: float | None, high: float | None, digits: int = 4) -> str:
    """Return the ends of an interval of scores, ``0.7012 to 0.7561``; a dash where it is unknown.

    With as many digits as its figure, which else might seem to lie outside.
    """
    return _ends(low, high, digits, score)


def _ends(low: float | None, high: float | None, digits: int, text: Callable[[float | None, int], str]) -> str:
    known = low is not None and not math.isnan(low)
    return f"{text(low, digits)} to {text(high, digits)}" if known else UNDEFINED


def ranged(value: float | None, low: float | None, high: float | None, digits: int = 4) -> str:
    """Return a score with its interval where it is known.

    >>> ranged(0.731467, 0.7012, 0.7561), ranged(1.0, None, None)
    ('0.7315 (0.7012 to 0.7561)', '1.0000')
    """
    ends = if_known(between(low, high, digits))
    return score(value, digits) + (f" ({ends})" if ends else "")


def if_known(text: str) -> str:
    """Return a text as it stands where what is undefined is left out: nothing for a dash."""
    return "" if text == UNDEFINED else text


def significant(value: float | None, digits: int = 4) -> str:
    """Return a probability with so many digits behind its zeros, ``0.00000361`` as ``3.61e-06``."""
    return UNDEFINED if value is None or math.isnan(value) else f"{value:.{digits}g}"


def decimal(value: float) -> str:
    """Return a number with one decimal, or none where that would be 0.

    >>> decimal(11 / 3), decimal(30.0), decimal(1234567)
    ('3.7', '30', '1234567')
    """
    return str(round(value, 1)).removesuffix(".0")


def signed(value: float, digits: int = 4) -> str:
    """Return a difference with its sign, ``+0.0731``; one that rounds to nothing has none."""
    if math.isnan(value):
        return UNDEFINED
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return ("+" if value > 0 else "−") + text


def duration(seconds: float | None) -> str:
    """Return a wall time such as ``1 h 04 min`` or ``12 s``."""
    if seconds is None or not math.isfinite(seconds):
        return UNDEFINED
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02d} min"
    if minutes:
        return f"{minutes} min {rest:02d} s"
    return f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"


def room(size: float) -> str:
    """Return a number of bytes such as ``1.5 GB``."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1e3:.1f} kB"


def magnitude(value: float | None) -> str:
    """Return a large count in short, ``18384711`` as ``18.4 million``."""
    if value is None:
        return UNDEFINED
    for limit, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= 0.9995 * limit:  # which is rounded up to it
            return f"{value / limit:.3g} {word}"
    return count(value)
