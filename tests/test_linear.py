"""No pattern can be made slow: not ours, whatever the note, and none of a user's own lexicons is taken that can be."""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import pkgutil
import re
import re._constants as c
import re._parser as parser
import shutil
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bvn_evidence
from bvn_evidence import cli
from bvn_evidence.nlp import extract, lexicon
from bvn_evidence.nlp.linear import slow
from bvn_evidence.nlp.sentences import split
from bvn_evidence.schema import Note

PACKAGE = Path(__file__).parents[1] / "pipeline"
NOT_WORDS = ("macros", "spelling")

# read text that is short or not of a note, whatever the note
SHORT = {
    "examples._TAG": "reads the examples of the lexicons",
    "components.onset._LEAD": "reads 48 characters",
}
# a cell ends at the end of its line at the latest, so every try succeeds; `test_notes_of_any_shape` times it
SUCCEEDS = {"columns._CELL": "rescan"}
WHOLE_NOTE = ("sentences", "columns", "levels.HEADING_LEVELS", "normalize")


def lexicon_patterns() -> list[str]:
    return [
        pattern
        for name in lexicon.names()
        if name not in NOT_WORDS
        for entry in lexicon.entries(name)
        for pattern in (entry.regex, *entry.exclude)
    ]


def module_patterns() -> list[tuple[re.Pattern[str], list[str]]]:
    """Every compiled pattern of the modules that read notes, with its names there (`lines.LABEL`)."""
    found: dict[int, tuple[re.Pattern[str], list[str]]] = {}
    names = [module.name for module in pkgutil.walk_packages(bvn_evidence.__path__, "bvn_evidence.")]
    for name in (name for name in names if name.startswith("bvn_evidence.nlp.")):
        for variable, value in vars(importlib.import_module(name)).items():
            held = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else [value]
            for pattern in held:
                if isinstance(pattern, re.Pattern):
                    found.setdefault(id(pattern), (pattern, []))[1].append(f"{name.removeprefix('bvn_evidence.nlp.')}.{variable}")
    return list(found.values())


def searched() -> set[str]:
    """Names that a module searches with, or hands on: those may begin at any place of a text."""
    names: set[str] = set()
    for file in (PACKAGE / "nlp").rglob("*.py"):
        module = ".".join(file.relative_to(PACKAGE / "nlp").with_suffix("").parts)
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        anchored = {
            id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr in ("match", "fullmatch", "pattern")
        }
        names |= {
            f"{module}.{node.id}"
            for node in nodes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in anchored
        }
    return names


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("(a+)+b", "exponential"),
        (r"(\w+\s?)*$", "exponential"),
        ("(a|aa)+b", "exponential"),
        (r"(?:\d{1,2}\s?)+x", "exponential"),
        ("(?:b(?:a?)?)+c", "exponential"),
        ("^(?:a*|b*)*c", "exponential"),
        ("^(?=(a+)+b)a", "exponential"),
        (r"^\s*a?\s*b", "polynomial"),
        ("x.*y.*z", "polynomial"),
        ("xa(?:b+b+c)?", "polynomial"),
        ("^(?:(?!x[a-z]*!)[a-z])+y", "polynomial"),
        ("(a{1,50}){1,50}b", "polynomial"),
        (r"z(?:[a-z]{1,9}\s?){0,12}foo", "polynomial"),
        ("a+b", "rescan"),
        (r"\w+ pain", "rescan"),
        ("x[^.]*y", "rescan"),
        (r"x(?=\w+y)z", "rescan"),
        (r"modic\s+changes?", None),
        (r"\b\w+ pain", None),
        (r"\bfoo\w*\s+bar", None),
        (r"^\s*a", None),
        (r"x\s*+\s*y", None),
        ("(?:ab|cd)+?(?:e|$)", "rescan"),
        ("x(?:a|b)*", None),
        (r"z(?:[a-z]+\s+){0,3}foo", None),
        (r"x[^.]{0,40}y[^.]{0,40}z", None),
        (r"(?<!\d)\d+ weeks", None),
    ],
)
def test_what_can_be_made_slow_is_told_by_its_kind(pattern, kind):
    found = slow(pattern) if not pattern.startswith("z(?:[a-z]+") else slow(pattern, sentence=False, search=False)
    assert (found and found.kind) == kind


def test_no_pattern_of_the_lexicons_can_be_made_slow():
    patterns = lexicon_patterns()
    assert len(patterns) > 900
    assert [(pattern, found) for pattern in patterns if (found := slow(pattern, sentence=True))] == []


def test_no_pattern_of_the_components_can_be_made_slow():
    patterns, used = module_patterns(), searched()
    assert len(patterns) > 200
    wrong = []
    for pattern, names in patterns:
        whole = any(name.startswith(WHOLE_NOTE) for name in names)
        found = slow(pattern.pattern, pattern.flags & ~re.UNICODE, search=bool(used & set(names)), sentence=not whole)
        if found and names[0] not in SHORT and SUCCEEDS.get(names[0]) != found.kind:
            wrong.append((names, found))
    assert wrong == []


