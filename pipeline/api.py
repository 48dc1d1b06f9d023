"""The Python interface: `load()` and `run()`."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import tables

if TYPE_CHECKING:
    import pandas as pd
    from spacy.language import Language


@dataclass(slots=True)
class Results:
    """The tables of a run as pandas DataFrames, with the columns of the files of the same name.

    In `facts` the attributes are columns and lists stay lists; `missing` is the text of missing.md. Run with `reviews`,
    `facts` also has the column `review` (the object of facts.jsonl, or NaN). `texts` holds, by note id, what was read
    out of PDF, Word, RTF, HTML and FHIR, where that was asked for.
    """

    patients: pd.DataFrame
    criteria: pd.DataFrame
    facts: pd.DataFrame
    notes: pd.DataFrame
    missing: str
    texts: dict[str, str] = field(default_factory=dict)


def load(lexicons: str | None = None) -> Language:
    """A spaCy Language with the medspaCy components; the facts of a Doc are `doc.spans["facts"]`, with `._.fact`."""
    from . import nlp

    return nlp.load(lexicons)


def run(
    notes: str | Path,
    policy: str | Sequence[str] = "aspn-2022",
    *,
    as_of: str | None = None,
    workers: int = 1,
    id_pattern: str | None = None,
    manifest: str | Path | None = None,
    lexicons: str | None = None,
    reviews: str | Path | None = None,
    keep_text: bool = False,
) -> Results:
    """Run the pipeline over a folder, a note, a FHIR file or a table and return its tables; nothing is written to disk.

    Arguments are the options of `bvn-evidence run`. Raises `bvn_evidence.errors.UserError` for a mistake in them. With
    `workers` above 1, a script must guard its start with `if __name__ == "__main__":`, as for all of multiprocessing.
    """
    from .corpus import open_corpus
    from .runner import Options, make_engine, records

    policies = (policy,) if isinstance(policy, str) else tuple(policy)
    file = Path(reviews) if reviews else None
    options = Options(
        policies, as_of, workers, lexicons=lexicons, reviews=file, report=False, keep_text=keep_text
    )
    engine = make_engine(options)
    corpus = open_corpus(Path(notes), id_pattern, Path(manifest) if manifest else None)
    lines = {name: [header] for name, header in tables.headers(engine.columns, file is not None).items()}
    texts: dict[str, str] = {}
    for record in records(corpus, engine, workers):
        texts |= record.texts
        for name, chunk in record.chunks.items():
            lines[name].append(chunk)
    whole = {name: "".join(chunks) for name, chunks in lines.items()}
    return Results(
        _frame(whole["patients.csv"]),
        _frame(whole["criteria.csv"]),
        _facts(whole["facts.jsonl"], file is not None),
        _frame(whole["notes.csv"]),
        whole["missing.md"],
        texts,
    )


def _frame(text: str) -> pd.DataFrame:
    import pandas as pd

    ids = dict.fromkeys(("patient_id", "note_id", "policy", "path", "sha256", "modic"), str)
    return pd.read_csv(io.StringIO(text), dtype=ids, keep_default_na=False, na_values=[""])


def _facts(lines: str, reviewed: bool) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for line in lines.split("\n")[:-1]:
        fact = json.loads(line)
        cue = fact.pop("cue") or {}
        attributes = fact.pop("attributes")
        review = fact.get("review") or dict(zip(tables.ORIGIN_COLUMNS, tables.AUTO, strict=True))
        origin = {name: review[name] for name in tables.ORIGIN_COLUMNS}
        cells = {f"cue_{name}": cue.get(name) for name in ("start", "end", "text", "rule")}
        rows.append({**fact, **cells, **attributes, **origin})
    last = (*tables.ORIGIN_COLUMNS, "review") if reviewed else ()
    return pd.DataFrame(rows, columns=[*tables.FACT_COLUMNS, *tables.ATTRIBUTE_COLUMNS, *last])
