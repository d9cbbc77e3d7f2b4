"""Makes templates/documents/report.docx anew: the Word template of reports, which users may then edit in Word or WPS.

For developers. Its Jinja places are those of `plain_report` (ops_console/adapters/documents/report_words.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

TARGET = Path(__file__).resolve().parent.parent / "templates" / "documents" / "report.docx"
BODY, HEAD = "宋体", "黑体"
STYLES = {"Normal": (BODY, 10), "Title": (HEAD, 20), "Heading 1": (HEAD, 14), "Heading 2": (HEAD, 11)}


def main() -> None:
    """Write the template."""
    file = Document()
    _page(file)
    _fonts(file)
    _footer(file)
    title = file.add_paragraph("{{ title }}", style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    file.add_paragraph("{{ subtitle }}").alignment = WD_ALIGN_PARAGRAPH.CENTER
    file.add_paragraph("{{ draft }}").alignment = WD_ALIGN_PARAGRAPH.CENTER
    _pairs(file, "cover", "pair")
    file.add_paragraph("{%p for chapter in chapters %}")
    file.add_paragraph("{{ chapter.title }}", style="Heading 1")
    file.add_paragraph("{%p for item in chapter.blocks %}")
    file.add_paragraph("{%p if item.kind == 'paragraph' %}")
    file.add_paragraph("{{ item.text }}")
    file.add_paragraph("{%p endif %}")
    file.add_paragraph("{%p if item.kind == 'facts' %}")
    _pairs(file, "item.pairs", "pair")
    file.add_paragraph("{%p endif %}")
    file.add_paragraph("{%p if item.kind == 'bars' %}")
    file.add_paragraph("{{ item.name }}", style="Heading 2")
    _bars(file)
    file.add_paragraph("{%p endif %}")
    file.add_paragraph("{%p if item.kind == 'table' %}")
    file.add_paragraph("{{ item.name }}", style="Heading 2")
    file.add_paragraph("{%p if item.rows %}")
    _table(file)
    file.add_paragraph("{%p else %}")
    file.add_paragraph("{{ item.empty }}")
    file.add_paragraph("{%p endif %}")
    file.add_paragraph("{%p endif %}")
    file.add_paragraph("{%p if item.kind == 'signatures' %}")
    _boxes(file)
    file.add_paragraph("{%p endif %}")
    file.add_paragraph("{%p endfor %}")
    file.add_paragraph("{%p endfor %}")
    file.save(str(TARGET))


def _page(file: Any) -> None:
    section = file.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(1.8)
    section.top_margin = section.bottom_margin = Cm(1.8)


def _fonts(file: Any) -> None:
    for name, font, size in (
        ("Normal", BODY, 10),
        ("Title", HEAD, 20),
        ("Heading 1", HEAD, 14),
        ("Heading 2", HEAD, 11),
    ):
        style = file.styles[name]
        style.font.name, style.font.size = font, Pt(size)
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _footer(file: Any) -> None:
    paragraph = file.sections[0].footer.paragraphs[0]
    paragraph.add_run("{{ labels.code }} {{ code }} {{ reading }} {{ labels.head }} {{ head }}    ")
    for code in ("PAGE", "NUMPAGES"):
        run = paragraph.add_run()
        for kind, text in (("begin", ""), ("", code), ("end", "")):
            part = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                part.set(qn("w:fldCharType"), kind)
            else:
                part.set(qn("xml:space"), "preserve")
                part.text = text
            run._r.append(part)
        if code == "PAGE":
            paragraph.add_run(" / ")


def _looped(file: Any, rows: list[list[str]]) -> Any:
    table = file.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return table


def _pairs(file: Any, source: str, name: str) -> None:
    _looped(file, [
        [f"{{%tr for {name} in {source} %}}", ""], [f"{{{{ {name}[0] }}}}", f"{{{{ {name}[1] }}}}"],
        ["{%tr endfor %}", ""],
    ])  # fmt: skip


def _bars(file: Any) -> None:
    _looped(file, [
        ["{%tr for label in item.labels %}", ""], ["{{ label }}", "{{ item.series[0][1][loop.index0] }}"],
        ["{%tr endfor %}", ""],
    ])  # fmt: skip


def _table(file: Any) -> None:
    table = _looped(file, [
        ["{%tc for column in item.columns %}", "{{ column[0] }}", "{%tc endfor %}"],
        ["{%tr for row in item.rows %}", "", ""],
        ["{%tc for cell in row %}", "{{ cell }}", "{%tc endfor %}"],
        ["{%tr endfor %}", "", ""],
    ])  # fmt: skip
    for row in table.rows:
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in table.rows:
        for cell in row.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(8)


def _boxes(file: Any) -> None:
    table = _looped(file, [
        ["{%tr for box in item.boxes %}", ""], ["{{ box[0] }}", "{{ box[1] }}　　　　年　　月　　日"],
        ["{%tr endfor %}", ""],
    ])  # fmt: skip
    table.rows[1].height = Cm(3)


if __name__ == "__main__":
    main()