# an oracle that counts: what the analysis calls quick is quick on every short pump, what it calls slow is slow on its own


class Steps(Exception):
    """Too many."""


def steps(pattern: str, text: str, most: int = 200_000) -> int:
    """How many places a backtracking search for `pattern` looks at before it gives up or matches."""
    tree = list(parser.parse(pattern))
    count = 0

    def walk(items, at):
        nonlocal count
        count += 1
        if count > most:
            raise Steps
        if not items:
            yield at
            return
        (op, arg), rest = items[0], items[1:]
        if op is c.LITERAL:
            if at < len(text) and ord(text[at]) == arg:
                yield from walk(rest, at + 1)
        elif op is c.IN:
            if at < len(text) and any(ord(text[at]) == value for _, value in arg):
                yield from walk(rest, at + 1)
        elif op is c.SUBPATTERN:
            yield from walk([*arg[-1], *rest], at)
        elif op is c.BRANCH:
            for branch in arg[1]:
                yield from walk([*branch, *rest], at)
        else:
            least, top, body = arg
            yield from repeat(list(body), least, 99 if top is c.MAXREPEAT else top, rest, at, -1)

    def repeat(body, least, most_times, rest, at, last):
        if most_times > 0 and at != last:
            for end in walk(body, at):
                if end > at:
                    yield from repeat(body, least - 1, most_times if most_times == 99 else most_times - 1, rest, end, at)
        if least <= 0:
            yield from walk(rest, at)

    try:
        for start in range(len(text) + 1):
            if next(walk(tree, start), None) is not None:
                break
    except (Steps, RecursionError):
        return most
    return count


