"""Keeps the English catalogue in step with the Chinese sources: `extract`, `compile`, `check` (for developers).

Not part of running the product: `console.po` and the compiled `console.mo` are committed, and a test runs `problems`.

extract  collect every Chinese message of templates, Python and shipped ticket types into console.po; keep what is
         translated, drop what is gone, leave the English of a new message empty and name it
compile  write console.mo from console.po
check    name everything wrong: untranslated, obsolete, unlike places, unwrapped, composed, stale files

Writing is deterministic: sorted by message, file names without line numbers, no dates.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import struct
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ops_console.core.entry_sheets import COLUMNS as ENTRY_COLUMNS  # noqa: E402
from ops_console.core.newcomers import COLUMNS as NEWCOMER_COLUMNS  # noqa: E402
from ops_console.core.newcomers import HOLDERS_BY_NAME  # noqa: E402
from ops_console.core.score_columns import PAPER_WORDS  # noqa: E402
from ops_console.core.ticket_sheets import COLUMNS  # noqa: E402 - run as a file, the project is not yet on the path

PO = ROOT / "ops_console" / "translations" / "en" / "LC_MESSAGES" / "console.po"
MO = PO.with_suffix(".mo")
HEADER = "Language: en\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
HAN = re.compile(r"[\u3400-\u9fff]")
FULL_WIDTH = re.compile(r"[\u3000-\u303f\uff00-\uffef‘’“”]")  # curly quotes: Chinese fonts draw them that wide
PLACE = re.compile(r"%\([a-z_]+\)s|%%|%")
QUOTED = re.compile(r'"([^"]*)"')
SETTINGS_PATH = re.compile(r"[a-z_.]+：")  # a problem of config.toml, told with its path: stays Chinese, as the file is
SHEET_WORDS = frozenset({*COLUMNS, "是", "否"})  # what a ticket sheet says: quoted as it is in every language

DEMO = (
    "demo", "demo_caps", "demo_contract", "demo_ends", "demo_lives", "demo_now", "demo_places", "demo_proofs",
    "demo_storylines", "demo_words",
)  # fmt: skip
# Chinese literals that are no messages: file -> those literals, or None for the whole file.
EXEMPT: dict[str, frozenset[str] | None] = {
    "ops_console/settings.py": None,  # problems of config.toml
    "ops_console/settings_file.py": None,
    "ops_console/settings_contract.py": None,
    "ops_console/core/contradictions.py": None,
    "ops_console/adapters/translations.py": frozenset({" 天", " 小时", " 分", " 秒"}),  # English beside them
    "ops_console/core/terms.py": frozenset({"合同口径"}),  # the source of an override, stored in its calendar
    "ops_console/core/money.py": frozenset(  # how Chinese forms write a sum, in every language
        {"零壹贰叁肆伍陆柒捌玖", "拾", "佰", "仟", "万", "亿", "万亿", "零", "负", "整"}
    ),
    "ops_console/core/people.py": frozenset({"系统"}),  # an account's name, stored with every event
    "ops_console/services/people.py": frozenset(  # the first people's names
        {"系统管理员", "信息科长", "乙方工程师", "安全管理员", "审计管理员"}
    ),
    "ops_console/core/public_reports.py": frozenset({r"转|分机|ext\.?"}),  # what people type before an extension
    "ops_console/core/newcomers.py": frozenset({*NEWCOMER_COLUMNS, *HOLDERS_BY_NAME}),  # what a people's sheet says
    "ops_console/core/quick_words.py": None,  # what engineers type, not what they are told
    "ops_console/core/quick_types.py": None,
    "ops_console/core/detector_words.py": None,
    "ops_console/core/quick_times.py": None,
    "ops_console/core/quick_days.py": None,
    "ops_console/core/quick_lines.py": None,
    "ops_console/core/quick_people.py": None,
    "ops_console/core/quick_marks.py": None,
    "ops_console/core/quick_lessons.py": None,
    "ops_console/core/chat_blocks.py": None,
    **dict.fromkeys(f"ops_console/core/{name}.py" for name in DEMO),  # what the demo's invented people say
    # what the demo's invented people write
    **dict.fromkeys(f"ops_console/services/demo_{name}.py" for name in ("caps", "contract", "months", "parts")),
    "ops_console/adapters/documents/install_sheet.py": None,  # a paper for the walls of a Chinese hospital
    "ops_console/adapters/documents/stickers.py": None,
    "ops_console/core/evidence.py": None,  # what stands in a package that leaves the console, in both languages
    "ops_console/core/evidence_lists.py": None,
    "ops_console/core/score_preset.py": None,  # what a sheet itself says, as the parties agree upon it
    "ops_console/core/score_rules.py": None,  # what hospitals' papers say
    "ops_console/core/score_columns.py": frozenset(PAPER_WORDS),
    "ops_console/core/entry_sheets.py": frozenset(ENTRY_COLUMNS),
    "ops_console/services/imports.py": SHEET_WORDS,
    "ops_console/core/sheet_cells.py": SHEET_WORDS,
    "ops_console/core/sheet_order.py": SHEET_WORDS,
    "ops_console/core/ticket_imports.py": SHEET_WORDS,
    "ops_console/core/ticket_sheets.py": SHEET_WORDS,
}
# Files that may compose Chinese in an f-string: settings problems, the terminal's account, the first start's lines.
COMPOSING = frozenset(
    {
        "ops_console/settings.py", "ops_console/settings_file.py", "ops_console/settings_contract.py",
        "ops_console/core/contradictions.py",
        "ops_console/core/money.py",  # a sum in words
        "ops_console/core/people.py", "ops_console/main.py",
        "ops_console/core/chat_blocks.py", "ops_console/core/personal_data.py",  # patterns of what people type
        "ops_console/core/score_rules.py",
        "ops_console/core/quick_people.py", "ops_console/core/quick_times.py", "ops_console/core/quick_days.py",
        "ops_console/services/public_reports.py",  # the account of a reporter, stored with every event
        *(f"ops_console/core/{name}.py" for name in DEMO),  # what is said, not what is told
        "ops_console/core/anchors.py",  # the line of an anchor is the same in every language: it is compared
    }
)  # fmt: skip
# Chinese in a template's expressions that is no message: a stored type as default, a language's own name.
TEMPLATE_WORDS = frozenset({("templates/tickets/new.html", "故障"), ("templates/base.html", "中文")})
MODES = ("现场", "远程")  # 处理方式 as sheets usually say it; pages show it through `_`
SIGNS = ("、", "，", "。", "：", "（", "）")  # what templates put between words that are translated one by one
CALLS = frozenset({"say", "tell", "gettext", "sentence", "Sentence"})  # what takes a message, even one of signs alone


def main(arguments: list[str]) -> int:
    """Given the arguments, do what they ask and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("act", choices=("extract", "compile", "check"))
    act = parser.parse_args(arguments).act
    if act == "extract":
        return _extract()
    if act == "compile":
        MO.write_bytes(compiled(read()))
        return 0
    found = problems()
    print("\n".join(found) or f"{len(read())} messages, all well")
    return 1 if found else 0


