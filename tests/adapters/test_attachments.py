"""Keeping files: each kind, each hostile file, sizes at the edge, a full disk, a kill in the middle, two at once."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from ops_console.adapters.clamd import Clamd
from ops_console.adapters.files import DataFolder
from ops_console.adapters.pictures import look_at
from ops_console.console import PROJECT
from ops_console.core.attachments import LONGEST_BYTES, NewFile
from ops_console.core.errors import Refused
from tests.pictures import PDF, archive, document, photo_with_place, picture, png_that_claims


@pytest.fixture
def files(tmp_path: Path) -> DataFolder:
    """A data folder that takes files."""
    made = DataFolder(tmp_path / "data", reserve=0)
    made.prepare()
    return made


def keep(files: DataFolder, content: bytes, name: str = "a.bin") -> NewFile:
    return files.keep_attachment(io.BytesIO(content), name)


def refusal(files: DataFolder, content: bytes, name: str = "a.bin") -> str:
    with pytest.raises(Refused) as caught:
        keep(files, content, name)
    assert kept(files) == []
    return str(caught.value)


def kept(files: DataFolder) -> list[str]:
    """Everything in the folder of attachments, half files too."""
    return sorted(path.name for path in (files.folder / "attachments").iterdir())


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (picture("PNG"), "截图.png", "png"), (picture("JPEG"), "a.jpg", "jpeg"), (picture("WEBP"), "a.webp", "webp"),
        (picture("GIF"), "a.gif", "gif"), (PDF, "a.pdf", "pdf"), (document("xl"), "a.xlsx", "xlsx"),
        (document("word"), "a.docx", "docx"), ("时间,内容\n".encode(), "a.csv", "text"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 50, "a.mp4", "mp4"),
    ],
)  # fmt: skip
def test_a_good_file_is_kept_under_its_hash_for_its_owner_alone(
    files: DataFolder, content: bytes, name: str, kind: str
) -> None:
    found = keep(files, content, name)

    path = files.attachment(found.digest)
    assert (found.name, found.kind, found.size, found.told) == (name, kind, len(content), True)
    assert found.digest == hashlib.sha256(content).hexdigest() == path.name
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_content_decides_and_the_difference_is_told(files: DataFolder) -> None:
    found = keep(files, picture("JPEG"), "屏幕.png")

    assert (found.kind, found.name, found.told) == ("jpeg", "屏幕.jpg", False)
    assert (found.width, found.height) == (400, 300)


BOMB = document("xl", xl__big=b"\0" * 30_000_000)
HOSTILE = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.svg", "不是可以上传的种类"),
    "html as png": (b"<html><script>alert(1)</script>", "x.png", "不是可以上传的种类"),
    "zip bomb": (BOMB, "台账.xlsx", "压缩比异常"),
    "plain zip": (archive(a__txt=b"a"), "x.zip", "不是可以上传的种类"),
    "nested zip": (archive(inner__zip=archive(again__zip=archive(a=b"a" * 9))), "x.xlsx", "不是可以上传的种类"),
    "macros": (document("xl", xl__vbaProject=b"", **{"xl__vbaProject.bin": b"x"}), "x.xlsx", "含有宏"),
    "doctype": (document("xl", xl__evil=b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), "x.xlsx", "不该有的声明"),
    "members": (document("xl", **{f"xl__{n}": b"" for n in range(2001)}), "x.xlsx", "部件过多"),
    "broken zip": (document("xl")[:-30], "x.xlsx", "不是可以上传的种类"),
    "nothing": (b"", "空.png", "0 字节"),
    "bomb of pixels": (png_that_claims(50_000, 50_000), "x.png", "50000×50000 像素"),
    "png head alone": (picture("PNG")[:20], "x.png", "不完整或已损坏"),
    "jpeg head alone": (picture("JPEG")[:40], "x.jpg", "不完整或已损坏"),
    "program": (b"MZ\x90\0" + b"\0" * 60, "photo.jpg", "不是可以上传的种类"),
    "script": (b"\n <script>alert(1)</script>", "x.txt", "不是可以上传的种类"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_with_a_sentence_and_leaves_nothing(files: DataFolder, case: str) -> None:
    content, name, told = HOSTILE[case]
    begun = time.monotonic()

    sentence = refusal(files, content, name)

    assert told in sentence
    assert name.rpartition(".")[0] in sentence
    assert "没有存下" in sentence
    assert time.monotonic() - begun < 60  # unbounded, it would take far longer


@pytest.mark.parametrize("case", ["gif and script", "pdf with script"])
def test_what_only_a_browser_could_make_harmful_is_kept_under_what_it_is(files: DataFolder, case: str) -> None:
    gif = picture("GIF").replace(b"GIF89a", b"GIF89a", 1) + b"/*\n*/=1;alert(1)"
    content, name = {"gif and script": (gif, "x.js"), "pdf with script": (PDF, "x.pdf")}[case]

    assert keep(files, content, name).name in ("x.gif", "x.pdf")


def test_a_truncated_photo_is_kept_and_has_no_small_picture(files: DataFolder) -> None:
    found = keep(files, picture("JPEG", (800, 600))[:3000], "半张.jpg")

    assert (found.width, found.height) == (800, 600)
    assert look_at(files.attachment(found.digest), found.kind) is None


def text_of(size: int) -> bytes:
    return b"a" * size


def test_exactly_the_longest_is_kept_and_one_byte_more_is_not(files: DataFolder, tmp_path: Path) -> None:
    assert keep(files, text_of(LONGEST_BYTES), "a.log").size == LONGEST_BYTES
    (files.folder / "attachments" / hashlib.sha256(text_of(LONGEST_BYTES)).hexdigest()).unlink()

    assert "超过 25 MiB" in refusal(files, text_of(LONGEST_BYTES + 1), "a.log")


class Endless:
    """A stream without an end that counts what was taken of it."""

    taken = 0

    def read(self, size: int) -> bytes:
        self.taken += size
        return b"a" * size


def test_an_endless_stream_is_left_just_past_the_limit(files: DataFolder) -> None:
    stream = Endless()

    with pytest.raises(Refused, match="25 MiB"):
        files.keep_attachment(stream, "a.log")  # type: ignore[arg-type]

    assert stream.taken <= LONGEST_BYTES + (1 << 20)
    assert kept(files) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/cron.d/x", "..\\..\\x.bat", "CON.png", "a\nb.txt", "\u202etxt.exe", "x" * 300]
)
def test_no_name_becomes_a_path(files: DataFolder, tmp_path: Path, name: str) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}

    found = keep(files, b"plain text", name)

    assert {path for path in tmp_path.rglob("*") if path.is_file()} - before == {files.attachment(found.digest)}
    assert not set(found.name) & set("/\\\n\u202e")
    assert len(found.name) <= 120


def test_the_same_bytes_are_one_file(files: DataFolder) -> None:
    first, second = keep(files, picture(), "a.png"), keep(files, picture(), "b.png")

    assert first.digest == second.digest
    assert kept(files) == [first.digest]


FULL_DISK = """
import io, resource, sys
from pathlib import Path
from ops_console.adapters.files import DataFolder
from ops_console.core.errors import Refused
files = DataFolder(Path(sys.argv[1]), reserve=0)
files.prepare()
files.keep_attachment(io.BytesIO(b"small text"), "small.txt")
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    files.keep_attachment(io.BytesIO(b"a" * (3 << 20)), "large.txt")
except Refused as refused:
    print(refused)
