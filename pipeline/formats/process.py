"""The process that reads documents: started when the first one comes, given one at a time, replaced when it dies.

PDF and XML libraries meet files made by anyone. Here a crash, an endless loop or a bomb ends a helper, not the run.
"""

from __future__ import annotations

import atexit
import os
import struct
import subprocess
import sys
import threading

from ..encoding import NotText
from .base import MEMORY, SECONDS, Extracted

HEADER = struct.Struct(">4sQ")  # format, bytes that follow; and back: b"text" or b"why ", bytes that follow
_lock = threading.Lock()
_helper: subprocess.Popen[bytes] | None = None
_owner = 0


def text(kind: str, data: bytes) -> Extracted:
    """The text of a document of this kind, with a remark where a part of it has none.

    Raises `NotText`, with the reason, where it cannot be read.
    """
    with _lock:
        try:
            helper = _running()
        except OSError as error:
            raise NotText(f"the reader of documents does not start ({error.strerror}); try again") from None
        late = threading.Event()
        timer = threading.Timer(SECONDS, _end, (helper, late))
        timer.start()
        try:
            word, answer = _ask(helper, kind, data)
        except (OSError, EOFError):
            stop()
            if late.is_set():
                raise NotText(f"not read within {SECONDS} seconds: print it to a new {kind} file or to .txt") from None
            raise NotText(f"damaged: the {kind} reader crashed on it; print it to a new file or to .txt") from None
        except BaseException:  # interrupted in the middle: the answer that is still to come is to no other document
            stop()
            raise
        finally:
            timer.cancel()
    if word == b"why ":
        raise NotText(answer)
    remark, _, content = answer.partition("\0")
    return Extracted(content, remark)


def stop() -> None:
    """End the helper; the next document starts another one."""
    global _helper
    helper, _helper = _helper, None
    if helper is not None and _owner == os.getpid():
        helper.kill()
        helper.communicate()


def _end(helper: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    helper.kill()


def _running() -> subprocess.Popen[bytes]:
    global _helper, _owner
    if _helper is None or _owner != os.getpid():  # after a fork the helper answers the parent
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
        _helper = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.helper", str(MEMORY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries complain there with words of the document
            env=environment,
        )
        _owner = os.getpid()
    return _helper


atexit.register(stop)


def _ask(helper: subprocess.Popen[bytes], kind: str, data: bytes) -> tuple[bytes, str]:
    assert helper.stdin is not None and helper.stdout is not None
    helper.stdin.write(HEADER.pack(kind.encode(), len(data)))
    helper.stdin.write(data)
    helper.stdin.flush()
    header = helper.stdout.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    word, size = HEADER.unpack(header)
    answer = helper.stdout.read(size)
    if len(answer) < size:
        raise EOFError
    return word, answer.decode("utf-8")
