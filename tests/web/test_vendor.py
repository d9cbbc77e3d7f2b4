"""The vendored front end is complete, unaltered and readable by Chrome 86; pages load nothing from outside.

Not a browser test: sheets and scripts are read as text against reviewed lists, each entry with its own sample.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STATIC = REPOSITORY / "ops_console" / "web" / "static"
VENDOR = STATIC / "vendor"
LOCK = STATIC / "vendor.lock"
OLDEST_CHROME = 86


class Feature(NamedTuple):
    """What Chrome 86 lacks: where it stands in a sheet, its pattern, the version that brought it, a sample."""

    place: str
    pattern: str
    chrome: int
    sample: str


# Chrome 86 takes one simple selector in :not(); here a second one follows the first.
NOT_COMPOUND = r":not\(\s*(?>\[[^\]]*\]|::?[\w-]+|[.#]?[\w-]+|\*)\s*[\w.:#\[>+~*]"
# Left out on purpose, an old browser ignores them without loss: accent-color (93), scrollbar-color and
# scrollbar-gutter, text-wrap, text-underline-offset, text-decoration-thickness, forced-color-adjust, hyphens.
NEWER_CSS = [
    Feature("selector", r":is\(", 88, ":is(a, b) { top: 0 }"),
    Feature("selector", r":where\(", 88, ":where(a) b { top: 0 }"),
    Feature("selector", r":has\(", 105, "a:has(> b) { top: 0 }"),
    Feature("selector", r":not\([^()]*,", 88, "a:not(.b, .c) { top: 0 }"),
    Feature("selector", NOT_COMPOUND, 88, "a:not(.b:first-child) { top: 0 }"),
    Feature("selector", r":nth-(last-)?child\([^)]* of ", 111, "li:nth-child(2 of .a) { top: 0 }"),
    Feature("selector", r":dir\(", 120, ":dir(rtl) { top: 0 }"),
    Feature("selector", r":modal\b", 105, "dialog:modal { top: 0 }"),
    Feature("selector", r":popover-open\b", 114, "div:popover-open { top: 0 }"),
    Feature("selector", r":open\b", 133, "details:open { top: 0 }"),
    Feature("selector", r":user-(in)?valid\b", 119, "input:user-invalid { top: 0 }"),
    Feature("selector", r":autofill\b", 110, "input:autofill { top: 0 }"),
    Feature("selector", r":state\(", 125, "x-a:state(b) { top: 0 }"),
    Feature("selector", r"::file-selector-button", 89, "input::file-selector-button { top: 0 }"),
    Feature("selector", r"::(highlight|view-transition|target-text|details-content)", 89, "::target-text { top: 0 }"),
    Feature("nesting", r".", 112, "a { color: red; &:hover { color: blue } }"),
    Feature("at", r"@layer\b", 99, "@layer base { a { top: 0 } }"),
    Feature("at", r"@container\b", 105, "@container (min-width: 1px) { a { top: 0 } }"),
    Feature("at", r"@scope\b", 118, "@scope (.a) { b { top: 0 } }"),
    Feature("at", r"@starting-style\b", 117, "@starting-style { a { top: 0 } }"),
    Feature("at", r"@counter-style\b", 91, "@counter-style a { symbols: b }"),
    Feature("at", r"@(function|position-try|view-transition)\b", 125, "@position-try --a { top: 0 }"),
    Feature("at", r"@media[^{]*[<>]", 104, "@media (width >= 600px) { a { top: 0 } }"),
    Feature("at", r"@media\s+not\s*\(|@media[^{]*\)\s*or\s*\(", 104, "@media not (hover) { a { top: 0 } }"),
    Feature("property", r"inset(-(inline|block)(-(start|end))?)?$", 87, "a { inset: 0 }"),
    Feature("property", r"(margin|padding)-(inline|block)$", 87, "a { margin-inline: auto }"),
    Feature("property", r"border-(inline|block)(-(width|style|color))?$", 87, "a { border-block: 0 }"),
    Feature("property", r"border-(start|end)-(start|end)-radius$", 89, "a { border-start-start-radius: 1px }"),
    Feature("property", r"aspect-ratio$", 88, "a { aspect-ratio: 16 / 9 }"),
    Feature("property", r"(translate|rotate|scale)$", 104, "a { translate: 0 1px }"),
    Feature("property", r"mask(-.+)?$", 120, "a { mask-image: none }"),
    Feature("property", r"container(-type|-name)?$", 105, "a { container-type: inline-size }"),
    Feature("property", r"(anchor-name|position-anchor|position-area)$", 125, "a { anchor-name: --b }"),
    Feature("property", r"field-sizing$", 123, "textarea { field-sizing: content }"),
    Feature("property", r"text-box(-trim|-edge)?$", 133, "a { text-box: trim-both }"),
    Feature("pair", r"overflow(-x|-y)?: ?clip\b", 90, "a { overflow: clip }"),
    Feature("pair", r"(float|clear): ?inline-(start|end)\b", 118, "a { float: inline-start }"),
    Feature("pair", r"(justify|align|place)-\w+:.*(?<!-)\b(start|end)\b", 93, "a { align-self: end }"),
    Feature("pair", r"(?<!-)background-clip: ?text\b", 120, "a { background-clip: text }"),
    Feature("pair", r"(width|height): ?stretch\b", 138, "a { width: stretch }"),
    Feature("pair", r"flex(-basis)?:.*\bcontent\b", 94, "a { flex-basis: content }"),
    Feature("pair", r"display: ?\w+ (flex|grid|flow|flow-root)\b", 115, "a { display: inline flex }"),
    Feature("pair", r"transition.*\ballow-discrete\b", 117, "a { transition: display 1s allow-discrete }"),
    Feature("pair", r"clip-path:.*\b(path|xywh|rect)\(", 88, "a { clip-path: path(x) }"),
    # No version found for this one; a real Chromium 86.0.4240 dropped the declaration, with a blank it stayed.
    Feature("raw pair", r"--[\w-]+:$", 87, "a { --b:; }"),
    Feature("value", r"\bcolor-mix\(", 111, "a { --b: color-mix(in oklab, red 10%, blue) }"),
    Feature("value", r"\b(ok)?l(ch|ab)\(", 111, "a { color: oklch(50% 0.1 20) }"),
    Feature("value", r"(?<![\w-])color\(", 111, "a { color: color(display-p3 1 0 0) }"),
    Feature("value", r"\bhwb\(", 101, "a { color: hwb(0 0% 0%) }"),
    Feature("value", r"\blight-dark\(", 123, "a { color: light-dark(red, blue) }"),
    Feature("value", r"\b(rgb|hsl)a?\(\s*from\b", 119, "a { color: rgb(from red r g b) }"),
    Feature("value", r"(?<![\w-])image-set\(", 113, "a { background: image-set(none 1x) }"),
    Feature("value", r"(?<![\w-])linear\(", 113, "a { transition: top 1s linear(0, 1) }"),
    Feature("value", r"(?<![\w-])(a?(sin|cos|tan)|atan2|pow|sqrt|hypot|log|exp)\(", 111, "a { top: sin(1) }"),
    Feature("value", r"(?<![\w-])(round|mod|rem|abs|sign)\(", 125, "a { top: round(1px, 2px) }"),
    Feature("value", r"(?<![\w-])(calc-size|anchor|anchor-size|if|sibling-index)\(", 125, "a { top: anchor(top) }"),
    Feature("value", r"(?<![\w.#-])[\d.]+([dsl]v([hwib]|min|max)|v[ib])\b", 108, "a { height: 100dvh }"),
    Feature("value", r"(?<![\w.#-])[\d.]+cq([hwib]|min|max)\b", 105, "a { width: 50cqw }"),
    Feature("value", r"(?<![\w.#-])[\d.]+(r?lh|r?ic|r?cap|rex|rch)\b", 106, "a { height: 2lh }"),
]  # fmt: skip

NEWER_JS = {
    r"\.at\(": (92, "list.at(-1)"),
    r"\bstructuredClone\(": (98, "structuredClone(a)"),
    r"\bObject\.(hasOwn|groupBy)\(": (93, "Object.hasOwn(a, b)"),
    r"\bMap\.groupBy\(": (117, "Map.groupBy(a, b)"),
    r"\.findLast(Index)?\(": (97, "list.findLast(test)"),
    r"\.group(ToMap)?\(": (117, "list.group(test)"),
    r"\.to(Sorted|Reversed|Spliced)\(": (110, "list.toSorted()"),
    r"\.(union|intersection|difference|isSubsetOf|isSupersetOf)\(": (122, "one.union(other)"),
    r"\bArray\.fromAsync\(": (121, "Array.fromAsync(a)"),
    r"\bPromise\.(withResolvers|try)\(": (119, "Promise.withResolvers()"),
    r"\bAbortSignal\.(timeout|any)\(": (103, "AbortSignal.timeout(9)"),
    r"\bURL\.(canParse|parse)\(": (120, "URL.canParse(a)"),
    r"\bIntl\.(Segmenter|DurationFormat|supportedValuesOf)\b": (87, "new Intl.Segmenter()"),
    r"\bcrypto\.randomUUID\(": (92, "crypto.randomUUID()"),
    r"\.(show|hide|toggle)Popover\(": (114, "box.showPopover()"),
    r"\.(checkVisibility|moveBefore|startViewTransition|setHTML|setHTMLUnsafe|getHTML)\(": (
        105,
        "box.checkVisibility()",
    ),
    r"\bscheduler\.": (94, "scheduler.postTask(a)"),
    r"\bstatic\s*\{": (94, "class A { static { run() } }"),
    r"#\w+\s+in\s": (91, "if (#secret in other) run()"),
    r"\bimport\b[^;]*\b(with|assert)\s*\{": (91, "import a from './a.json' with { type: 'json' }"),
    r"^(?!\s)(?!.*\basync\b)[^\n{]*\bawait\b": (89, "const a = await fetch(b)"),
}
NEWER_SELECTOR_IN_JS = r":(is|where|has|modal|popover-open)\b\(?"

QUOTED = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
# What in a script is not code: comments, texts, and regular expressions (they may hold quotes).
NOT_CODE = re.compile(
    rf"/\*.*?\*/|(?<!:)//[^\n]*|{QUOTED}|`(?:\\.|[^`\\])*`"
    r"|(?<=[(,=:!&|?;{}\s])/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/",
    re.DOTALL,
)


class Piece(NamedTuple):
    """One selector, at-rule opening or declaration of a sheet."""

    place: str
    text: str


def css_pieces(css: str) -> list[Piece]:
    """Given a sheet, return its pieces with comments, strings and addresses emptied."""
    plain = re.sub(rf"/\*.*?\*/|url\(\s*(?:{QUOTED}|[^)]*)\s*\)|{QUOTED}", _emptied, css, flags=re.DOTALL)
    pieces: list[Piece] = []
    blocks: list[str] = []
    depth, text = 0, ""
    for sign in plain:
        depth += (sign == "(") - (sign == ")")
        if depth or sign not in "{};":
            text += sign
            continue
        opening = text.strip()
        if sign == "{":
            pieces += _opened(opening, blocks)
            blocks.append(opening)
        elif opening:
            pieces += [Piece("at", opening)] if opening.startswith("@") else _declared(text)
        if sign == "}" and blocks:
            blocks.pop()
        text = ""
    return pieces


def _emptied(match: re.Match[str]) -> str:
    if match[0].startswith("/*"):
        return " "
    return "url()" if match[0].startswith("url(") else '""'


def _opened(opening: str, blocks: list[str]) -> list[Piece]:
    if opening.startswith("@"):
        return [Piece("at", opening)]
    if blocks and "keyframes" in blocks[-1]:
        return []
    nested = any(not one.startswith("@") for one in blocks)
    return [Piece("nesting", opening)] * nested + [Piece("selector", opening)]


def _declared(text: str) -> list[Piece]:
    name, _, value = text.strip().partition(":")
    pair = f"{name.strip()}: {value.strip()}"
    raw = f"{name.strip()}:{text.lstrip().partition(':')[2]}"
    return [
        Piece("property", name.strip()),
        Piece("value", value.strip()),
        Piece("pair", pair),
        Piece("raw pair", raw),
    ]


def newer_css(css: str) -> list[str]:
    """Given a sheet, name what in it Chrome 86 does not understand."""
    found = []
    for piece in css_pieces(css):
        for feature in NEWER_CSS:
            if feature.place == piece.place and _matches(feature, piece):
                found.append(f"Chrome {feature.chrome}: {piece.text[:120]}")
    return found


def _matches(feature: Feature, piece: Piece) -> bool:
    if feature.place in ("property", "pair", "raw pair"):
        return re.match(feature.pattern, piece.text, re.IGNORECASE) is not None
    return re.search(feature.pattern, piece.text, re.IGNORECASE) is not None


def js_without_text(script: str) -> str:
    """Given a script, return it with comments and texts emptied (what stands in ${…} goes with its text)."""
    return NOT_CODE.sub(lambda match: " " if match[0].startswith("/") else '""', script)


def newer_js(script: str) -> list[str]:
    """Given a script, name what in it Chrome 86 does not understand."""
    plain = js_without_text(script)
    found = [f"Chrome {since}: {pattern}" for pattern, (since, _) in NEWER_JS.items() if _found(pattern, plain)]
    texts = [match[0] for match in NOT_CODE.finditer(script) if not match[0].startswith("/")]
    return found + [f"selector in {text}" for text in texts if re.search(NEWER_SELECTOR_IN_JS, text)]


def _found(pattern: str, plain: str) -> bool:
    return re.search(pattern, plain, re.MULTILINE) is not None


def loaded_from_outside(text: str) -> list[str]:
    """Given a page, sheet or script, return every piece that would load something from another host."""
    host = r"(?:https?:)?//[\w{]"
    tag = r"<(?:script|link|img|iframe|source|audio|video|track|embed|object|use|image|input)\b[^>]*?\b"
    asset = rf"{tag}(?:src|href|srcset|data|poster)\s*=\s*[\"']?\s*{host}[^>]*"
    sheet = rf"url\(\s*[\"']?{host}[^)]*\)|@import\s[^;]*"
    call = r"(?:import|fetch|importScripts|WebSocket|EventSource|Worker)\b[\s(]*(?:[^;\n]*?from\s*)?"
    script = call + r"[\"'`](?:(?:https?|wss?):)?//[^\"'`]*"
    return re.findall(rf"{asset}|{sheet}|{script}", text, re.IGNORECASE)


def wrong_files(vendor: Path, files: list[dict]) -> list[str]:
    """Given the vendored directory and the lock's entries, return what is missing, unlisted or altered."""
    listed = {one["file"]: one for one in files}
    present = {path.relative_to(vendor).as_posix(): path for path in vendor.rglob("*") if path.is_file()}
    wrong = [f"missing {name}" for name in listed.keys() - present.keys()]
    wrong += [f"unlisted {name}" for name in present.keys() - listed.keys()]
    for name in listed.keys() & present.keys():
        content = present[name].read_bytes()
        if (len(content), hashlib.sha256(content).hexdigest()) != (listed[name]["bytes"], listed[name]["sha256"]):
            wrong.append(f"altered {name}")
    return sorted(wrong)


