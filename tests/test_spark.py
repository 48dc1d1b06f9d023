"""Spark in local mode: the same bytes as without it, Parquet in and out."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bvn_evidence import spark, tables
from bvn_evidence.errors import UserError
from bvn_evidence.runner import Options, run

pyspark = pytest.importorskip("pyspark")
pytestmark = pytest.mark.skipif(shutil.which("java") is None and not os.environ.get("JAVA_HOME"), reason="no Java")

MRI = "MRI LUMBAR SPINE\nL4-L5: Modic type 2 changes. No canal stenosis.\n\u00a0L5-S1: mild facet arthropathy.\n"
VISIT = "HPI: Low back pain for 3 years. Failed 8 weeks of physical therapy. Denies leg pain.\nODI 46%.\n"
ROWS = [
    {"patient_id": "P1", "note_id": "mri", "text": MRI, "note_date": "2024-03-05", "note_type": "radiology"},
    {"patient_id": "P1", "note_id": "visit", "text": VISIT, "note_date": "2024-04-01", "note_type": "clinic"},
    {"patient_id": "P2", "note_id": "visit2", "text": VISIT.replace("3 years", "2 months"), "note_date": None, "note_type": None},
    {"patient_id": "P2", "note_id": "blank", "text": " ", "note_date": None, "note_type": None},
    {"patient_id": "P3", "note_id": "none", "text": None, "note_date": None, "note_type": None},
]


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    import pandas as pd

    path = tmp_path_factory.mktemp("spark") / "notes.parquet"
    pd.DataFrame(ROWS).to_parquet(path)
    return path


def test_a_run_on_spark_writes_the_same_bytes(parquet, tmp_path):
    folder = tmp_path / "notes"
    for row in ROWS[:3]:
        (folder / row["patient_id"]).mkdir(parents=True, exist_ok=True)
        (folder / row["patient_id"] / f"{row['note_id']}.txt").write_bytes(row["text"].encode())
    scratch: set[str] = set()
    for number, notes in enumerate((parquet, folder)):
        for engine in ("local", "spark"):
            out = tmp_path / f"{engine}{number}"
            run(
                notes, out, Options(engine=engine, workers=1 + (engine == "spark")),
                lambda done, total, out=out: scratch.update(path.name for path in (out / ".work").iterdir()),
            )  # fmt: skip
            assert not (out / ".work").exists()
        for name in tables.FILES:
            one, other = (_without_seconds(tmp_path / f"{engine}{number}" / name) for engine in ("local", "spark"))
            assert one == other and one, name
    assert any(name.startswith("spark-") for name in scratch)  # its files stay in the output folder


def _without_seconds(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return "\n".join(line.rpartition(",")[0] for line in text.splitlines()) if path.name == "notes.csv" else text


def test_facts_of_a_dataframe_are_those_of_a_run(parquet, tmp_path, nlp):
    """From Parquet to Parquet in a process of its own, as a job on a cluster would."""
    job = (
        "import sys; from pyspark.sql import SparkSession; from bvn_evidence import spark\n"
        "session = SparkSession.builder.master('local[2]').config('spark.ui.enabled', 'false').getOrCreate()\n"
        "notes = session.read.parquet(sys.argv[1]).repartition(2)\n"
        "notes.mapInPandas(spark.facts_of, spark.SCHEMA).write.parquet(sys.argv[2])\n"
    )
    out = tmp_path / "facts.parquet"
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run([sys.executable, "-c", job, parquet, out], capture_output=True, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    import pandas as pd

    rows = [
        {name: None if value != value else value for name, value in row.items()}
        for row in pd.read_parquet(out).to_dict("records")
    ]
    found = sorted((row for row in rows if row["kind"]), key=lambda row: (row["note_id"], row["start"], row["fact_id"]))
    run(parquet, tmp_path / "local")
    lines = (tmp_path / "local" / "facts.jsonl").read_text(encoding="utf-8").splitlines()
    expected = sorted(map(json.loads, lines), key=lambda row: (row["note_id"], row["start"], row["fact_id"]))
    assert len(found) == len(expected) > 5
    for row, fact in zip(found, expected, strict=True):
        assert json.loads(row["attributes"]) == fact["attributes"]
        assert (json.loads(row["cue"]) if row["cue"] else None) == fact["cue"]
        assert {name: row[name] for name in ("fact_id", "start", "end", "text", "note_date", "note_type", "assertion")} == {
            name: fact[name] for name in ("fact_id", "start", "end", "text", "note_date", "note_type", "assertion")}


def test_a_note_that_fails_is_a_row_without_its_text(monkeypatch):
    import pandas as pd

    def fails(nlp, note):
        raise ValueError(note.text)

    monkeypatch.setattr("bvn_evidence.nlp.extract", fails)
    (made,) = spark.facts_of([pd.DataFrame(ROWS[:1])])
    assert list(made["kind"].isna()) == [True] and "ValueError" in made["error"][0]
    assert "Modic" not in made.to_string()


def test_a_row_without_a_patient_is_told(nlp):
    import pandas as pd

    (made,) = spark.facts_of([pd.DataFrame([{"patient_id": None, "note_id": "n", "text": VISIT}])])
    assert list(made["error"]) == ["no patient_id"]


def test_facts_of_an_empty_batch_has_its_columns():
    import pandas as pd

    (made,) = spark.facts_of([pd.DataFrame({"patient_id": [], "note_id": [], "text": []})])
    assert [column.split()[0] for column in spark.SCHEMA.split(", ")] == list(made.columns) and made.empty


def test_what_is_missing_is_one_line(parquet, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UserError, match="needs Java 17"):
        run(parquet, tmp_path / "out", Options(engine="spark"))
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(UserError, match=r"pip install 'bvn-evidence\[spark\]'"):
        run(parquet, tmp_path / "out", Options(engine="spark"))
    assert not (tmp_path / "out").exists()
    with pytest.raises(UserError, match="give local or spark"):
        run(parquet, tmp_path / "out", Options(engine="dask"))
