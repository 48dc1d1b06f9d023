"""Results of provocation tests: "negative FABER and thigh thrust", "facet loading (+) on the left".

A result word stands before a list of tests or behind it; the order of the first test and the first result in the sentence
tells which. Positive tests alone make a diagnosis possible, negative ones deny it (annotation guide, kind 9).
"""
from __future__ import annotations

import re

_NEGATIVE = (r"negative|neg\b|\(\s*-\s*(?:ve)?\s*\)|-ve\b|-/-|(?<=\s)-(?=\s*(?:$|[,.;]|bilat|b/l))|nontender|non[\s-]tender|not\s+tender|"
             r"normal|unremarkable|(?:is|was|were|are)?\s*(?:pain[\s-]?free|painless)|unprovocative|non-?provocative|"
             r"(?:do|does|did)\s+not\s+(?:re)?(?:produce|provoke|elicit|cause|aggravate)|not\s+(?:re)?(?:produce|provoke|reproduced|provoked)|"
             r"without\s+(?:pain|provocation|tenderness|reproduction)|no\s+(?:pain|tenderness)|absent|unrevealing|benign|denies")
_POSITIVE = (r"positive|pos\b|\(\s*\+\s*(?:ve)?\s*\)|\+ve\b|\+/\+|(?<=\s)\+(?!\d)|(?:re)?produc(?:es|ed|ing)|provok(?:es|ed|ing)|"
             r"provocative\s+of|elicit(?:s|ed)|caus(?:es|ed)|painful|aggravat(?:es|ed)|tender(?:ness)?\b|concordant|equivocal|mild\s+pain")
_RESULT = re.compile(rf"(?:\b|(?<=\W)|(?<=^))(?:(?P<negative>{_NEGATIVE})|(?P<positive>{_POSITIVE}))")
_TEST = re.compile(r"\b(?:slr|straight\s+leg|slump|faber|fabere|fadir|patrick|gaenslen|yeoman|thigh\s+thrust|kemp|facet|quadrant|stork|"
                   r"femoral\s+(?:nerve\s+)?stretch|fns|ober|thomas|sacral\s+thrust|distraction|compression|si\s+joint|sij|sacroiliac|"
                   r"hoffman|babinski|spurling|waddell|valsalva|gillet|fortin)")
_CUT = re.compile(r"[.;]\s|\bbut\b|\bhowever\b|\bwhile\b|\bwhereas\b")
_DENIED = re.compile(r"\b(?:no|without|denies|nil|not)\s+(?:\w+\s+){0,3}$")


def result(text: str, start: int, end: int) -> tuple[str, int, int] | None:
    """The result of the test at `start:end` of a folded sentence and where it stands; None where none is given."""
    first = max((m.end() for m in _CUT.finditer(text, 0, start)), default=0)
    last = next((m.start() for m in _CUT.finditer(text, end)), len(text))
    inside = "tender" in text[start:end]
    if inside:
        denied = _DENIED.search(text, first, start)
        if denied:
            return "absent", denied.start(), end
        if re.match(r"non[\s-]?tender", text[start:end]) or re.search(r"(?:non|not)[\s-]*$", text[:start]):
            return "absent", start, end
    results = [m for m in _RESULT.finditer(text, first, last) if m.end() <= start or m.start() >= end]
    if not results:
        return ("possible", start, end) if inside else None
    tests = _TEST.search(text, first, last)
    before = [m for m in results if m.end() <= start]
    behind = [m for m in results if m.start() >= end]
    prefix = bool(before) and (tests is None or results[0].start() < min(tests.start(), start))
    if inside and not prefix and (not behind or behind[0].start() - end > 25):
        return "possible", start, end
    match = before[-1] if prefix or not behind else behind[0]
    if not prefix and not behind:
        return None
    denied = match["positive"] and _DENIED.search(text, first, match.start())
    return ("absent" if match["negative"] or denied else "possible"), min(start, match.start()), max(end, match.end())
