"""Policy files: finding them, choosing the version in force, checking them line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..errors import UserError
from .chart import listed
from .policy import FINDINGS, Criterion, FindingTest, Model, NOfRule, Place, Policy, parts_of

PACKAGE = "bvn_evidence_lexicons.policies"
DEFAULT = "aspn-2022"
_QUOTED = re.compile("'.{2,}'|\".{2,}\"")  # words of the file in what the YAML reader says


@lru_cache(maxsize=1)
def _folder() -> Path:
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


@lru_cache(maxsize=1)
def _packaged() -> tuple[Policy, ...]:
    return tuple(_read(path) for path in sorted(_folder().glob("*.yml")))


def list_policies() -> list[Policy]:
    """The policies that come with the program, every version, the default first."""
    return sorted(_packaged(), key=lambda p: (p.id != DEFAULT, p.id, p.effective_from or date.min))


def load_policy(name_or_path: str | Path, on: str | None = None) -> Policy:
    """A packaged policy by name, in the version in force on an ISO date (None: the newest), or a policy file by path.

    Raises UserError, in one line, for an unknown name, an unsound policy file, or a date without a version."""
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or name.endswith((".yml", ".yaml")) or "/" in name:
        return _read(Path(name_or_path))
    versions = [p for p in list_policies() if p.id == name]
    if not versions:
        names = list(dict.fromkeys(p.id for p in list_policies()))
        close = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UserError(f"unknown policy {name!r}: {hint}use one of {', '.join(names)}, or the path of a .yml file")
    if on is None:
        return versions[-1]
    if not _is_date(on):
        raise UserError(f"{on!r} is not a date: write YYYY-MM-DD")
    in_force = [p for p in versions if p.in_force(on)]
    if not in_force:
        spans = listed(f"{p.effective_from or 'the beginning'} to {p.effective_to or 'today'}" for p in versions)
        raise UserError(
            f"policy {name} was not in force on {on}: its versions cover {spans}; choose another policy or date"
        )
    return in_force[-1]


def version_for(policy: Policy, on: str | None) -> tuple[Policy, list[str]]:
    """The version of a packaged policy in force on a date, and a warning where none is."""
    versions = [p for p in list_policies() if p.id == policy.id] if any(p is policy for p in _packaged()) else [policy]
    in_force = [p for p in versions if on is None or p.in_force(on)]
    if in_force:
        return (policy if policy in in_force else in_force[-1]), []
    return policy, [f"The policy was not in force on {on}."]


def criteria_of(policy: Policy) -> list[Criterion]:
    """The policy's own criteria, or those of the policy it names for the documentation check."""
    return policy.criteria or (list(load_policy(policy.criteria_from).criteria) if policy.criteria_from else [])


def check_policy(path: str | Path) -> list[str]:
    """Problems of a policy file, each with its line and how to mend it; none for a sound file."""
    _, problems = _parse(Path(path))
    return problems


def _read(path: Path) -> Policy:
    policy, problems = _parse(path)
    if policy is None or problems:
        more = f" (and {len(problems) - 1} more: run `bvn-evidence policies check`)" if len(problems) > 1 else ""
        raise UserError(f"{path.name} is not a sound policy: {problems[0]}{more}")
    return policy


