"""What the helper process does: documents from standard input, their text to standard output, within bounded memory."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from importlib import import_module

from ..encoding import NotText
from .base import MOST_CHARS, Unreadable
from .process import HEADER

_NAMES = {"pdf": "PDF files", "docx": "Word files", "rtf": "RTF files", "html": "HTML files"}
_LINE_END = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff]|[\ud800-\udfff]")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")


def main() -> None:
    """Answer until standard input ends."""
    _limit_memory(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends this process
    source = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    while len(header := source.read(HEADER.size)) == HEADER.size:
        kind, size = HEADER.unpack(header)
        word, answer = answer_to(kind.rstrip(b"\0").decode(), source.read(size))
        encoded = answer.encode("utf-8")
        answers.write(HEADER.pack(word, len(encoded)) + encoded)
        answers.flush()


def answer_to(kind: str, data: bytes) -> tuple[bytes, str]:
    """(b"text", remark, NUL, the text) or (b"why ", why there is none)."""
    try:
        extracted = import_module(f".{kind}", __package__).text(data)
        text = clean(extracted.text)
    except ImportError:
        return b"why ", f"reading {_NAMES[kind]} needs more: pip install 'bvn-evidence[documents]'"
    except (Unreadable, NotText) as error:
        return b"why ", str(error)
    except MemoryError:
        return b"why ", "needs too much memory: print it to a new file or to .txt"
    except RecursionError:
        return b"why ", "nested too deeply: print it to a new file or to .txt"
    except Exception as error:  # its words could be words of the note
        return b"why ", f"damaged: the {kind} reader fails on it ({type(error).__name__}); print it to a new file"
    if len(text) > MOST_CHARS:
        return b"why ", f"more than {MOST_CHARS // 1_000_000} million characters: split it into notes"
    return b"text", f"{extracted.remark}\0{text}"


def clean(text: str) -> str:
    r"""Extracted text as it is kept: lines end with \n, no control characters, no blanks at line ends."""
    text = _UNWANTED.sub("", _LINE_END.sub("\n", text)).replace("\u00a0", " ")
    return _GAPS.sub("\n\n", _TRAILING.sub("", text)).strip("\n") + "\n" if text.strip() else ""


def _limit_memory(most: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has none, a container may forbid it
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
