"""A coverage-guided run of atheris on `properties.check`: `python -m fuzz.run SECONDS [CORPUS]` (Linux, CPython 3.11, 3.12).

Starts from the annotated samples and the examples of the lexicons, so that whatever it prints is synthetic. The first
input that fails ends the run with status 77: its chart is printed, and written to `crash-*` below CORPUS.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import sys
import tempfile
from pathlib import Path

import atheris

LONGEST = 6000
SECONDS_PER_INPUT = 30

with atheris.instrument_imports(include=["bvn_evidence"]):
    from fuzz import charts, fragments, mutate, properties


def main(seconds: int, corpus: Path) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    words = corpus.parent / f"{corpus.name}.dict"
    words.write_text(fragments.dictionary(), encoding="ascii")
    properties.pipeline(), properties.plain_pipeline()
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SECONDS_PER_INPUT}", "-rss_limit_mb=6000",
               f"-dict={words}", f"-artifact_prefix={corpus}/", "-print_final_stats=1", "-seed=1"]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], one_input, custom_mutator=another)
    atheris.Fuzz()


def seeds() -> list[bytes]:
    """The found cases, the samples, and the examples in charts of ten."""
    pick = random.Random(1)
    examples = pick.sample(fragments.examples(), len(fragments.examples()))
    tens = ["\n".join(examples[at : at + 10]).encode() for at in range(0, len(examples), 10)]
    names = itertools.cycle(("2024-03-05_clinic", "2024-02-01_radiology"))
    named = [charts.join([(name, data)]) for name, data in zip(names, tens, strict=False)]
    return [*(path.read_bytes() for path in fragments.found()), *fragments.charts_of_samples(), *named]


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
