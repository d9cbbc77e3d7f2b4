"""The child process that sets a paper: typst in a private folder, the data as JSON, our own fonts and no others.

Not for import by the console: `bounded_child` starts this file by its path, isolated, with the data as standard input
and the templates' folder and the wanted template among its bounds.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Given the data on standard input and the bounds as JSON, write the PDF in base64, or one refusal."""
    limits = json.loads(sys.argv[1])
    try:
        said = {"pdf": base64.b64encode(paper(limits, sys.stdin.buffer.read().decode())).decode()}
    except MemoryError:
        said = {"refused": "memory"}
    except Exception as error:  # whatever typst meets, it tells in one text; that goes to the log of the parent
        said = {"refused": "damaged", "why": str(error)[:500]}
    sys.stdout.write(json.dumps(said) + "\n")


def paper(limits: dict[str, str], data: str) -> bytes:
    """Given the templates' folder, the template and the data, return the PDF. The root holds the templates alone."""
    import pylopdf_fonts_zh_cn
    import typst

    with tempfile.TemporaryDirectory(prefix="paper-") as folder:
        for template in Path(limits["templates"]).glob("*.typ"):
            shutil.copyfile(template, Path(folder) / template.name)  # copied, so that no link leads out of the root
        return bytes(
            typst.compile(
                str(Path(folder) / f"{limits['template']}.typ"),
                root=folder, font_paths=[str(Path(pylopdf_fonts_zh_cn.__file__).parent)], ignore_system_fonts=True,
                sys_inputs={"data": data}, package_path=folder, package_cache_path=folder,
            )
        )  # fmt: skip


if __name__ == "__main__":
    main()
