"""Accuracy beside stock medspaCy: the same target terms, its default ConText and sections, the same annotated samples.

    python benchmarks/accuracy.py [GOLD]

Stock medspaCy has no levels, quantities or therapy status, so both are compared on what it can say: kind, the value of the
entry that matched (diagnosis, finding, modality, Modic change) and the assertion.
"""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from pipelines import ours, stock, terms

MAIN = {"modic": None, "radicular": "finding", "therapy": "modality", "alternative": "diagnosis"}
FLAGS = (("is_family", "family"), ("is_hypothetical", "hypothetical"), ("is_negated", "absent"),
         ("is_uncertain", "possible"), ("is_historical", "historical"))
Key = tuple[str, str, str]


def gold_keys(facts: list[dict[str, Any]]) -> set[Key]:
    return {(f["kind"], str(f[MAIN[f["kind"]] or "kind"]), f["assertion"]) for f in facts if f["kind"] in MAIN}


def stock_keys(doc: Any, values: dict[tuple[str, str], str]) -> Iterator[Key]:
    for span in doc.ents:
        value = values.get((span.label_, span._.target_rule.literal))
        if value is not None:
            yield span.label_, value, next((name for flag, name in FLAGS if getattr(span._, flag)), "present")


def entry_values() -> dict[tuple[str, str], str]:
    """The value that each term stands for, by kind and term."""
    from bvn_evidence.nlp import lexicon

    attributes = {entry.id: entry.attributes for name in ("modic", "radicular", "therapy", "alternative")
                  for entry in lexicon.entries(name)}
    values = {}
    for rule, kind, term in terms():
        if kind in MAIN and rule in attributes:
            value = kind if MAIN[kind] is None else attributes[rule].get(MAIN[kind])
            if isinstance(value, str):
                values[kind, term] = value
    return values


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "annotated_samples"
    values = entry_values()
    pipelines: dict[str, Any] = {"ours": ours(), "stock": stock()}
    counts = {(name, kind): [0, 0, 0] for name in pipelines for kind in (*MAIN, "all")}
    for line in (folder / "gold_facts.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = (folder / "notes" / f"{row['note_id']}.txt").read_bytes().decode("utf-8", "replace")
        wanted = gold_keys(row["facts"])
        found = {"ours": gold_keys([{**f.attributes, "kind": f.kind, "assertion": f.assertion} for f in pipelines["ours"](text)]),
                 "stock": set(stock_keys(pipelines["stock"](text), values))}
        for name, have in found.items():
            for kind in (*MAIN, "all"):
                want, got = ({key for key in keys if kind in (key[0], "all")} for keys in (wanted, have))
                count = counts[name, kind]
                for index, number in enumerate((len(want & got), len(got - want), len(want - got))):
                    count[index] += number
    print(f"{'':14s}{'ours: P':>9s}{'R':>7s}{'F1':>7s}{'stock: P':>11s}{'R':>7s}{'F1':>7s}")
    for kind in (*MAIN, "all"):
        cells = []
        for name in pipelines:
            tp, fp, fn = counts[name, kind]
            cells += [tp / max(tp + fp, 1), tp / max(tp + fn, 1), 2 * tp / max(2 * tp + fp + fn, 1)]
        print(f"{kind:14s}{cells[0]:9.3f}{cells[1]:7.3f}{cells[2]:7.3f}{cells[3]:11.3f}{cells[4]:7.3f}{cells[5]:7.3f}")


if __name__ == "__main__":
    main()
