"""Accuracy in the terminal: tables, errors with their words, and what changed between two results."""
from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .corpus import printable
from .explain import neutral

_WIDTH = 100
_TITLE = "Facts by kind (strict: the assertion counts; 95 % bootstrap interval over notes; loose: it does not)"


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def _table(title: str, columns: list[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def show(result: dict[str, Any]) -> None:
    """Print all tables of one result."""
    console = _console()
    console.print(f"{result['notes']} notes, bvn-evidence {result['version']}; "
                  f"{result['spans']['bad']} of {result['spans']['checked']} spans miss their text\n")
    if result.get("unfinished"):
        console.print(f"{result['unfinished']} notes hold no finished annotation and are left out\n")
    console.print(_scores(_TITLE, result["kinds"]))
    console.print()
    console.print(_scores("By assertion", result["assertions"]))
    console.print()
    console.print(_scores("By note type", result["note_types"]))
    console.print()
    details = _table("Further attributes of the facts found", ["attribute", "facts", "right"])
    for name, row in result["attributes"].items():
        details.add_row(name, str(row["n"]), f"{row['accuracy']:.3f}")
    console.print(details)
    if "criteria" in result:
        console.print()
        _show_criteria(console, result["criteria"])


def _scores(title: str, rows: dict[str, dict[str, Any]]) -> Table:
    table = _table(title, ["", "gold", "found", "P", "R", "F1", "95 %", "loose F1"])
    for name, row in rows.items():
        loose = f"{row['f1_without_assertion']:.3f}" if "f1_without_assertion" in row else ""
        shown = escape(neutral(name))
        table.add_row(shown, str(row["gold"]), str(row["found"]), f"{row['precision']:.3f}", f"{row['recall']:.3f}",
                      f"{row['f1']:.3f}", f"{row['f1_low']:.3f}-{row['f1_high']:.3f}", loose)
    return table


def _show_criteria(console: Console, criteria: dict[str, Any]) -> None:
    table = _table("Criteria", ["criterion", "patients", "agreement", "kappa"])
    for name, row in criteria["rows"].items():
        table.add_row(escape(neutral(name)), str(row["n"]), f"{row['agreement']:.3f}", f"{row['kappa']:.3f}")
    console.print(table)
    console.print(f"false 'met': {criteria['false_met']}")
    for row in criteria["confusion"]:
        line = f"  {row['n']} x {row['criterion']}: gold {row['gold']}, found {row['found']}"
        console.print(neutral(line), markup=False)


def show_errors(result: dict[str, Any], kind: str) -> None:
    """Print the errors of one kind, or the wrong verdicts."""
    console = _console()
    if kind == "criteria":
        for row in result.get("criteria", {}).get("wrong", []):
            found = f"{row['criterion']}: gold {row['gold']}, found {row['found']}"
            console.print(f"{printable(row['patient_id'])}  {found}", markup=False)
        return
    for error in result["errors"]:
        if error["kind"] == kind:
            note_id, key = escape(printable(error["note_id"])), escape(neutral(_key(error)))
            console.print(f"[bold]{error['what']:9s}[/] {note_id}  {key}")
            console.print(f"          {escape(neutral(_words(error)))}", style="dim")


def _key(error: dict[str, Any]) -> str:
    return " | ".join(map(str, [*error["key"], error["assertion"]]))


def _words(error: dict[str, Any]) -> str:
    words = error["sentence"] or error["words"]
    rule = f"  ({error['rule']})" if error["rule"] else ""
    return " ".join(words.split())[:_WIDTH] + rule


def show_comparison(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Print what got better and what got worse."""
    console = _console()
    table = _table("F1 before and after", ["kind", "before", "after", "change"])
    for name in dict.fromkeys([*before["kinds"], *after["kinds"]]):
        old, new = (result["kinds"].get(name, {}).get("f1", 0.0) for result in (before, after))
        table.add_row(name, f"{old:.3f}", f"{new:.3f}", f"{new - old:+.3f}")
    console.print(table)
    old_errors, new_errors = _identified(before), _identified(after)
    for title, errors in (("Got better", [e for i, e in old_errors.items() if i not in new_errors]),
                          ("Got worse", [e for i, e in new_errors.items() if i not in old_errors])):
        console.print(f"\n[bold]{title}[/] ({len(errors)})")
        for error in errors:
            line = f"  {error['what']:9s} {printable(error['note_id'])}  {error['kind']} {neutral(_key(error))}"
            console.print(line, markup=False)


def _identified(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{e['note_id']}|{e['what']}|{e['kind']}|{_key(e)}": e for e in result["errors"]}
