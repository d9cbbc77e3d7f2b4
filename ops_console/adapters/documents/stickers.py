"""The sheet of stickers: each place's QR code carries the address of its report form and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from ops_console.adapters.documents.papers import Papers
from ops_console.adapters.qr_codes import qr_svg
from ops_console.services.locations import Sticker

WORDS = {"title": "报修贴", "scan": "扫码报修", "privacy": "请勿填写患者姓名", "hotline": "服务热线"}


def sticker_sheet(papers: Papers, stickers: Sequence[Sticker], public_url: str, hotline: str) -> bytes:
    """Given what sets papers, stickers, the console's address and the hotline ("" for none), return a PDF.

    Eight stand on a sheet.
    """
    places = [
        {
            "name": sticker.name, "department": sticker.department, "mark": sticker.mark,
            "qr": qr_svg(f"{public_url.rstrip('/')}/r/{sticker.token}"),
        }
        for sticker in stickers
    ]  # fmt: skip
    return papers.pdf("stickers", {"words": WORDS, "hotline": hotline, "places": places})