"""


def run_child(script: str, *arguments: str) -> str:
    given = [sys.executable, "-c", script, *arguments]
    return subprocess.run(given, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_lost(files: DataFolder) -> None:
    said = run_child(FULL_DISK, str(files.folder))

    assert "文件没有存下" in said
    assert "已有的内容没有丢失" in said
    assert kept(files) == [hashlib.sha256(b"small text").hexdigest()]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB, where mounting is allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here; the limit on file size is tested instead")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_nothing_is_lost(tiny_disk: Path) -> None:
    files = DataFolder(tiny_disk / "data", reserve=0)
    files.prepare()
    found = keep(files, b"small text", "a.txt")

    with pytest.raises(Refused, match="文件没有存下（No space left on device）"):
        keep(files, text_of(2 << 20), "large.txt")

    assert kept(files) == [found.digest]
    assert files.attachment(found.digest).read_bytes() == b"small text"
    assert keep(files, b"there is room again", "b.txt").size == 19


def test_the_last_of_a_disk_is_left_to_the_database(tmp_path: Path) -> None:
    files = DataFolder(tmp_path / "data", reserve=1 << 60)
    files.prepare()

    assert "磁盘剩余空间不足" in refusal(files, b"text")


HALF_AN_UPLOAD = """
import sys, time
from pathlib import Path
from ops_console.adapters.files import DataFolder
class Slow:
    def read(self, size):
        print("reading", flush=True)
        time.sleep(0.05)
        return b"a" * 1000
