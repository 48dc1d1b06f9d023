"""`bvn-evidence evaluate`: the accuracy of this version against annotated samples."""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from . import __version__, annotated, scoring
from .corpus import is_within, printable
from .errors import UserError
from .outdir import private
from .schema import KINDS, Note

_POLICY = "aspn-2022"
_GOLD = ("note_id", "facts")
_FACT = ("note_id", "kind", "assertion", "start", "end", "text")
_VERDICTS = ("patient_id", "criteria", "overall")


def main(gold: Path, *, facts: Path | None = None, json_output: bool = False, out: Path | None = None,
         compare: Path | None = None, errors: str | None = None) -> int:
    """Score, then print tables, the errors of one kind, a comparison with an earlier result, or JSON."""
    if errors and errors not in (*KINDS, "criteria"):
        raise UserError(f"no kind of fact is called {errors!r}; kinds are {', '.join(KINDS)}, criteria")
    if out and is_within(out, gold / "notes"):
        raise UserError(f"--out {printable(str(out))} would write into the notes; give another place")
    before = _load_result(compare) if compare else None
    result = evaluate(gold, facts)
    text = json.dumps(result, indent=1, sort_keys=True) + "\n"
    if out:
        try:
            with open(out, "w", encoding="utf-8", opener=private) as file:  # errors are told with their words
                file.write(text)
        except OSError as error:
            raise UserError(f"cannot write {out}: {error.strerror}; give another place to --out") from None
    from . import accuracy_view
    if json_output:
        import sys
        sys.stdout.write(text)
    elif errors:
        accuracy_view.show_errors(result, errors)
    elif before:
        accuracy_view.show_comparison(before, result)
    else:
        accuracy_view.show(result)
    return 0


def evaluate(gold: Path, facts: Path | None = None) -> dict[str, Any]:
    """Scores of the facts found in `gold`/notes (or those of a facts.jsonl) against gold, as plain data.

    Keys: kinds, assertions, note_types, attributes, criteria (where gold has verdicts and the notes were run), errors,
    spans (facts whose text is not what stands at their offsets; always 0 or a defect), and of gold from an annotation
    tool unfinished (notes that hold no finished annotation).
    """
    tagged = annotated.read(gold)
    wanted = _wanted(gold, tagged)
    verdicts: dict[tuple[str, str], str] = {}
    if facts:
        found = _read_lines(facts, "give the facts.jsonl of a finished run", _FACT)
    elif tagged:
        found = _extract([each.note for each in tagged.notes])
    else:
        found, verdicts = _run(gold / "notes")
    by_note: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for fact in found:
        by_note[fact["note_id"]].append(_flat(fact))
    scores = scoring.Scores()
    for note_id, expected in sorted(wanted.items()):
        scores.add(note_id, _note_type(note_id, by_note[note_id]), expected, by_note[note_id])
    result: dict[str, Any] = {
        "version": __version__, "notes": len(wanted), "kinds": scoring.by_kind(scores),
        "assertions": scoring.by_assertion(scores), "note_types": scoring.by_note_type(scores),
        "attributes": scoring.attributes(scores), "errors": _errors(scores, wanted, by_note),
        "spans": {"checked": len(found), "bad": _bad_spans(_texts(gold, tagged), found)}}
    if tagged:
        result["unfinished"] = tagged.unfinished
    criteria_file = gold / "gold_criteria.jsonl"
    if verdicts and criteria_file.is_file():
        result["criteria"] = scoring.criteria(_read_lines(criteria_file, "see annotated_samples", _VERDICTS), verdicts)
    return result


def _wanted(gold: Path, tagged: annotated.Gold | None) -> dict[str, list[dict[str, Any]]]:
    if tagged:
        if not tagged.notes:
            raise UserError(f"{printable(str(gold))} holds no finished annotation; annotate some notes first")
        return {each.note.note_id: [_flat(fact) for fact in each.facts] for each in tagged.notes}
    hint = "gold is a folder with notes/ and gold_facts.jsonl, a folder of brat files, or a JSON export of Label Studio"
    rows = _read_lines(gold / "gold_facts.jsonl", hint, _GOLD)
    wanted = {}
    for number, row in enumerate(rows, 1):
        try:
            wanted[row["note_id"]] = [_flat(fact) for fact in row["facts"]]
            scoring.Scores().add(row["note_id"], "", wanted[row["note_id"]], [])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise UserError(f"gold_facts.jsonl, note {number}: a fact has not the values of its kind; {hint}") from None
    return wanted


def _extract(notes: list[Note]) -> list[dict[str, Any]]:
    from . import nlp

    language = nlp.load()
    return [fact.to_dict() for note in notes for fact in nlp.extract(language, note)]


def _run(notes: Path) -> tuple[list[dict[str, Any]], dict[tuple[str, str], str]]:
    from .corpus import open_corpus
    from .runner import Options, make_engine, records

    found: list[dict[str, Any]] = []
    verdicts = {}
    for record in records(open_corpus(notes, None, None), make_engine(Options((_POLICY,)))):
        found += [json.loads(line) for line in record.chunks["facts.jsonl"].splitlines()]
        verdicts.update({(v.patient_id, v.criterion): v.status for v in record.verdicts})
    return found, verdicts


def _flat(fact: dict[str, Any]) -> dict[str, Any]:
    return {**fact, **(fact.get("attributes") or {})}


def _note_type(note_id: str, found: list[dict[str, Any]]) -> str:
    from .schema import NOTE_TYPES
    last = note_id.rsplit("_", 1)[-1]
    return last if last in NOTE_TYPES else found[0].get("note_type", "unknown") if found else "unknown"


def _errors(scores: scoring.Scores, wanted: dict[str, list[dict[str, Any]]],
            found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Each missed or spurious key with the words it rests on."""
    errors = []
    for note in scores.notes:
        for what, keys, facts in (("missed", note.gold - note.found, wanted[note.note_id]),
                                  ("spurious", note.found - note.gold, found[note.note_id])):
            for key in sorted(keys, key=str):
                fact = next((f for f in facts if (*key[:-1],) in scoring.keys(f) and f.get("assertion") == key[-1]), {})
                errors.append({"note_id": note.note_id, "what": what, "kind": key[0], "key": list(key[1:-1]),
                               "assertion": key[-1], "words": fact.get("quote") or fact.get("text", ""),
                               "sentence": fact.get("sentence", ""), "rule": fact.get("rule", "")})
    return errors


def _texts(gold: Path, tagged: annotated.Gold | None) -> Callable[[str], str | None]:
    """The text of a note by its id, None where it is not at hand."""
    if tagged:
        return {each.note.note_id: each.note.text for each in tagged.notes}.get

    @cache
    def text(note_id: str) -> str | None:
        path = gold / "notes" / f"{note_id}.txt"
        return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None

    return text


def _bad_spans(text_of: Callable[[str], str | None], found: list[dict[str, Any]]) -> int:
    return sum(
        (text := text_of(fact["note_id"])) is not None and text[fact["start"]:fact["end"]] != fact["text"]
        for fact in found
    )


def _read_lines(path: Path, hint: str, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; {hint}") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not JSON Lines (one JSON object a line); {hint}") from None
    if not all(isinstance(row, dict) and all(key in row for key in keys) for row in rows):
        raise UserError(f"{path} has lines without {', '.join(keys)}; {hint}")
    return rows


def _load_result(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        result["kinds"], result["errors"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path} is not a result of `bvn-evidence evaluate --out`; give one to --compare") from None
    return dict(result)
