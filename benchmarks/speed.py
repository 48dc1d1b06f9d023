"""Speed beside stock medspaCy and spaCy's bare tokenizer, in one run, in alternation: ratios of CPU time.

    python benchmarks/speed.py [FOLDER ...] [--rounds 3] [--repeat 8] [--scaling]

Each leg is a process of its own that goes over the notes `--repeat` times. The first pass is text it has not seen; in the
later ones what was worked out about a line or a sentence is recalled, as for the templates and copied paragraphs of real
charts. Loading and the first 20 samples, a warm-up, are not counted. FOLDER: the notes, in place of the samples.
"""
from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pipelines import PIPELINES

from corpus import SAMPLES, note_of, texts

STOCK_PASSES = 2
SIZES = (10_000, 100_000, 1_000_000, 5_000_000)


def leg(name: str, folders: list[Path], repeat: int, size: int | None) -> None:
    """One measurement in this process, printed as JSON."""
    notes = texts(folders)
    if size:
        notes = [note_of(size, notes)]
    process = PIPELINES[name]()
    for text in texts([SAMPLES])[:20]:
        process(text)
    gc.collect()
    gc.freeze()  # as the program does when its rules are built; here for all three
    passes = []
    for _ in range(repeat):
        begun = time.process_time()
        for text in notes:
            process(text)
        passes.append(time.process_time() - begun)
    print(json.dumps({"first": passes[0], "cpu": sum(passes), "notes": len(notes), "chars": sum(map(len, notes)),
                      "passes": repeat, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def measure(name: str, folders: list[Path], repeat: int, size: int | None = None) -> dict[str, float]:
    command = [sys.executable, __file__, *map(str, folders), "--leg", name, "--repeat", str(repeat)]
    if size:
        command += ["--size", str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(folders: list[Path], rounds: int, repeat: int) -> None:
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in PIPELINES}
    for _ in range(rounds):
        for name in PIPELINES:
            runs[name].append(measure(name, folders, min(repeat, STOCK_PASSES) if name == "stock" else repeat))
    notes, chars = runs["ours"][0]["notes"], runs["ours"][0]["chars"]
    print(f"{notes:.0f} notes of {chars / notes:.0f} characters, {repeat} times (stock medspaCy: at most {STOCK_PASSES})\n")
    print(f"{'pipeline':12s}{'ms/note, unseen':>17s}{'again':>8s}{'all passes':>12s}{'notes/s':>10s}{'MB/s':>8s}{'peak MB':>9s}")
    unseen, again, whole = {}, {}, {}
    for name, rows in runs.items():
        unseen[name] = [row["first"] / row["notes"] for row in rows]
        again[name] = [(row["cpu"] - row["first"]) / row["notes"] / max(1, row["passes"] - 1) for row in rows]
        whole[name] = [row["cpu"] / row["notes"] / row["passes"] for row in rows]
        middle = statistics.median(whole[name])
        print(f"{name:12s}{statistics.median(unseen[name]) * 1000:17.2f}{statistics.median(again[name]) * 1000:8.2f}"
              f"{middle * 1000:12.2f}{1 / middle:10.0f}{chars / notes / middle / 1e6:8.2f}{max(row['peak_mb'] for row in rows):9.0f}")
    print()
    for title, times in (("unseen", unseen), ("again", again), ("all passes", whole))[:3 if repeat > 1 else 1]:
        for what, top, bottom in (("notes per CPU second, ours / stock medspaCy", "stock", "ours"),
                                  ("CPU time, ours / bare tokenizer", "ours", "tokenizer")):
            ratios = [a / b for a, b in zip(times[top], times[bottom], strict=True)]
            print(f"{title}: {what}: {statistics.median(ratios):.1f}  ({min(ratios):.1f}-{max(ratios):.1f})")


def scale(folders: list[Path]) -> None:
    print(f"\n{'one note of':>12s}{'CPU s':>9s}{'s/MB':>8s}{'peak MB':>9s}")
    for size in SIZES:
        row = measure("ours", folders, 1, size)
        per_mb = row["first"] / row["chars"] * 1e6
        print(f"{size:12,d}{row['first']:9.2f}{per_mb:8.2f}{row['peak_mb']:9.0f}")


def runs(folders: list[Path]) -> None:
    """The command itself over the notes x1 to x64 (copies are other patients), and with one and two workers."""
    print(f"\n{'corpus':>8s}{'notes':>8s}{'workers':>9s}{'wall s':>9s}{'peak MB':>9s}")
    seconds = {}
    for times, workers in ((1, 1), (4, 1), (16, 1), (16, 2), (64, 1), (64, 2)):
        with tempfile.TemporaryDirectory() as folder:
            for copy in range(times):
                for number, text in enumerate(texts(folders)):
                    path = Path(folder, "notes", f"P{number // 4:04d}-{copy}", f"{number}.txt")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(f"{text}\n{copy}.", newline="")
            found = len(list(Path(folder, "notes").rglob("*.txt")))
            command = [sys.executable, "-m", "bvn_evidence", "run", f"{folder}/notes", "--out", f"{folder}/out", "--quiet"]
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", _CHILD, *command, "--workers", str(workers)], check=True)
            seconds[times, workers] = time.perf_counter() - begun
            peak = int(Path(folder, "peak").read_text()) / 1024 if Path(folder, "peak").exists() else 0
        print(f"{'x' + str(times):>8s}{found:8d}{workers:9d}{seconds[times, workers]:9.1f}{peak:9.0f}")
    for times in (16, 64):
        print(f"two workers / one, x{times}: {seconds[times, 1] / seconds[times, 2]:.2f} (wall, with start-up)")
    print(f"what this machine gives at most, a bare loop in two processes: {two_loops():.2f}")


def two_loops() -> float:
    """How much more two processes do than one, at work that shares nothing."""
    command = [sys.executable, "-c", "sum(number * number % 7 for number in range(20_000_000))"]

    def wall(times: int) -> float:
        begun = time.perf_counter()
        for process in [subprocess.Popen(command) for _ in range(times)]:
            process.wait()
        return time.perf_counter() - begun

    return 2 * wall(1) / wall(2)


# runs a command and writes down the highest memory of any of its processes
_CHILD = """
import pathlib, resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
folder = pathlib.Path(sys.argv[sys.argv.index("--out") + 1]).parent
(folder / "peak").write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=8)
    parser.add_argument("--scaling", action="store_true", help="also one note of 10 KB to 5 MB, and whole runs x1 to x64")
    parser.add_argument("--leg", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    folders = args.folders or [SAMPLES]
    if args.leg:
        leg(args.leg, folders, args.repeat, args.size)
        return
    compare(folders, args.rounds, args.repeat)
    if args.scaling:
        scale(folders)
        runs(folders)


if __name__ == "__main__":
    main()