files = DataFolder(Path(sys.argv[1]), reserve=0)
files.prepare()
files.keep_attachment(Slow(), "a.txt")
"""


def test_a_kill_in_the_middle_leaves_no_file_that_counts_and_what_it_leaves_is_swept(files: DataFolder) -> None:
    given = [sys.executable, "-c", HALF_AN_UPLOAD, str(files.folder)]
    process = subprocess.Popen(given, cwd=PROJECT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()

    left = kept(files)
    assert len(left) == 1
    assert left[0].endswith(".part")
    assert files.sweep(datetime.now(UTC) - timedelta(days=1)) == 0  # it may be another process's, under way
    assert files.sweep(datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert kept(files) == []


SAME_BYTES = """
import io, sys
from pathlib import Path
from ops_console.adapters.files import DataFolder
files = DataFolder(Path(sys.argv[1]), reserve=0)
files.prepare()
for _ in range(30):
    print(files.keep_attachment(io.BytesIO(b"the same text" * 1000), "a.txt").digest)
"""


def test_two_processes_that_bring_the_same_bytes_both_succeed(files: DataFolder) -> None:
    given = [sys.executable, "-c", SAME_BYTES, str(files.folder)]
    processes = [subprocess.Popen(given, cwd=PROJECT, stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].decode().split() for process in processes]

    digest = hashlib.sha256(b"the same text" * 1000).hexdigest()
    assert said == [[digest] * 30] * 2
    assert kept(files) == [digest]
    assert files.attachment(digest).read_bytes() == b"the same text" * 1000


@pytest.mark.parametrize("bad", ["..", "A" * 64, "0" * 63, "0" * 64 + "/x", "../" + "0" * 61])
def test_only_a_hash_is_a_place(files: DataFolder, bad: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        files.attachment(bad)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_small_picture_is_made_anew(files: DataFolder, format: str) -> None:
    found = keep(files, picture(format, (1600, 900)), "a")

    seen = look_at(files.attachment(found.digest), found.kind)

    assert seen is not None
    with Image.open(io.BytesIO(seen.thumbnail)) as small:
        assert (small.format, small.size) == ("JPEG", (320, 180))
        assert small.convert("L").getpixel((20, 20)) > 240  # type: ignore[operator]
        assert small.convert("L").getpixel((300, 170)) < 120  # type: ignore[operator]


def test_small_picture_stands_upright_and_tells_neither_place_nor_maker(files: DataFolder) -> None:
    original = photo_with_place()
    assert b"SecretPhoneMaker" in original
    found = keep(files, original, "a.jpg")

    seen = look_at(files.attachment(found.digest), found.kind)

    assert seen is not None
    assert b"SecretPhoneMaker" not in seen.thumbnail
    with Image.open(io.BytesIO(seen.thumbnail)) as small:
        assert small.size == (240, 320)
        assert not small.getexif()


def bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_pictures_that_look_alike_share_most_bits(files: DataFolder) -> None:
    def hashed(content: bytes) -> str:
        found = keep(files, content)
        seen = look_at(files.attachment(found.digest), found.kind)
        assert seen is not None
        return seen.phash

    spots = Image.frombytes("L", (9, 6), bytes((x * 97 + y * 59) % 256 for y in range(6) for x in range(9)))
    noise = spots.resize((640, 480), Image.Resampling.BICUBIC).convert("RGB")
    out = {name: io.BytesIO() for name in ("PNG", "JPEG", "small", "other")}
    noise.save(out["PNG"], "PNG")
    noise.save(out["JPEG"], "JPEG", quality=60)
    noise.resize((320, 240)).save(out["small"], "PNG")
    noise.transpose(Image.Transpose.ROTATE_180).save(out["other"], "PNG")
    one, again, small, other = (hashed(made.getvalue()) for made in out.values())

    assert len(one) == 16
    assert bits_apart(one, again) <= 6
    assert bits_apart(one, small) <= 6
    assert bits_apart(one, other) > 12


def test_a_picture_that_would_eat_the_machine_is_not_decoded(files: DataFolder, tmp_path: Path) -> None:
    """Even one that came past the header's check: the child has bounds of its own."""
    path = tmp_path / "bomb.png"
    path.write_bytes(png_that_claims(50_000, 50_000))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    assert look_at(path, "png") is None
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before < 300 * 1024


