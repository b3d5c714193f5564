"""Studies end in a page, whose figures are drawn once."""

from drawn_once import draw_once

draw_once()