def _extract() -> int:
    old, wanted = read() if PO.exists() else Catalog(), messages()
    text = {message: english(old, message) for message in wanted}
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_text(written(wanted, text), encoding="utf-8")
    gone, missing = ids(old) - wanted.keys(), [message for message, english in text.items() if not english]
    print(f"{len(wanted)} messages, {len(gone)} dropped, {len(missing)} without English")
    print("\n".join(sorted(missing)))
    return 1 if missing else 0


# -- collecting -------------------------------------------------------------------------------------------------------


def messages() -> dict[str, list[str]]:
    """Return every message with the files that say it, both sorted."""
    found: dict[str, set[str]] = {}
    for path, message in _sources():
        found.setdefault(message, set()).add(path)
    return {message: sorted(found[message]) for message in sorted(found)}


def _sources() -> Iterator[tuple[str, str]]:
    for path in _templates():
        yield from ((_named(path), message) for message in of_template(path.read_text(encoding="utf-8")))
    for path in sorted((ROOT / "ops_console").rglob("*.py")):
        yield from ((_named(path), message) for message in of_python(path.read_text(encoding="utf-8"), _named(path)))
    shipped = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    yield from (("config.toml", kind["name"]) for kind in shipped["ticket_type"])
    yield from (("scripts/translations.py", word) for word in (*MODES, *SIGNS))


def _templates() -> list[Path]:
    """Every template but the Word file, whose words come as data."""
    return sorted(path for path in (ROOT / "templates").rglob("*.*") if path.suffix != ".docx")


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def of_template(source: str) -> Iterator[str]:
    """Given a template's text, return the messages it hands to `_`."""
    found = babel_extract(io.BytesIO(source.encode()), ("_",), (), {"encoding": "utf-8", "silent": "false"})
    for _line, _function, arguments, _comments in found:
        message = arguments[0] if isinstance(arguments, tuple) else arguments  # a tuple where places are filled
        if message is not None:  # None where a value is looked up
            yield message