def test_a_picture_is_read_as_what_it_was_sniffed_to_be(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(picture("JPEG"))

    assert look_at(path, "png") is None


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """A daemon that speaks clamd's protocol: it finds what holds EICAR, and remembers what it was sent."""
    address, sent = str(tmp_path / "clamd"), []
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line, line.makefile("rb") as said:
                assert said.read(10) == b"zINSTREAM\0"
                content = b""
                while length := int.from_bytes(said.read(4), "big"):
                    content += said.read(length)
                sent.append(content)
                line.sendall(b"stream: Eicar-Test FOUND\0" if b"EICAR" in content else b"stream: OK\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield address, sent
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def test_a_file_is_scanned_where_a_daemon_is_named(tmp_path: Path, daemon: tuple[str, list[bytes]]) -> None:
    address, sent = daemon
    files = DataFolder(tmp_path / "data", reserve=0, scan=Clamd(address))
    files.prepare()

    assert keep(files, b"a" * 200_000, "a.txt").scan == "clean"
    assert sent == [b"a" * 200_000]
    with pytest.raises(Refused, match="发现 Eicar-Test"):
        keep(files, b"EICAR", "b.txt")
    assert len(kept(files)) == 1


def test_without_an_answer_a_file_is_kept_as_not_scanned(tmp_path: Path) -> None:
    files = DataFolder(tmp_path / "data", reserve=0, scan=Clamd(str(tmp_path / "nobody")))
    files.prepare()

    assert keep(files, b"text", "a.txt").scan == "unscanned"


def test_a_zip_whose_directory_lies_is_not_opened_here(files: DataFolder) -> None:
    """A member that says it is small and inflates to more: found by the child, within its bounds."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", b"<Types/>")
        made.writestr("xl/a.xml", b"<a>" + b"\0" * 5_000_000)
    lied = out.getvalue().replace((5_000_003).to_bytes(4, "little"), (60_000).to_bytes(4, "little"))

    try:
        keep(files, lied, "a.xlsx")
    except Refused as refused:
        assert "没有存下" in str(refused)  # noqa: PT017 - either is safe: nothing past the declared size is inflated


def test_a_file_that_comes_anew_while_it_is_forgotten_stays(
    files: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = files.keep_attachment(io.BytesIO(b"a proof"), "a.txt").digest
    path, old = files.attachment(digest), datetime.now(UTC) - timedelta(days=40)
    os.utime(path, (old.timestamp(), old.timestamp()))
    rename = Path.rename

    def slow(source: Path, target: Path) -> Path:  # somebody brings the same bytes just before it is moved aside
        files.keep_attachment(io.BytesIO(b"a proof"), "b.txt")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", slow)
    assert files.forget_attachments([digest], datetime.now(UTC) - timedelta(days=30)) == 0
    assert path.read_bytes() == b"a proof"
    monkeypatch.undo()
    assert [kept.name for kept in path.parent.iterdir()] == [digest]
