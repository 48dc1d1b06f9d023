"""Speed beside stock medspaCy and spaCy's bare tokenizer, in one run, in alternation: ratios of CPU time.

    python benchmarks/speed.py [FOLDER ...] [--rounds 3] [--repeat 1] [--scaling]

Each leg is a process of its own; loading is not counted, its first 20 notes are a warm-up. FOLDER: more notes.
"""
from __future__ import annotations

import argparse
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

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)


def leg(name: str, folders: list[Path], repeat: int, size: int | None) -> None:
    """One measurement in this process, printed as JSON."""
    notes = texts(folders)
    if size:
        notes = [note_of(size, notes)]
    process = PIPELINES[name]()
    for text in texts(folders)[:20]:
        process(text)
    begun, wall = time.process_time(), time.perf_counter()
    for _ in range(repeat):
        for text in notes:
            process(text)
    print(json.dumps({"cpu": time.process_time() - begun, "wall": time.perf_counter() - wall, "notes": len(notes) * repeat,
                      "chars": sum(map(len, notes)) * repeat,
                      "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


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
            runs[name].append(measure(name, folders, 1 if name == "stock" else repeat))
    print(f"{'pipeline':12s}{'notes':>8s}{'CPU ms/note':>13s}{'notes/s':>10s}{'MB/s':>8s}{'peak MB':>9s}")
    per_note = {}
    for name, rows in runs.items():
        per_note[name] = [row["cpu"] / row["notes"] for row in rows]
        middle = statistics.median(per_note[name])
        chars = rows[0]["chars"] / rows[0]["notes"]
        print(f"{name:12s}{rows[0]['notes']:8.0f}{middle * 1000:13.2f}{1 / middle:10.0f}{chars / middle / 1e6:8.2f}"
              f"{max(row['peak_mb'] for row in rows):9.0f}")
    for title, top, bottom in (("notes per CPU second, ours / stock medspaCy", "stock", "ours"),
                               ("CPU time, ours / bare tokenizer", "ours", "tokenizer")):
        ratios = [a / b for a, b in zip(per_note[top], per_note[bottom], strict=True)]
        print(f"{title}: {statistics.median(ratios):.1f}  ({min(ratios):.1f}-{max(ratios):.1f})")


def scale(folders: list[Path]) -> None:
    print(f"\n{'one note of':>12s}{'CPU s':>9s}{'s/MB':>8s}{'peak MB':>9s}")
    for size in SIZES:
        row = measure("ours", folders, max(1, 200_000 // size), size)
        per_mb = row["cpu"] / row["chars"] * 1e6
        print(f"{size:12,d}{row['cpu']:9.2f}{per_mb:8.2f}{row['peak_mb']:9.0f}")


def runs(folders: list[Path]) -> None:
    """The command itself over the notes x1 to x16 (copies are other patients), and with one and two workers."""
    print(f"\n{'corpus':>8s}{'notes':>8s}{'workers':>9s}{'wall s':>9s}{'peak MB':>9s}")
    seconds = {}
    for times, workers in ((1, 1), (4, 1), (16, 1), (16, 2)):
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
    print(f"two workers / one: {seconds[16, 1] / seconds[16, 2]:.2f} (wall, with start-up)")


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
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--scaling", action="store_true", help="also one note of 10 KB to 5 MB, and whole runs x1 to x16")
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