pieces = st.recursive(
    st.sampled_from(["a", "b", "[ab]"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?"])).map(lambda two: f"(?:{two[0]}){two[1]}"),
    ),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None, database=None)
@given(pieces)
def test_the_analysis_agrees_with_counting_steps(piece):
    pattern = piece + "c"
    found = slow(pattern)
    if found:
        counts = [steps(pattern, found.text(size)) for size in (16, 48)]
        assert counts[1] > 3.6 * counts[0] or counts[1] == 200_000
    else:
        for pump in ("a", "b", "ab", "aab", "abb"):
            for prefix in ("", "a", "b"):
                counts = [steps(pattern, prefix + pump * (size // len(pump)) + "d") for size in (24, 72)]
                assert counts[1] <= 4 * counts[0] + 60


# attacks that are timed


def sample(items) -> str:
    """A short text that a sequence matches, conditions aside."""
    return "".join(_sample(op, arg) for op, arg in items)


def _sample(op, arg) -> str:
    if op is c.LITERAL:
        return chr(arg)
    if op is c.IN:
        return _of_set(arg)
    if op in (c.ANY, c.NOT_LITERAL):
        return "a"
    if op is c.SUBPATTERN:
        return sample(arg[-1])
    if op is c.BRANCH:
        return sample(arg[1][0])
    if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
        return sample(arg[2]) * max(arg[0], 0)
    return ""


def _of_set(members) -> str:
    matches = re.compile("[" + "".join(_member(op, arg) for op, arg in members) + "]").match
    return next((char for char in "ab1 .-,/(=" + "".join(map(chr, range(33, 127))) if matches(char)), "\u2013")


def _member(op, arg) -> str:
    if op is c.NEGATE:
        return "^"
    if op is c.RANGE:
        return f"{re.escape(chr(arg[0]))}-{re.escape(chr(arg[1]))}"
    if op is c.CATEGORY:
        return {"DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S", "WORD": r"\w", "NOT_WORD": r"\W"}[
            str(arg).removeprefix("CATEGORY_")
        ]
    return re.escape(chr(arg))


def pumps(items, before: str = ""):
    """(what leads to a repeat, what it repeats) for every repeat that may go on, and what leads there itself pumped."""
    for op, arg in items:
        if op is c.SUBPATTERN:
            yield from pumps(arg[-1], before)
        elif op is c.BRANCH:
            for branch in arg[1]:
                yield from pumps(branch, before)
        elif op in (c.ASSERT, c.ASSERT_NOT):
            yield from pumps(arg[1], before)
        elif op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT) and arg[1] > 4:
            inner = [arg[2][0][1][1]] if arg[2] and arg[2][0][0] is c.BRANCH else [[arg[2]]]
            for body in [option for options in inner for option in options][:12]:
                yield before, sample(body) or sample(arg[2]) or "a"
            yield from pumps(arg[2], before + sample(arg[2]))
        before = (before + _sample(op, arg))[-80:]


def attacks(pattern: re.Pattern[str] | str) -> set[tuple[str, str]]:
    compiled = re.compile(pattern)
    found = set(pumps(parser.parse(compiled.pattern, compiled.flags & ~re.UNICODE)))
    return {pair for before, pump in found for pair in ((before, pump), (before, pump + " "), ("", (before + pump)[-60:]))}


def as_read(text: str) -> str:
    """Without gaps and words that no sentence has."""
    return re.sub(r"\S{200}", r"\g<0> ", re.sub(" {17,}", " " * 16, text))


def in_time(seconds: int, work):
    """The result of `work` in a child that is killed after `seconds`: a pattern that never ends fails, and hangs nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            gc.disable()
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as result:
        answer = result.read()
    os.waitpid(child, 0)
    assert answer, f"not done within {seconds} seconds"
    return json.loads(answer)


def grows(work, texts: list[str], most: float, least: float) -> bool:
    """Whether the longer text takes more than `most` times as long as the shorter (or as `least` seconds), three times
    in a row: a busy machine is no slow pattern."""
    return all(_seconds(work, texts[1]) > most * max(_seconds(work, texts[0]), least) for _ in range(3))


def _seconds(work, text: str) -> float:
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


def test_attacks_on_the_patterns_of_the_lexicons_take_time_in_proportion():
    def work():
        slowest, tried = [], 0
        for pattern in lexicon_patterns():
            search = re.compile(pattern).search
            for before, pump in attacks(pattern):
                tried += 1
                begun = time.process_time()
                search(as_read(before + pump * (2000 // len(pump)) + "\x00"))
                if time.process_time() - begun > 0.002:
                    texts = [as_read(before + pump * (size // len(pump)) + "\x00") for size in (4_000, 32_000)]
                    if grows(search, texts, 24, 0.0002):
                        slowest.append((pattern[:60], pump))
        return tried, slowest

    tried, slowest = in_time(120, work)
    assert tried > 3000 and slowest == []


def test_attacks_on_patterns_that_read_whole_notes_take_time_in_proportion():
    def work():
        wrong = []
        used = searched()
        for pattern, names in module_patterns():
            if any(name.startswith(WHOLE_NOTE) for name in names) and names[0] not in SHORT:
                go = pattern.search if used & set(names) else pattern.match
                for before, pump in set(pumps(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))):
                    texts = [before + pump * (size // len(pump)) + "\x00" for size in (64_000, 1_000_000)]
                    if grows(go, texts, 60, 0.0005):
                        wrong.append((names, before, pump))
        return wrong

    assert in_time(120, work) == []


SHAPES = [
    "and\n", "!", "?", " ", "\t", "\n", "\r", " \n", "x ", "x", "1", "[ ] ", "| ", "a | b | c\n", "a: ", "Disc level: ", "- ", "/", ",.",
    "Findings:\n", "L4-5  a  b\n", "  a  b\n", "L45 ", "L4-5", "l b/l ", "low t1 ", "\0", "\u00a0", "modic ", "X\n", "ab\t",
    "the patient has pain and a line of words that goes on and on and\n", "base64" * 40, "(", "no ",
]  # fmt: skip


def test_notes_of_any_shape_take_time_in_proportion(nlp):
    """One thing again and again: the split of a note, and all of it."""

    def work():
        wrong = []
        for shape in SHAPES:
            for read, size in ((split, 16_000), (lambda text: extract(nlp, Note("n", "p", text)), 2_000)):
                texts = [shape * (size * more // len(shape)) for more in (1, 4)]
                if grows(read, texts, 12, 0.004):
                    wrong.append(shape)
        return wrong

    assert in_time(200, work) == []


# a user's own words


@pytest.fixture
def words(tmp_path) -> Path:
    shutil.copytree(PACKAGE.parent / "lexicons", tmp_path / "words")
    return tmp_path / "words"


def add(words: Path, pattern: str) -> None:
    file = words / "region.yml"
    file.write_text(file.read_text() + f"\n  - id: region.mine\n    pattern: '{pattern}'\n    attributes: {{region: other}}\n")


@pytest.mark.parametrize("pattern", ["(a+)+b zebra", r"zebra (\w+\s?)*$", "zebra (a|aa)+b", "zebra.*pain"])
def test_a_lexicon_that_can_be_made_slow_is_refused(words, tmp_path, capsys, pattern):
    add(words, pattern)
    (tmp_path / "note.txt").write_text("Low back pain.")
    for arguments, status in (
        (["lexicons", "check", words], 1),
        (["run", tmp_path / "note.txt", "--out", tmp_path / "out", "--lexicons", words], 2),
        (["explain", tmp_path / "note.txt", "--lexicons", words], 2),
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert stop.value.code == status and printed.out == "" and printed.err.count("\n") == 1
        assert "region.yml: region.mine: the pattern can be made slow" in printed.err and "; " in printed.err
    assert not (tmp_path / "out").exists()