def of_python(source: str, name: str) -> Iterator[str]:
    """Given a module's text and its path, return its Chinese literals, less docstrings and what is exempt."""
    tree = ast.parse(source)
    exempt = EXEMPT.get(name, frozenset())
    if exempt is None:
        return
    left_out = set(_docstrings(tree)) | {id(part) for text in _composed(tree) for part in text.values}
    told = {id(argument) for call in ast.walk(tree) if isinstance(call, ast.Call) for argument in _told(call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in left_out:
            continue
        chinese = HAN.search(node.value) or (id(node) in told and FULL_WIDTH.search(node.value))
        if chinese and node.value not in exempt and not SETTINGS_PATH.match(node.value):
            yield node.value


def _told(call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return call.args[:1] if name in CALLS else []


def _docstrings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _composed(tree: ast.AST) -> list[ast.JoinedStr]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]


# -- judging ----------------------------------------------------------------------------------------------------------


def problems() -> list[str]:
    """Return everything wrong with the catalogue and the sources, one line each; nothing when all is well."""
    wanted, catalogue = messages(), read()
    text = {message: english(catalogue, message) for message in wanted}
    found = [f"obsolete: {message}" for message in sorted(ids(catalogue) - wanted.keys())]
    found += [f"{fault}: {message}" for message, said in text.items() for fault in faults(message, said)]
    if _without_files(PO.read_text(encoding="utf-8")) != _without_files(written(wanted, text)):
        found.append("console.po is not what `extract` writes: run it")
    if not MO.exists() or MO.read_bytes() != compiled(catalogue):
        found.append("console.mo is stale: run `compile`")
    return found + unwrapped_in_templates() + composed_in_python()


def _without_files(catalogue: str) -> list[str]:
    """A sentence that only moved to another module is no fault: its place is brought up to date at the next extract."""
    return [line for line in catalogue.splitlines() if not line.startswith("#:")]


def faults(message: str, said: str) -> Iterator[str]:
    """Given a message and its English, return what is wrong with the English."""
    if not said.strip():
        yield "untranslated"
        return
    if sorted(set(PLACE.findall(said))) != sorted(set(PLACE.findall(message))):
        yield "unlike places"
    bare = QUOTED.sub(lambda quoted: "" if quoted[1] in SHEET_WORDS else quoted[0], said)
    if HAN.search(bare) or FULL_WIDTH.search(bare):
        yield "Chinese in the English"
    if "!" in said:
        yield "exclamation mark"
    if message.endswith("。") and not said.endswith("."):
        yield "no full stop"


def unwrapped_in_templates() -> list[str]:
    """Return the Chinese that templates say without `_`."""
    found = []
    for path in _templates():
        for line, text in unwrapped(path.read_text(encoding="utf-8")):
            if (_named(path), text) not in TEMPLATE_WORDS:
                found.append(f"unwrapped: {_named(path)}:{line}: {text}")
    return found


def unwrapped(source: str, sign: re.Pattern[str] = HAN) -> list[tuple[int, str]]:
    """Given a template's text, return line and text of what holds a sign (a Han character) and is not `_`'s message.

    A mapping's key is let pass: states are stored in Chinese and looked up by it.
    """
    return list(_unwrapped(Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source), sign))


def _unwrapped(node: nodes.Node, sign: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, nodes.TemplateData) and sign.search(node.data):
        yield node.lineno, " ".join(node.data.split())
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and sign.search(node.value):
        yield node.lineno, node.value
    wraps = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "_"
    for child in node.iter_child_nodes():
        message = wraps and child is node.args[0]  # type: ignore[attr-defined]
        key = isinstance(node, nodes.Pair) and child is node.key
        if not (message or key) or not isinstance(child, nodes.Const):
            yield from _unwrapped(child, sign)


def composed_in_python() -> list[str]:
    """Return the f-strings that compose Chinese where nothing could translate it."""
    found = []
    for path in sorted((ROOT / "ops_console").rglob("*.py")):
        if _named(path) not in COMPOSING:
            found += [f"composed: {_named(path)}:{line}" for line in composed(path.read_text(encoding="utf-8"))]
    return found


def composed(source: str) -> list[int]:
    """Given a module's text, return the lines of f-strings with Chinese of their own."""
    return [
        text.lineno
        for text in _composed(ast.parse(source))
        if any(isinstance(part, ast.Constant) and HAN.search(str(part.value)) for part in text.values)
    ]


# -- files ------------------------------------------------------------------------------------------------------------


def read() -> Catalog:
    """Return the committed catalogue."""
    with PO.open("rb") as stream:
        return read_po(stream, locale="en")


def ids(catalogue: Catalog) -> set[str]:
    """Given a catalogue, return its messages without the header's empty one."""
    return {message.id for message in catalogue if message.id}


def english(catalogue: Catalog, message: str) -> str:
    """Given a catalogue and a message, return its English, or nothing."""
    known = catalogue.get(message)
    return str(known.string) if known is not None and known.string else ""


def written(wanted: dict[str, list[str]], text: dict[str, str]) -> str:
    """Given the messages with their files and their English, return the .po file."""
    catalogue = Catalog()
    for message, files in wanted.items():
        catalogue.add(message, text[message], locations=[(file, 0) for file in files])
    body = io.BytesIO()
    write_po(body, catalogue, width=0, omit_header=True, sort_output=True, include_lineno=False)
    lines = "".join(f'"{line}\\n"\n' for line in HEADER.splitlines())
    return f'msgid ""\nmsgstr ""\n{lines}\n{body.getvalue().decode()}'


def compiled(catalogue: Catalog) -> bytes:
    """Given a catalogue, return the .mo file: what is translated, sorted, without a hash table."""
    pairs: Iterable[tuple[str, str]] = ((message, english(catalogue, message)) for message in ids(catalogue))
    entries = sorted((m.encode(), s.encode()) for m, s in [("", HEADER), *pairs] if s)
    count, at = len(entries), 28 + 16 * len(entries)
    tables: list[bytes] = []
    body = b""
    for column in (0, 1):
        for entry in entries:
            tables.append(struct.pack("<II", len(entry[column]), at + len(body)))
            body += entry[column] + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count) + b"".join(tables) + body


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
