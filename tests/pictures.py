"""Files for tests: pictures, documents and what hostile hands make of them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image

GPS_LATITUDE = 2
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF\n"


def picture(format: str = "PNG", size: tuple[int, int] = (400, 300), colour: str = "#2060a0", **given: object) -> bytes:
    """Given a format and a size, return a picture with a bright corner."""
    made = Image.new("RGB", size, colour)
    made.paste("white", (0, 0, size[0] // 3, size[1] // 2))
    out = io.BytesIO()
    made.save(out, format, **given)
    return out.getvalue()


def photo_with_place(size: tuple[int, int] = (400, 300)) -> bytes:
    """Given a size, return a JPEG on its side, as a phone writes it, with the place where it was taken and a name."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter
    exif[0x010F] = "SecretPhoneMaker"
    exif.get_ifd(0x8825)[GPS_LATITUDE] = (30.0, 15.0, 12.0)
    return picture("JPEG", size, exif=exif)


def png_that_claims(width: int, height: int) -> bytes:
    """Return a tiny PNG whose header promises that many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 5000)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def archive(**members: bytes) -> bytes:
    """Given members by path (`__` for `/`), return a zip of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def document(folder: str = "xl", **members: bytes) -> bytes:
    """Given `xl` or `word` and further members, return something that is built as a workbook or document is."""
    types = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", types)
        made.writestr(f"{folder}/main.xml", b"<a/>")
        for name, content in members.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()