def own(kind: str) -> list[Path]:
    return sorted(path for path in STATIC.rglob(f"*.{kind}") if VENDOR not in path.parents)


def pages() -> list[Path]:
    folders = [REPOSITORY / "templates", REPOSITORY / "ops_console" / "web"]
    kinds = (".html", ".htm", ".jinja", ".j2", ".svg", ".xml")
    found = {path for folder in folders for path in folder.rglob("*") if path.suffix in kinds}
    return sorted(path for path in found if VENDOR not in path.parents)


LOCKED = json.loads(LOCK.read_text(encoding="utf-8"))


def test_vendored_files_are_those_of_the_lock() -> None:
    assert wrong_files(VENDOR, LOCKED["files"]) == []
    assert wrong_files(REPOSITORY / "tests" / "vendor", LOCKED["tested_with"]) == []


def test_missing_unlisted_and_altered_files_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "surplus.js").write_text("1")
    (tmp_path / "altered.js").write_text("2")
    listed = [{"file": name, "bytes": 1, "sha256": "0" * 64} for name in ("gone.js", "altered.js")]
    assert wrong_files(tmp_path, listed) == ["altered altered.js", "missing gone.js", "unlisted surplus.js"]


def test_every_vendored_directory_carries_its_licence() -> None:
    directories = {path.parent for path in VENDOR.rglob("*") if path.is_file()}
    assert directories
    assert [one.name for one in directories if not (one / "LICENSE").is_file()] == []
    assert all((one / "LICENSE").stat().st_size > 500 for one in directories)


