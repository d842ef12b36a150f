"""What stands around figures; whoever makes pages or tables need not load what draws."""

LICENCE = "Open classrooms, CC BY 4.0."
DRAWING, WORDS = "drawing", "words"
"""Ids in an SVG: of the frame around the figure itself, and how those of the words around it begin, which a page tells as text."""
