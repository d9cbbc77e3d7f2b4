"""QR codes: as SVG for pages and documents, as a picture inside a page, as blocks for a terminal."""

from __future__ import annotations

import io

import segno


def qr_svg(text: str) -> str:
    """Given a text, return its QR code as one SVG element, with a quiet border, sized by its viewBox alone."""
    made = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        made, kind="svg", border=2, xmldecl=False, svgns=True, omitsize=True, nl=False
    )
    return made.getvalue().decode()


def qr_picture(text: str, *, scale: int = 4) -> str:
    """Given a text, return the `data:` address of its QR code, with the quiet zone that readers need."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=scale, border=4))


def qr_terminal(text: str) -> str:
    """Given a text, return its QR code as lines of half blocks for a terminal."""
    made = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(made, border=2, compact=True)
    return made.getvalue().rstrip("\n")