def test_lock_names_packages_by_name_and_version_only() -> None:
    packages = {(one["name"], one["version"]) for one in LOCKED["packages"]}
    files = LOCKED["files"] + LOCKED["tested_with"]
    assert {(one["name"], one["version"]) for one in files} == packages
    assert all(one["licence"] for one in files)
    assert "://" not in LOCK.read_text(encoding="utf-8")


def test_lock_says_that_chrome_86_reads_everything() -> None:
    checks = LOCKED["checks"]
    assert checks["chrome"] == OLDEST_CHROME
    assert checks["css"]["newer_than_chrome"] == []
    assert {name for name, one in checks["js"].items() if one["readable"]} == {
        path.name for path in VENDOR.rglob("*.js")
    }


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.css")), ids=lambda path: path.name)
def test_sheet_needs_nothing_newer_than_chrome_86(path: Path) -> None:
    assert newer_css(path.read_text(encoding="utf-8")) == []


def test_own_scripts_need_nothing_newer_than_chrome_86() -> None:
    assert {path.name: found for path in own("js") if (found := newer_js(path.read_text(encoding="utf-8")))} == {}


def test_pages_sheets_and_scripts_load_nothing_from_outside() -> None:
    read = [*pages(), *own("css"), *own("js"), *VENDOR.rglob("*.css"), *VENDOR.rglob("*.svg")]
    assert read
    assert {path.name: found for path in read if (found := loaded_from_outside(path.read_text(encoding="utf-8")))} == {}


