"""A coverage-guided run of atheris on `properties.check`: `python -m fuzz.run SECONDS [CORPUS]` (Linux, CPython 3.11, 3.12).

Starts from the annotated samples and the examples of the lexicons, so that whatever it prints is synthetic. The first
input that fails ends the run with status 77: its chart is printed, and written to `crash-*` beside CORPUS.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed; it runs on Linux (x86-64) with CPython 3.11 or 3.12: pip install -e '.[fuzz]'")

LONGEST = 6000
SECONDS_PER_INPUT = 60
SHORT, FEW = 60, 25  # a run of less than so many seconds begins with so many charts

with atheris.instrument_imports(include=["bvn_evidence"]):
    from fuzz import charts, fragments, mutate, properties

    properties.check(b"Low back pain for 2 years.")  # imports what is imported late


def main(seconds: int, corpus: Path) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds()[: FEW if seconds < SHORT else None]:
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    words = corpus.parent / f"{corpus.name}.dict"
    words.write_text(fragments.dictionary(), encoding="ascii")
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SECONDS_PER_INPUT}", "-rss_limit_mb=6000",
               f"-dict={words}", f"-artifact_prefix={corpus.parent}/", "-print_final_stats=1", "-seed=1"]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], one_input, custom_mutator=another)
    atheris.Fuzz()


def seeds() -> list[bytes]:
    """The found cases, and in any order the examples in notes of five, the notes of the samples and their charts."""
    pick = random.Random(1)
    examples = pick.sample(fragments.examples(), len(fragments.examples()))
    fives = ["\n".join(examples[at : at + 5]).encode() for at in range(0, len(examples), 5)]
    names = itertools.cycle(("2024-03-05_clinic", "2024-02-01_radiology"))
    samples = fragments.charts_of_samples()
    others = [charts.join([named]) for named in zip(names, fives, strict=False)]
    others += [charts.join([note]) for chart in samples for note in charts.split(chart)]
    others += samples
    return [*(path.read_bytes() for path in fragments.found()), *pick.sample(others, len(others))]


def one_input(data: bytes) -> None:
    try:
        properties.check(data)
    except BaseException:
        sys.stdout.write(f"the input that failed, in base64:\n{base64.b64encode(data).decode()}\n")
        sys.stdout.flush()
        raise


def another(data: bytes, longest: int, seed: int) -> bytes:
    """Mostly a change that a chart could have, sometimes libFuzzer's own of bytes and dictionary words."""
    return atheris.Mutate(data, longest) if seed % 8 == 0 and data else mutate.mutated(data, longest, seed)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(int(sys.argv[1]), Path(folder, "corpus"))
