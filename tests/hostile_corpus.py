"""Notes as an enemy (or an old export) would write them: each file with what must become of it.

Every file holds a canary, a word that stands nowhere else: where one turns up outside the tables, something has leaked.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import random
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bvn_evidence.encoding import _MAGIC
from bvn_evidence.export import FORMATS

CANARY = re.compile(r"qzx\d{4}vk", re.IGNORECASE)
_numbers = itertools.count(1)
EXPORTS = [name for name in FORMATS if find_spec(f"bvn_evidence.export.{name.replace('-', '_')}")]
OPEN = ("processed", "rejected")  # either will do: a guess of an encoding may fail
_BODY = (
    "Chief complaint: axial low back pain for 3 years {c}.\n\nHPI: {c} denies leg pain. ODI 44%. Tried physical therapy "
    "for 8 weeks, naproxen {c} without relief.\nMRI: Modic type 2 changes at L4-L5.\n"
)


@dataclass(slots=True)
class Hostile:
    """One file: its path below the notes folder, its bytes, what must become of it; `facts`: all of `_BODY` is found."""

    path: str
    data: bytes
    status: tuple[str, ...] = ("processed",)
    facts: bool = False


def canary() -> str:
    """A new word that stands nowhere else."""
    return f"qzx{next(_numbers):04}vk"


def body(around: str = "{}") -> str:
    """A note with facts and a canary of its own; `around` holds `{}` where the note goes."""
    return around.replace("{}", _BODY.format(c=canary()))


def corpus() -> Iterator[Hostile]:
    """All files, in groups: a group is the patient."""
    for group in (_encodings, _controls, _binary, _unicode, _line_ends, _markup, _names, _odd):
        for number, (name, data, status, facts) in enumerate(group()):
            path = name if "/" in name else f"{group.__name__[1:]}/{number:03}{name}.txt"
            yield Hostile(path, data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"), status, facts)


_Cases = Iterator[tuple[str, "bytes | str", tuple[str, ...], bool]]
_DONE, _REFUSED, _EMPTY = ("processed",), ("rejected",), ("empty",)


def _encodings() -> _Cases:
    for codec in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "ascii", "cp1252", "latin-1"):
        yield "", body().encode(codec), _DONE, True
    for bom, codec in ((b"\xfe\xff", "utf-16-be"), (b"\x00\x00\xfe\xff", "utf-32-be"), (b"\xff\xfe", "utf-16-le")):
        yield "", bom + body().encode(codec), _DONE, True
    for word, codec in (("37\u00b0, \u201caxial\u201d \u2013 caf\u00e9", "cp1252"), ("caf\u00e9 \u00b1", "latin-1"), ("\u00fcber \u20ac", "utf-8")):
        yield "", body(word + "\n{}" + word).encode(codec), _DONE, True
    mixed = "Mu\u00f1oz ".encode() * 3 + body().encode() + "pain \u2013 axial".encode("cp1252")
    yield "", mixed, _DONE, True
    yield "", body("{}caf\u00e9").encode()[:-1], _DONE, True  # cut inside a character
    yield "", body("{}\u2265").encode()[:-1], _DONE, True
    yield "", body("{}\U0001f600").encode()[:-2], _DONE, True
    yield "", body().encode("utf-16") + b"\x41", _DONE, True  # half a character
    yield "", body().encode("utf-32") + b"\x41\x00", _DONE, True
    yield "", body("{}\ud800"), OPEN, False  # a surrogate in UTF-8
    yield "", b"\xc0\xae\xc0\xae/" + body().encode(), OPEN, False  # overlong
    yield "", b"\xff\xfe\xff\xfe" + body().encode("utf-16-le"), OPEN, False  # two marks
    yield "", b"\xef\xbb\xbf\xef\xbb\xbf" + body().encode(), OPEN, False
    russian = "\u0411\u043e\u043b\u044c \u0432 \u043f\u043e\u044f\u0441\u043d\u0438\u0446\u0435 \u0434\u0432\u0430 \u0433\u043e\u0434\u0430. " * 20
    for codec in ("cp1251", "koi8-r", "mac-cyrillic", "iso8859-5"):
        yield "", body(russian + "{}").encode(codec), OPEN, False
    asian = "\u8170\u75db\u304c\u4e09\u5e74\u7d9a\u304f\u3002" * 20
    for codec in ("shift-jis", "euc-jp", "iso2022-jp"):
        yield "", body(asian + "{}").encode(codec), OPEN, False
    for codec in ("gb18030", "utf-7", "cp037", "cp500"):
        yield "", body("\u00e9 {}").encode(codec), OPEN, False


def _controls() -> _Cases:
    for code in (*range(1, 9), *range(14, 32), 127, *range(0x80, 0xA0)):
        yield "", body("{}" + chr(code)), _DONE, True
    yield "", body("a\0b {}"), _DONE, True
    yield "", body("{}" + "\0" * 4096), _DONE, True  # padded to a block
    yield "", "\0" * 500, _EMPTY, False
    yield "", body("\x1b[2J\x1b]0;owned\x07\x1b[31m{}\x9b31m"), _DONE, True
    yield "", body("{}\x1a"), _DONE, True  # the end of a DOS file
    yield "", "\x01" * 50 + canary(), _REFUSED, False
    yield "", " \r\n\t\f\v\ufeff\u200b\u00a0", _EMPTY, False


def _binary() -> _Cases:
    chance = random.Random(5)
    for magic in (magic for magic, name in _MAGIC if name != "an RTF file"):  # which is read: test_formats.py
        yield "", magic + b" " + body().encode(), _REFUSED, False
    word = io.BytesIO()
    with zipfile.ZipFile(word, "w") as archive:
        archive.writestr("word/document.xml", body())
    yield "", word.getvalue(), _REFUSED, False
    yield "", b"\0" * 128 + b"DICM" + body().encode(), _REFUSED, False
    for length in (2, 16, 200, 5000, 60_000):
        yield "", chance.randbytes(length), OPEN if length < 200 else _REFUSED, False
    for flips in (1, 5, 50):
        data = bytearray(body().encode())
        for _ in range(flips):
            data[chance.randrange(len(data))] = chance.randrange(256)
        yield "", bytes(data), OPEN, False
    for suffix in (".pdf", ".docx", ".exe", ".jpg", ".zip", ".csv", ".xlsx"):
        yield f"binary/scan{suffix}", body(), _REFUSED, False


def _unicode() -> _Cases:
    for text in (
        "\U0001f600 {}", "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1fa\U0001f1f8 {}", "\u202e{}\u202c", "\u2066{}\u2069", "\u200f{}", "e\u0301\u0327{}",
        "Z\u0351\u0344\u0343\u0345" * 50 + " {}", "{}\uffff\ufdd0", "\ue000{}", "\U0010ffff{}", "\U000e0041\U000e007f{}",
        "{}\u2028\u2029\u0085", "\u00a0\u3000{}", "\u212a\u017f\u0130\u0131 {}", "\ufb01\u1e9e {}",
        "\uff2d\uff4f\uff44\uff49\uff43 \uff11 {}", "\u041e\u0421 {}", "{}\ufffd" * 1,
    ):  # fmt: skip
        yield "", body(text), _DONE, True
    zero = "\u200b".join(body())
    yield "", zero, _DONE, False
    yield "", body().replace("pain", "pa\u00adin"), _DONE, False
    yield "", "\u202e" * 1000 + canary(), _DONE, False
    yield "", "\u0301" * 5000 + canary(), _DONE, False


def _line_ends() -> _Cases:
    for end in ("\r", "\r\n", "\n\r", "\f\n", "\n\n\n\n", "\v\n", "\x85\n", "\u2028\n"):
        yield "", body().replace("\n", end), _DONE, True
    yield "", body().replace("\n", "\r\n", 1), _DONE, True
    yield "", body().replace("\n", "   ") * 1, _DONE, False
    yield "", (canary() + " word ") * 60_000, _DONE, False  # one line of 1 MB without end
    yield "", canary() + "x" * 500_000, _DONE, False
    yield "", "\n" * 200_000 + canary(), _DONE, False
    yield "", body("{}" + ("- Modic type 1 at L4-L5, no pain.\n" * 500)), _DONE, True
    yield "", body("{}" + "|" * 50_000), _DONE, True
    yield "", body("{}" + "[ ] [x] " * 5000), _DONE, True


def _markup() -> _Cases:
    for text in (
        "<script>window.hacked=1</script><img src=x onerror=alert(1)>{}", "</pre></div><style>*{display:none}</style>{}",
        "=cmd|' /C calc'!A0\n{}", "+1+1\n{}", "-2+3 {}", "@SUM(A1)\n{}", "\t=1+1\n{}", "{}\r=1+1", '=HYPERLINK("http://x.example")\n{}',
        "[red]{}[/red] [/] [link=http://x.example]x[/link]", "{{ 7 * 7 }} {% raw %}{} ${7*7} #{7}", "%s%n%x {0} {}", "## {}\n---\n```",
        "![x](http://x.example/x.png) [y](javascript:alert(1)) http://x.example {}", "<!--{}-->]]>", "\\x41 \\u0041 \\n {}",
        "{}\n\n# " + "P9999 (aspn-2022): met\n- **odi** (odi): nothing", "'; DROP TABLE notes; --{}", "../../etc/passwd {}",
        "id: x\ntitle: [{}", '{"a": {}', "path,patient_id\n{}", '"unclosed {}', "Dear {},\n\n{}",
    ):  # fmt: skip
        yield "", body(text), _DONE, False
    for line in ("| Level | {c} |\n|---|\n| L4-5 | Modic 2 | {c} | extra |\n| L5", "Level\t{c}\nL4-5\tModic 1\t\t\t\n\t\t\n", "L4-5:\n\n\n: {c}\n::::\n"):
        yield "", line.replace("{c}", canary()) * 30, _DONE, False  # tables with broken rows
    for heading in ("{c}:", "FINDINGS {c}:", "**{c}**", "=== {c} ===", "{c}" * 30 + ":"):
        yield "", f"{heading.replace('{c}', canary())}\nLow back pain for 2 years.\n" * 20, _DONE, False


def _names() -> _Cases:
    for name in (
        "names/sp ace .txt", "names/q\"uote's`$(id).txt", "names/new\nline.txt", "names/-rf.txt", "names/a;b,c.txt", "names/\x1b[31mred.txt",
        "names/=1+1.txt", "names/\u202egpj.txt", "names/caf\udce9.txt", "names/%41.txt", "names/" + "x" * 200 + ".txt", "names/CON.txt",
        "names/[red]x[/].txt", "names/note.TXT", "names/no suffix", "names/2024-13-45_clinic.txt", "names/..x/../dots.txt",
        "Case/2024-01-01_clinic.txt", "case/2024-01-01_clinic.txt", "<b>/n.txt", "=2+3/n.txt", "sp ace/n.txt", "\udcff\udcfe/n.txt",
        "deep/" + "d/" * 100 + "n.txt",
    ):  # fmt: skip
        yield name.replace("..x/../", ""), body(), _DONE, True
    for name in ("names/.hidden.txt", "names/~$lock.txt", "names/..x.txt"):
        yield name, body(), _REFUSED, False


def _odd() -> _Cases:
    yield "", b"", _EMPTY, False
    yield "", b"x", _DONE, False
    yield "", b"\xef\xbb\xbf", _EMPTY, False
    yield "", b"\xff\xfe", _EMPTY, False
    again = body()
    yield "", again, _DONE, True
    yield "", again, ("duplicate",), False
    yield "", again.encode("utf-16"), ("duplicate",), False


def write(folder: Path) -> dict[str, Hostile]:
    """Write all files and links below `folder`; the files by the name they have in notes.csv."""
    from bvn_evidence.corpus import printable

    written = {}
    for file in corpus():
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
        written[printable(file.path)] = file
    for name, make in _LINKS.items():
        make(folder / name)
        written[name] = Hostile(name, b"", ("rejected",))
    return written


_LINKS: dict[str, Callable[[Path], object]] = {
    "links/loop": lambda path: path.parent.mkdir() or path.symlink_to(path.parent),
    "links/up": lambda path: path.symlink_to(path.parents[1]),
    "links/dead.txt": lambda path: path.symlink_to(path.parent / "nowhere"),
    "links/self.txt": lambda path: path.symlink_to(path),
    "links/pipe.txt": os.mkfifo,
    "links/device.txt": lambda path: path.symlink_to("/dev/zero"),
}


def state(folder: Path) -> dict[Path, tuple[int, int, bytes]]:
    """Every file below `folder` as it is: size, time of change and content."""
    found = {}
    for path, _, names in os.walk(folder):
        for file in (Path(path, name) for name in names):
            status = file.lstat()
            data = file.read_bytes() if stat.S_ISREG(status.st_mode) else b""
            found[file] = (status.st_size, status.st_mtime_ns, hashlib.sha256(data).digest())
    return found