def test_icons_are_symbols_with_unique_names() -> None:
    sprite = (VENDOR / "tabler-icons" / "icons.svg").read_text(encoding="utf-8")
    names = re.findall(r'<symbol id="([a-z0-9-]+)"', sprite)
    wanted = (REPOSITORY / "scripts" / "frontend" / "icons.txt").read_text(encoding="utf-8").split()
    assert names == sorted(set(names)) == wanted
    assert "<script" not in sprite


@pytest.mark.parametrize("feature", NEWER_CSS, ids=lambda feature: feature.sample[:40])
def test_scan_finds_newer_css(feature: Feature) -> None:
    assert feature.chrome > OLDEST_CHROME
    assert any(one.startswith(f"Chrome {feature.chrome}:") for one in newer_css(feature.sample))
    assert newer_css("@media print{" + feature.sample + "}")


def test_scan_of_css_passes_over_texts_addresses_and_lookalikes() -> None:
    harmless = """
    /* a:has(b) { inset: 0; color: color-mix(in oklab, red, blue) } */
    @import-like; a::before { content: ":is(x) { inset: 0 } oklch("; }
    a { background: url(data:image/svg+xml;x={inset:0}oklch(1)) }
    b { background: url("data:image/svg+xml,<svg style='mask:none;color:lab(1 2 3)'/>") }
    .inset, .scale:not(.rotate):not([data-a="x, y"]) > .mask-icon { transform: translate(1px) rotate(2deg) scale(3) }
    a { --inset: 0; --b: ; margin-inline-start: 1px; -webkit-mask-image: none }
    b:not(:nth-child(2)):not(:hover) { color: rgba(1,2,3,calc(.1 * var(--o,1))) }
    @media (min-width: 1px) and (max-width: 767.98px) { a { align-items: flex-start; color: #1dvb00; top: 1vh } }
    @keyframes turn { from { transform: none } 50% { opacity: .5 } to { opacity: 1 } }
    input:not([type=date]):focus-visible::-webkit-file-upload-button { justify-content: space-between; text-align: end }
    @media screen { a:hover { flex: 1 1 auto; width: fit-content; display: inline-flex; clip-path: inset(0 5px) } }
    """
    assert newer_css(harmless) == []


