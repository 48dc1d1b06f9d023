"""What a run found, in brief: counted while it runs, shown at its end."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .patient import Record
from .schema import NOTE_STATUSES
from .tables import BASE_CRITERIA

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .reviews import Reviews

SHOWN_PATIENTS, SHOWN_REJECTED, SHOWN_MISSING = 25, 20, 6
_WIDEST, _PATIENT_WIDTH = 100, 20
_NO_CRITERIA = ("overall", "missing_items")
_ORDER = ("met", "review", "incomplete", "not_met", "excluded")
_STYLES = {
    "met": "green",
    "not_met": "red",
    "missing": "yellow",
    "incomplete": "yellow",
    "review": "magenta",
    "excluded": "bright_black",
    "unverified": "bright_black",
}
_SYMBOLS = {
    "met": "✓",
    "not_met": "✗",
    "missing": "○",
    "review": "?",
    "incomplete": "○",
    "excluded": "—",
    "unverified": "·",
}
_PLAIN_SYMBOLS = {
    "met": "+",
    "not_met": "x",
    "missing": "o",
    "review": "?",
    "incomplete": "o",
    "excluded": "-",
    "unverified": ".",
}
_UNUSED = {
    "of_other_patients": "about other patients",
    "of_facts_no_longer_found": "about facts no longer found",
    "damaged_lines": "damaged lines passed over",
}
_SHORT = {
    "duration": "dur",
    "conservative_care": "care",
    "imaging": "MRI",
    "pain_pattern": "axial",
    "alternatives": "alt",
    "function": "ODI",
}


class Summary:
    """Counts of a run and its first patients; its size does not grow with the number of notes."""

    def __init__(self, policies: list[str], same_but_case: list[list[str]] | None = None) -> None:
        self.policies = policies
        self.same_but_case = same_but_case or []
        self.statuses: Counter[str] = Counter()
        self.overall: dict[str, Counter[str]] = {name: Counter() for name in policies}
        self.missing: Counter[str] = Counter()
        self.shown: list[tuple[str, dict[str, dict[str, Any]]]] = []
        self.rejected: list[tuple[str, str]] = []
        self.n_inputs = self.n_patients = self.n_facts = self.n_failed = self.extracted = self.recalled = 0
        self.n_warnings = self.n_dateless = 0
        self.n_reviewed = self.n_stale = 0
        self.reviews: Reviews | None = None
        self.out: Path | None = None
        self.seconds = self.rate = 0.0

    def add(self, record: Record) -> None:
        """Count one patient."""
        for row in record.rows:
            self.n_inputs += 1
            self.statuses[row.status] += 1
            self.n_facts += row.n_facts
            self.n_dateless += row.status == "processed" and row.note_date is None
            if row.status == "rejected" and len(self.rejected) < SHOWN_REJECTED:
                self.rejected.append((row.path, row.reason))
        self.extracted += record.extracted
        self.recalled += record.recalled
        self.n_warnings += len(record.warnings)
        self.n_failed += bool(record.failed)
        self.n_reviewed += record.reviewed
        self.n_stale += record.stale
        if not record.patient_id:
            return
        self.n_patients += 1
        by_policy: dict[str, dict[str, Any]] = {name: {} for name in self.policies}
        for verdict in record.verdicts:
            by_policy[verdict.policy][verdict.criterion] = verdict.status
            if verdict.criterion == "overall":
                self.overall[verdict.policy][verdict.status] += 1
                by_policy[verdict.policy]["missing_items"] = verdict.missing_items
        self.missing.update({item for verdicts in by_policy.values() for item in verdicts.get("missing_items", ())})
        if len(self.shown) < SHOWN_PATIENTS:
            self.shown.append((record.patient_id, by_policy))

    def finish(self, out: Path | None, seconds: float) -> None:
        self.out, self.seconds = out, seconds
        self.rate = self.statuses["processed"] / seconds if seconds else 0.0

    @property
    def n_rejected(self) -> int:
        return self.statuses["rejected"]

    def counts(self) -> dict[str, Any]:
        """The counts for run.json."""
        return {
            "patients": self.n_patients,
            "inputs": self.n_inputs,
            "notes": {status: self.statuses[status] for status in NOTE_STATUSES},
            "facts": self.n_facts,
            "failed_patients": self.n_failed,
            "overall": {
                name: {status: count[status] for status in _ORDER if count[status]}
                for name, count in self.overall.items()
            },
            "missing_items": dict(sorted(self.missing.items(), key=lambda item: (-item[1], item[0]))),
        }

    def show(self, console: Console) -> None:
        """Print the summary, at most 100 columns wide."""
        console.width = min(console.width, _WIDEST)
        symbols = _SYMBOLS if (console.encoding or "").lower().startswith("utf") else _PLAIN_SYMBOLS
        for policy in self.policies:
            console.print(f"\n[bold]Documentation criteria, policy {policy}[/]", highlight=False)
            console.print(self._table(policy, symbols, console.width))
            rest = self.n_patients - len(self.shown)
            if rest:
                console.print(f"  … and {rest:,} more patients in patients.csv", style="dim", highlight=False)
        legend = ("met", "not_met", "missing", "review", *(["unverified"] if self._seen("unverified") else []))
        told = "   ".join(f"{symbols[name]} {name.replace('_', ' ')}" for name in legend)
        console.print(told, style="dim", highlight=False)
        self._show_counts(console)
        self._show_problems(console)
        self._show_files(console)

    def _seen(self, status: str) -> bool:
        return any(status in verdicts.values() for _, by_policy in self.shown for verdicts in by_policy.values())

    def _table(self, policy: str, symbols: dict[str, str], width: int) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        rows = [(patient_id, by_policy[policy]) for patient_id, by_policy in self.shown]
        known = dict.fromkeys((*BASE_CRITERIA, *(name for _, row in rows for name in row)))
        criteria = [name for name in known if name not in _NO_CRITERIA and any(name in row for _, row in rows)]
        heads = [_SHORT.get(name, name.partition("_")[0][:7]) for name in criteria]
        longest = min(max((len(patient_id) for patient_id, _ in rows), default=7), _PATIENT_WIDTH)
        left = width - max(longest, 7) - len("incomplete") - sum(len(head) + 2 for head in heads) - 7
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("patient", max_width=_PATIENT_WIDTH, no_wrap=True, overflow="ellipsis")
        table.add_column("overall", no_wrap=True)
        for head in heads:
            table.add_column(head, justify="center", no_wrap=True)
        if any(row.get("missing_items") for _, row in rows):
            table.add_column("missing", no_wrap=True)
        for patient_id, row in rows:
            overall = row.get("overall", "review")
            marks = [_mark(row.get(name, ""), symbols) for name in criteria]
            items = _shortened([item.replace("_", " ") for item in row.get("missing_items", ())], left)
            table.add_row(
                Text(patient_id),
                Text(overall.replace("_", " "), style=f"bold {_STYLES.get(overall, '')}"),
                *marks,
                *([Text(items, style="yellow")] if len(table.columns) > len(marks) + 2 else []),
            )
        return table

    def _show_counts(self, console: Console) -> None:
        console.print()
        for policy in self.policies:
            count = self.overall[policy]
            parts = [f"[{_STYLES[name]}]{count[name]:,} {name.replace('_', ' ')}[/]" for name in _ORDER if count[name]]
            label = _many(self.n_patients, "patient") + (f" under {policy}" if len(self.policies) > 1 else "")
            console.print(f"[bold]{label}[/]  " + " · ".join(parts), highlight=False)
        notes = " · ".join(f"{self.statuses[status]:,} {status}" for status in NOTE_STATUSES if self.statuses[status])
        reused = f", {self.recalled:,} unchanged notes reused" if self.recalled else ""
        console.print(
            f"[bold]{_many(self.n_inputs, 'input')}[/]  {notes}; {_many(self.n_facts, 'fact')}; {self.seconds:,.1f} s "
            f"({self.rate:,.{0 if self.rate >= 10 else 1}f} notes/s{reused})",
            highlight=False,
        )
        if self.reviews is not None:
            self._show_reviews(console, self.reviews)
        if self.missing:
            top = list(self.counts()["missing_items"].items())[:SHOWN_MISSING]
            console.print(
                "[bold]most often missing[/]  "
                + ", ".join(f"{item.replace('_', ' ')} ({count:,})" for item, count in top),
                highlight=False,
            )

    def _show_reviews(self, console: Console, reviews: Reviews) -> None:
        count = self.review_counts(reviews)
        parts = [_many(count["items"], "item") + " decided"]
        parts += [f"{count[name]:,} {told}" for name, told in _UNUSED.items() if count[name]]
        console.print("[bold]reviews[/]  " + " · ".join(parts), highlight=False)

    def review_counts(self, reviews: Reviews) -> dict[str, int]:
        """How many decisions there are and how many could not count, for run.json."""
        items = len(reviews.latest())
        return {
            "decisions": len(reviews.decisions),
            "items": items,
            "of_other_patients": items - self.n_reviewed,
            "of_facts_no_longer_found": self.n_stale,
            "damaged_lines": len(reviews.damaged),
        }

    def _show_problems(self, console: Console) -> None:
        from rich.text import Text

        if self.n_rejected:
            console.print(
                f"\n[bold red]{self.n_rejected:,} rejected[/] [dim](all are in notes.csv)[/]", highlight=False
            )
            for path, reason in self.rejected:
                console.print(Text.assemble("  ", path, ": ", (reason, "red")), highlight=False, soft_wrap=True)
            if self.n_rejected > len(self.rejected):
                console.print(f"  … and {self.n_rejected - len(self.rejected):,} more", style="dim", highlight=False)
        if self.n_failed:
            console.print(
                f"[bold red]{self.n_failed:,} patients could not be judged[/]: see criteria.csv", highlight=False
            )
        if self.n_dateless:
            console.print(
                f"[yellow]{self.n_dateless:,} notes have no date[/]: put it into the file name (YYYY-MM-DD) or use "
                "--manifest",
                highlight=False,
            )
        for group in self.same_but_case[:5]:
            console.print(
                Text.assemble(("patient ids differ only in case", "yellow"), f": {', '.join(group)} (kept apart)"),
                highlight=False,
            )

    def _show_files(self, console: Console) -> None:
        from rich.text import Text

        if self.out is not None:
            folder = os.fspath(self.out)
            console.print(
                Text.assemble(
                    "\n",
                    ("wrote ", "bold"),
                    f"{folder}/ ",
                    ("patients.csv, criteria.csv, facts.jsonl, facts.csv, notes.csv, missing.md, run.json", "dim"),
                    *([", ", "report/index.html"] if (self.out / "report").is_dir() else []),
                ),
                highlight=False,
                soft_wrap=True,
            )
            if (self.out / "export").is_dir():
                console.print("export/ holds an earlier run: export again", style="yellow")
            console.print(
                "The tables state what the charts document, not whether a patient should be treated.", style="dim"
            )


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _shortened(items: list[str], width: int) -> str:
    """As many items as fit, and how many more there are."""
    for shown in range(len(items), 0, -1):
        rest = len(items) - shown
        text = ", ".join(items[:shown]) + (f" +{rest}" if rest else "")
        if len(text) <= width:
            return text
    return f"{len(items)} items" if items else ""


def _mark(status: str, symbols: dict[str, str]) -> Text:
    from rich.text import Text

    return Text(symbols.get(status, ""), style=_STYLES.get(status, ""))
