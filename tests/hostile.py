"""A small cohort for the tests of the report: a chart with every kind of thing to show, one with gaps, one that attacks."""

from __future__ import annotations

from pathlib import Path

CLINIC = (
    "Chief complaint: low back pain.\n\nHPI: 51-year-old with axial low back pain for 3 years. Denies leg pain. "
    "She tried physical therapy for 8 weeks, naproxen and activity modification for 9 months without relief: 9 months of "
    "conservative care in all. "
    "ODI 44%. Pain 6/10.\nEvaluate for facet arthropathy.\n"
)
MRI = (
    "MRI LUMBAR SPINE WITHOUT CONTRAST\r\n\r\nFINDINGS:\r\nL4-L5: Modic type 1 endplate changes. Mild disc bulge. "
    "No central or foraminal stenosis. Facets normal.\r\nIMPRESSION: Modic type 1 change at L4-L5.\r\n"
)
ATTACK = (
    "</div></details><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\n"
    "<svg onload=window.hacked=3></svg> <a href=\"javascript:window.hacked=4\">low back pain</a>\n"
    "Low back pain for 2 years. Denies <b onmouseover=\"window.hacked=5\">leg pain</b> \u202emalicious\u202c text\u0000.\n"
    "She tried physical therapy<style>body{display:none}</style> without relief. {{ 7 * 7 }} ]]> --> ODI 40%.\n"
)
ATTACKER = "P9<script>window.hacked=6</script>\"onclick='x'"
GAPS = "Low back pain. Tried naproxen with partial relief. MRI ordered."


def write_notes(folder: Path) -> Path:
    """The cohort as a table, since a patient id in a table may hold anything."""
    import json

    rows = [
        ("P001", "P001/2024-03-05_radiology", MRI),
        ("P001", "P001/2024-04-02_clinic", CLINIC),
        ("P002", "P002/2024-01-09_clinic", GAPS),
        ("P002", "P002/2024-01-10_clinic", GAPS),
        ("P003", "P003/2024-01-09_clinic", ""),
        (ATTACKER, "2024-02-02_clinic<img src=x onerror=alert(1)>", ATTACK),
        ("=2+3", "2024-02-03_clinic", GAPS + " ODI 20%."),
    ]
    table = folder / "notes.jsonl"
    table.write_text(
        "".join(json.dumps({"patient_id": p, "note_id": n, "text": t}) + "\n" for p, n, t in rows), encoding="utf-8"
    )
    return table