@pytest.mark.parametrize(("pattern", "sample"), [(one, sample) for one, (_, sample) in NEWER_JS.items()])
def test_scan_finds_newer_javascript(pattern: str, sample: str) -> None:
    assert NEWER_JS[pattern][0] > OLDEST_CHROME
    assert any(pattern in one for one in newer_js(f"run();\n{sample};\n"))


def test_scan_of_javascript_passes_over_texts_comments_and_what_chrome_86_has() -> None:
    harmless = """
    // list.at(-1) and structuredClone(x), see https://example.invalid/a.at(1)
    /* static { } await */
    const text = "Object.hasOwn(a) .findLast( static {"; const other = `await ${name} .at(`;
    class Clock { #left = 1; #tick() { this.#left ??= 2; } static made = 0; }
    async function load() { const answer = await fetch(place); return answer?.ok ?? a.replaceAll("x", "y"); }
    async function save() {
        const answer = await fetch(place);
    }
    const quote = /['"]/; const half = whole / 2 / parts; // don't .at(
    box.replaceChildren(); box.querySelectorAll("a:not(.b):focus-visible");
    """
    assert newer_js(textwrap.dedent(harmless)) == []
    assert newer_js("const quote = /'/;\nbox.querySelector('tr:has(td)');\nlist.at(-1)")[1:]


@pytest.mark.parametrize(
    "outside",
    [
        '<script src="https://cdn.example.invalid/a.js"></script>',
        "<link rel=stylesheet href='//cdn.example.invalid/a.css'>",
        '<img alt="a" src="http://{{ host }}/a.png">',
        "a { background: url(https://example.invalid/a.png) }",
        '@import "other.css";',
        'fetch("https://example.invalid/a")',
        'import a from "https://example.invalid/a.js"',
    ],
)
def test_scan_finds_what_is_loaded_from_outside(outside: str) -> None:
    assert loaded_from_outside(outside)


def test_links_to_read_and_own_files_are_not_loading_from_outside() -> None:
    page = """<a href="https://example.invalid/">x</a> <svg xmlns="http://www.w3.org/2000/svg"></svg>
    <script src="{{ url_for('static', filename='a.js') }}"></script> <img src="/static/a.png"> <use href="/a.svg#b"/>"""
    assert loaded_from_outside(page) == []
