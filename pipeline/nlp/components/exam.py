"""Results of provocation tests: "negative FABER and thigh thrust", "facet loading (+) on the left".

A result word stands before a list of tests or behind it; the order of the first test and the first result in the sentence
tells which. Positive tests alone make a diagnosis possible, negative ones deny it (annotation guide, kind 9).
"""
from __future__ import annotations

import re

_NEGATIVE = (r"negative|neg\b|\(\s*-\s*(?:ve)?\s*\)|-ve\b|-/-|(?<=\s)-(?=\s*(?:$|[,.;]|bilat|b/l))|(?<=[\s,;:])-\s?(?=(?:faber|slr|facet|kemp|gaenslen|thigh|straight|patrick|yeoman|sij?\b|slump|stork))|nontender|non[\s-]tender|not\s+tender|non[\s-]?painful|"
             r"normal|unremarkable|(?:is|was|were|are)?\s*(?:pain[\s-]?free|painless)|unprovocative|non-?provocative|"
             r"(?:re)?(?:produces?|provokes?)\s+(?:nothing|no\b)|elicits?\s+(?:nothing|no\b)|(?:do|does|did)\s+not\s+(?:re)?(?:produce|provoke|elicit|cause|aggravate)|not\s+(?:re)?(?:produce|provoke|reproduced|provoked)|"
             r"without\s+(?:pain|provocation|tenderness|reproduction)|no\s+(?:pain|tenderness)|absent|unrevealing|benign|denies|0\s?/\s?[3-6]\b")
_POSITIVE = (r"positive|pos\b|\(\s*\+\s*(?:ve)?\s*\)|\+ve\b|\+/\+|(?<=\s)\+(?!\d)|(?:re)?produc(?:es|ed|ing)|provok(?:es|ed|ing)|"
             r"provocative\s+of|elicit(?:s|ed)|caus(?:es|ed)|painful|aggravat(?:es|ed)|tender(?:ness)?\b|concordant|equivocal|mild\s+pain")
_RESULT = re.compile(rf"(?:\b|(?<=\W)|(?<=^))(?:(?P<negative>{_NEGATIVE})|(?P<positive>{_POSITIVE}))")
_BLOCK_FAILED = re.compile(r"(?P<negative>\bnegative|\bneg\b|\bnon-?diagnostic|\b(?:no|without|minimal|little|negligible)\s+(?:\w+\s+){0,2}(?:relief|benefit|response|improvement)|"
                           r"(?<![\d>])(?:[0-4]?\d)\s?%\s+(?:\w+\s+){0,2}(?:relief|improvement|reduction|better)|\bdid\s+not\s+(?:help|relieve))|(?P<positive>\bpositive|(?:[5-9]\d|100)\s?%)")
_TEST = re.compile(r"\b(?:slr|straight\s+leg|slump|faber|fabere|fadir|patrick|gaenslen|yeoman|thigh\s+thrust|kemp|facet|quadrant|stork|"
                   r"femoral\s+(?:nerve\s+)?stretch|fns|ober|thomas|sacral\s+thrust|distraction|compression|si\s+joint|sij|sacroiliac|"
                   r"hoffman|babinski|spurling|waddell|valsalva|gillet|fortin)")
_REACH = 250
_CUT = re.compile(r"[.;]\s|\bbut\b|\bhowever\b|\bwhile\b|\bwhereas\b")
_BOX = re.compile(r"\s*(?:\[\s?[x\u2713\u2714]\s?\]|\(\s?x\s?\)|[\u2611\u2612\u2713\u2714])?\s*")
_LEADS = re.compile(r"[\s:]*(?:(?:for|on|in|with|during|to|bilateral|the|left|right|lumbar|axial|a|an)\s+)*")
_COMPLAINT = re.compile(r"tender|^pain|\bpain\s+(?:over|at|on)")
_DENIED = re.compile(r"\b(?:no|without|denies|nil|not)\s+(?:\w+\s+){0,3}$")


def results(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """The results of the test at `start:end` of a folded sentence and where they stand; empty where none is given.

    Two results of one test ("positive on the left, negative on the right") are both given.
    """
    back = max(0, start - _REACH)
    first = max((m.end() for m in _CUT.finditer(text, back, start)), default=back)
    last = next((m.start() for m in _CUT.finditer(text, end)), min(len(text), end + _REACH))
    own = _own_words(text, first, start, end)
    if own:
        return [own]
    pattern = _BLOCK_FAILED if "block" in text[start:end] or "mbb" in text[start:end] else _RESULT
    found = [m for m in pattern.finditer(text, first, last) if m.end() <= start or m.start() >= end]
    tests = list(_TEST.finditer(text, first, last))
    leading = [m for m in found if m.end() <= start and _LEADS.fullmatch(text, m.end(), _next_test(tests, m.end(), start))]
    if leading and not _between(found, leading[-1], start):
        return [_read(text, first, leading[-1], start, end)]
    behind = [m for m in found if m.start() >= end]
    if not behind:
        return [("possible", start, end)] if _COMPLAINT.search(text, start, end) else []
    if _COMPLAINT.search(text, start, end) and behind[0].start() - end > 25:
        return [("possible", start, end)]
    kept = [behind[0]]
    kept += [m for m in behind[1:2] if not any(kept[0].end() <= t.start() < m.start() for t in tests)
             and re.match(r"\s*(?:on\s+(?:the\s+)?)?(?:left|right|lt|rt|l\b|r\b)", text[m.end():])]
    return [_read(text, first, match, start, end) for match in kept]


def answer(text: str) -> list[str]:
    """The result that opens a text which stands apart from its test ("[x] pos R", a table cell)."""
    lead = _BOX.match(text)
    match = _RESULT.match(text, lead.end() if lead else 0)
    return [] if match is None else ["absent" if match["negative"] else "possible"]


def _own_words(text: str, first: int, start: int, end: int) -> tuple[str, int, int] | None:
    """A result that the words of the test itself give: "no facet tenderness", "SI joints non-tender"."""
    if not _COMPLAINT.search(text, start, end):
        return None
    denied = _DENIED.search(text, first, start)
    if denied:
        return "absent", denied.start(), end
    if re.search(r"\bnon[\s-]?tender|\bnot\s+tender", text[start:end]) or re.search(r"(?:non|not)[\s-]*$", text[:start]):
        return "absent", start, end
    return None


def _next_test(tests: list[re.Match[str]], at: int, start: int) -> int:
    return min((t.start() for t in tests if t.start() >= at), default=start) if tests else start


def _between(found: list[re.Match[str]], lead: re.Match[str], start: int) -> bool:
    """Whether another result follows the leading one before the test, so that it no longer speaks of this test."""
    return any(lead.end() <= m.start() < start for m in found)


def _read(text: str, first: int, match: re.Match[str], start: int, end: int) -> tuple[str, int, int]:
    denied = bool(match["positive"]) and _DENIED.search(text, first, match.start()) is not None
    assertion = "absent" if match["negative"] or denied else "possible"
    return assertion, min(start, match.start()), max(end, match.end())
