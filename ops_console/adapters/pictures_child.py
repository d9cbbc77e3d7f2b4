"""The child process that decodes a picture: a small one without its metadata, and a hash of how it looks.

Not for import by the console: `bounded_child` starts this file by its path, isolated, with the picture as standard
input and the bounds as its only argument; it needs nothing but the standard library and Pillow.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import Any

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "gif": "GIF"}
HASHED = (9, 8)


def main() -> None:
    """Given the picture on standard input and the bounds as JSON, write what it comes to, or one refusal."""
    limits = json.loads(sys.argv[1])
    try:
        said: dict[str, Any] = read(limits)
    except MemoryError:
        said = {"refused": "memory"}
    except Exception:  # Pillow meets a broken picture with whatever comes to hand
        said = {"refused": "damaged"}
    sys.stdout.write(json.dumps(said) + "\n")


def read(limits: dict[str, Any]) -> dict[str, str]:
    """Given the bounds, return the small picture (JPEG, base64) and the 64-bit difference hash of the picture."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = limits["pixels"]
    content = io.BytesIO(sys.stdin.buffer.read())
    with Image.open(content, formats=[FORMATS[limits["kind"]]]) as opened:
        if opened.width * opened.height > limits["pixels"]:
            return {"refused": "pixels"}
        side = limits["side"]
        opened.draft("RGB", (side * 2, side * 2))
        turned = ImageOps.exif_transpose(opened)
        turned.thumbnail((side, side))
        small = _on_white(turned.convert("RGBA"))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82)  # made anew from pixels: no metadata, no place of shooting, no second content
    return {"thumbnail": base64.b64encode(out.getvalue()).decode(), "phash": looks(small)}


def looks(picture: Any) -> str:
    """Given a picture, return 64 bits as hex: whether each of 8 × 8 places is brighter than the next to its right."""
    width, height = HASHED
    grey = list(picture.convert("L").resize(HASHED).tobytes())
    bits = [grey[y * width + x] > grey[y * width + x + 1] for y in range(height) for x in range(width - 1)]
    return f"{int(''.join('01'[bit] for bit in bits), 2):016x}"


def _on_white(picture: Any) -> Any:
    from PIL import Image

    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


if __name__ == "__main__":
    main()