def _parse(path: Path) -> tuple[Policy | None, list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None, ["line 1: the file is not UTF-8 text; save it as UTF-8"]
    except OSError as error:
        return None, [f"the file cannot be read ({error.strerror}); give the path of a .yml file"]
    try:
        if alias := next((t for t in yaml.scan(text, Loader=yaml.SafeLoader) if isinstance(t, yaml.AliasToken)), None):
            return None, [f"line {alias.start_mark.line + 1}: '*NAME' refers to another place; write it out"]
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = _QUOTED.sub("...", getattr(error, "problem", None) or "a value that cannot be read")
        return None, [
            f"line {mark.line + 1 if mark else 1}: not valid YAML ({what}); check indentation, colons and quotes"
        ]
    if not isinstance(data, dict):
        return None, ["line 1: a policy is a list of 'key: value' lines; begin with 'id: my-policy'"]
    if not data.keys() & Policy.model_fields.keys():  # perhaps a note: its words are not for the terminal
        return None, ["line 1: none of the keys of a policy is here; begin with 'id: my-policy'"]
    problems = _repeated(node)
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        return None, sorted({*problems, *(_explain(node, e) for e in error.errors())}, key=_line_number)
    return policy, sorted([*problems, *_meaning(node, policy)], key=_line_number)


def _line_number(problem: str) -> tuple[int, str]:
    head = problem.split(":")[0].removeprefix("line ")
    return (int(head) if head.isdigit() else 0, problem)


def _line(node: Any, loc: tuple[Any, ...]) -> int:
    """The line of a place in the file; steps that only pydantic knows (the tags of a rule) are passed over."""
    line = node.start_mark.line + 1
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found:
                line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _explain(node: Any, error: Any) -> str:
    """A pydantic error as line, place, and what to write instead."""
    loc, kind, context = error["loc"], error["type"], error.get("ctx") or {}
    key = str(loc[-1]) if loc else ""
    place = ".".join(str(step) for step in loc)
    advice = {
        "missing": f"add '{key}: ...'",
        "extra_forbidden": f"remove '{key}', or correct its spelling{_near(key)}",
        "literal_error": f"use one of {context.get('expected', '')}",
        "union_tag_invalid": f"use one of the tests {context.get('expected_tags', '')}",
        "union_tag_not_found": "write 'test: NAME', or one of 'all:', 'any:', 'n_of:' with a list below it",
        "string_pattern_mismatch": "use lower-case letters, digits and '-' (policy id) or '_' (criterion id)",
        "float_parsing": "write a number, or null where the policy is silent",
        "float_type": "write a number",
        "int_parsing": "write a whole number",
        "int_type": "write a whole number",
        "string_type": "write text (in quotes if it looks like a number)",
        "list_type": "write a list: [a, b]",
        "bool_parsing": "write true or false",
        "date_from_datetime_parsing": "write a date as YYYY-MM-DD",
        "too_short": "write at least one entry",
        "string_too_short": "write some text",
    }.get(kind, "correct it")
    return f"line {_line(node, loc)}: {place}: {error['msg'].lower()}; {advice}"


def _models(root: type[Model]) -> Iterator[type[Model]]:
    for model in root.__subclasses__():
        yield model
        yield from _models(model)


def _near(key: str) -> str:
    known = {name for model in _models(Model) for name in model.model_fields}
    close = difflib.get_close_matches(key, sorted(known), 1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _repeated(node: Any, found: list[str] | None = None) -> list[str]:
    """Keys written twice in one mapping: YAML would keep only the last."""
    found = [] if found is None else found
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append(f"line {key.start_mark.line + 1}: '{key.value}' is written twice; keep one of them")
            seen.add(key.value)
            _repeated(value, found)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _repeated(item, found)
    return found


def _meaning(node: Any, policy: Policy) -> list[str]:
    """Problems that each field alone does not show."""
    found = []
    ids: set[str] = set()
    for part in ("criteria", "exclusions"):
        for index, item in enumerate(getattr(policy, part)):
            here = f"line {_line(node, (part, index, 'id'))}: {part}.{index}"
            if item.id in ids or item.id == "overall":
                found.append(f"{here}: the id '{item.id}' is taken; choose another")
            ids.add(item.id)
            start: Place = (part, index, "rule" if isinstance(item, Criterion) else "when")
            found += _rule_problems(node, item.rule if isinstance(item, Criterion) else item.when, start)
    if policy.effective_from and policy.effective_to and policy.effective_to < policy.effective_from:
        found.append(f"line {_line(node, ('effective_to',))}: effective_to lies before effective_from; swap the dates")
    if policy.position == "covers" and not policy.criteria:
        found.append("line 1: a policy that covers needs criteria; add 'criteria:' with at least one")
    if policy.criteria_from is not None:
        line = _line(node, ("criteria_from",))
        if policy.position == "covers":
            found.append(f"line {line}: criteria_from is for a policy that excludes; write the criteria here")
        elif not (_folder() / f"{policy.criteria_from}.yml").exists():
            names = ", ".join(sorted(path.stem for path in _folder().glob("*.yml")))
            found.append(f"line {line}: there is no policy '{policy.criteria_from}'; use one of {names}")
    return found


def _rule_problems(node: Any, rule: Any, start: Place) -> Iterator[str]:
    for place, part in parts_of(rule, start):
        if isinstance(part, NOfRule) and part.n_of.n > len(part.n_of.of):
            line = _line(node, (*place, "n_of", "n"))
            yield f"line {line}: n_of asks for {part.n_of.n} of {len(part.n_of.of)}; lower n or add rules to 'of'"
        for value in part.values if isinstance(part, FindingTest) else ():
            if value not in FINDINGS[part.kind]:
                close = difflib.get_close_matches(value, FINDINGS[part.kind], 1)
                hint = f"did you mean '{close[0]}'?" if close else f"use one of {', '.join(FINDINGS[part.kind])}"
                yield f"line {_line(node, (*place, 'values'))}: there is no {part.kind} '{value}'; {hint}"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
