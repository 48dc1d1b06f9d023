"""Endplate findings of one sentence: the parts that `lexicons/modic.yml` finds, put together.

A named change (Modic, "type N endplate") takes its types from its words, else from the fat, oedema or sclerosis beside
it. A descriptor is an endplate with what is said of it. A descriptor that explains a named change in the same phrase is
no fact of its own, it only adds the endplates.
"""
from __future__ import annotations

import re

from ..attach import groups
from ..component import NoteView
from ..sentences import Sentence
from ..targets import Target
from .fields import answers, elliptic, field_label, field_of
from .finding import Finding
from .types import described_types, signal_extent, signal_type, types

OTHER_ORGAN = re.compile(
    r"\b(?:facets?|joints?|zygapoph\w+|sacro-?iliac|iliac|si|muscles?|multifid\w*|soft\s+tissues?|subcutaneous|interspin\w+|"
    r"paraspin\w+|laminae?|pedicles?|pars|ha?emangiomas?|cysts?|canal|foramin\w*|foramen|roots?|cord|conus|filum|stenosis|"
    r"protrusions?|herniations?|bulges?|femoral|hips?|legs?|ankles?|osteophytes?|spurs?|ligament\w*|screws?)\b|[;]|"
    r"\b(?:but|whereas|while|otherwise|rather\s+than|instead\s+of|sacral|sacrum)\b")
_IN_BRACKETS = re.compile(r"[^.;()]{0,40}?\((?:types?\s*)?((?:[il]{1,3}|[123])(?:\s*[/-]\s*(?:[il]{1,3}|[123]))?)\)")
_NERVE = re.compile(r"\b(?:bvna?|basivertebral|intracept)\b")
_REACH = 110
_MEANS = re.compile(r"\b(?:consistent\s+with|compatible\s+with|in\s+keeping\s+with|(?:suggest|represent|reflect|indicat)\w*(?:\s+of)?|i\.?e\.?|typical\s+(?:of|for))\s+"
                    r"(?:(?:an?|the|active|acute|chronic|early|developing|degenerative|reactive)\s+){0,3}$")


def findings(note: NoteView, sentence: Sentence, targets: list[Target]) -> list[Finding]:
    """The endplate findings of one sentence, whose endplate terms are `targets`, in text order."""
    over = field_label(sentence)
    if not targets and not over:
        return elliptic(note, sentence) if answers(sentence.text) else []
    roles: dict[str, list[Target]] = {}
    for target in targets:
        roles.setdefault(target.attributes["role"], []).append(target)
    if "general" in roles or (sentence.cell and not sentence.label):
        return []
    after = note.after(sentence)
    boxes = after is not None and after.line == sentence.line and after.checked is not None
    named = [_named(t, roles) for t in roles.get("named", ()) if sentence.text[t.start:] != t.text + ":"]
    named = [item for item in named if item.types or not boxes or sentence.checked is not None]
    if roles.get("bare") and _modic_context(note, sentence, roles, over):
        for target in roles["bare"]:
            _bare(target, named, roles)
    named += _loose_numbers(sentence, named)
    whole = [_whole(target) for target in roles.get("whole", ())]
    named += [item for item in whole if item.basis == "named"]
    described = [] if "device" in roles else _descriptors(sentence, roles, over) + [item for item in whole if item.basis != "named"]
    if _caused(note, sentence, roles):
        described = []
    normal = [_finding(t, (), t.attributes.get("basis", "descriptor"), "absent", True) for t in roles.get("normal", ()) if not _refused(t)]
    unsaid = [t.end for t in roles.get("unsaid", ())]
    found = [f for f in _merge(named, described) if not any(0 <= f.start - end <= 80 for end in unsaid)] + normal
    if sentence.checked is False:
        return []
    if over and (not found or sentence.text.startswith("endplates: none")):
        found = field_of(sentence, over, bool(found)) + found
    if "talk" in roles:
        found = [f for f in found if len(f.types) == 1 or f.assertion != "present" or groups(sentence)]
    return sorted(found, key=lambda f: (f.start, f.end))


def _finding(target: Target, names: tuple[str, ...], basis: str, assertion: str | None = None, normal: bool = False,
             relation: str = "list") -> Finding:
    end = target.end - (target.text.endswith(")") and "(" not in target.text)
    return Finding(target.sentence, target.start, end, names, relation, basis, assertion or target.assertion,
                   target.cue, target.rule, normal)


def _whole(target: Target) -> Finding:
    name = target.attributes.get("type", "unspecified")
    names = () if name == "unspecified" else tuple(name.split("/"))
    return _finding(target, names, target.attributes.get("basis", "descriptor"), relation="mixed")


def _refused(target: Target) -> bool:
    """Whether a "normal" is itself negated or not stated ("endplates are not normal")."""
    return bool(re.search(r"\b(?:not|never)\s+(?:\w+\s+)?(?:normal|intact|preserved|smooth)", target.text)) or \
        target.assertion in ("hypothetical", "general", "family")


def _named(target: Target, roles: dict[str, list[Target]]) -> Finding:
    found = types(target.text)
    finding = _finding(target, found.names, "named", relation=found.relation)
    finding.sequence = found.sequence
    if not found.names:
        finding.types, finding.relation = described_types(target.text), "mixed"
    if not finding.types and (match := _IN_BRACKETS.match(target.sentence.text, target.end)):
        behind = types(match[1])
        finding.types, finding.relation, finding.sequence = behind.names, behind.relation, behind.sequence
    if not finding.types:
        near = [t for t in (*roles.get("cue", ()), *roles.get("signal", ())) if _explained(t, target)]
        known = [t.attributes.get("type") or signal_type(t.text) for t in near if t.assertion == target.assertion]
        finding.types = tuple(dict.fromkeys(name for name in known if name))
        if re.search(r"\b(?:mixed|combined|hybrid)\b", target.text):
            finding.types = finding.types if len(finding.types) > 1 else ("1", "2")
    return finding


def _explained(cue: Target, named: Target) -> bool:
    """Whether an untyped Modic change is what a cue beside it describes, or what one before it is said to mean."""
    gap = _gap(named, cue)
    if cue.attributes["role"] == "cue" and gap is not None and len(gap) <= 22:
        return True
    return cue.end <= named.start <= cue.end + _REACH and bool(_MEANS.search(named.sentence.text, cue.end, named.start))


def _gap(one: Finding | Target, other: Finding | Target) -> str | None:
    """The words between two parts of one phrase; None where "or", "and" or a comma parts them."""
    between = one.sentence.text[min(one.end, other.end):max(one.start, other.start)]
    return None if re.search(r"\b(?:or|nor|and)\b|[,;]", between) else between


def _bare(target: Target, named: list[Finding], roles: dict[str, list[Target]]) -> None:
    """Add a "type 2" without Modic, or give it to the Modic right before it ("Modic change L4-5, type 2")."""
    found = _named(target, roles)
    before = max((n for n in named if n.end <= target.start), key=lambda n: n.end, default=None)
    gap = target.sentence.text[before.end:target.start] if before else ""
    if before and not before.sequence and re.fullmatch(r"(?:[\s,(:<>-]|changes?|at|in|of|the|both|end[\s-]?plates?|levels?|and|yes|\+|present|positive|noted|seen|are|from|down|to|through|sacrum|[lst]\d|[/-]\d)*", gap):
        before.types, before.sequence = found.types, found.sequence
        before.relation = "in order" if found.relation == "list" else found.relation
    else:
        named.append(found)


def _modic_context(note: NoteView, sentence: Sentence, roles: dict[str, list[Target]], over: str) -> bool:
    """Whether a bare "type 2" is about endplates: they are named in the sentence, over it or in the line before it."""
    if over or any(role in roles for role in ("named", "plate", "change", "normal")):
        return True
    if _NERVE.search(sentence.text):
        return True
    line = note.line(sentence)
    at = sentence.index - line[0].index
    if any(t.group == "modic" and t.attributes["role"] in ("named", "plate", "change") for s in line[max(0, at - 12):at] for t in s.targets):
        return True
    if not any(word in t.text for t in roles["bare"] for word in (" change", "signal", "component")):
        return False
    if "modic.named" not in note.cache:
        note.cache["modic.named"] = any(t.attributes["role"] == "named" for t in note.targets("modic"))
    return bool(note.cache["modic.named"])


_LOOSE = re.compile(r"(?:,|\band|&|;)\s+(?:and\s+)?(?P<type>[il]{1,3}|[123])(?=\s+(?:at|in|of|on)\s+(?:the\s+)?[lst]\s?\d)")


def _loose_numbers(sentence: Sentence, named: list[Finding]) -> list[Finding]:
    """The "2" of "Modic 1 at L4-5 and 2 at L5-S1"."""
    typed = [f for f in named if f.types]
    if not typed:
        return []
    model = typed[0]
    return [Finding(sentence, m.start("type"), m.end("type"), types(m["type"]).names, "list", "named", model.assertion,
                    model.cue, model.rule)
            for m in _LOOSE.finditer(sentence.text, model.end) if not any(f.start <= m.start("type") < f.end for f in named)]


def _descriptors(sentence: Sentence, roles: dict[str, list[Target]], over: str) -> list[Finding]:
    anchors = sorted(roles.get("plate", []) + roles.get("change", []), key=lambda t: t.start)
    cues = sorted(roles.get("cue", []) + roles.get("signal", []), key=lambda t: t.start)
    by_anchor: dict[tuple[int, str], list[Target]] = {}
    loose: list[Target] = []
    for cue in cues:
        nearest = _nearest(sentence.text, cue, anchors)
        if nearest is not None:
            by_anchor.setdefault((nearest, cue.assertion), []).append(cue)
        elif over:
            loose.append(cue)
    found = []
    for number, anchor in enumerate(anchors):
        own = {assertion: group for (at, assertion), group in by_anchor.items() if at == number}
        if anchor.attributes["role"] == "change" and anchor.assertion not in own:
            found.append(_finding(anchor, (), "descriptor"))
        for group in own.values():
            found += _described(group, anchor)
    for cue in loose:
        found += _described([cue], None)
    return found


def _nearest(text: str, cue: Target, anchors: list[Target]) -> int | None:
    """The number of the endplate that a cue describes: the nearest without another organ between."""
    best = None
    if OTHER_ORGAN.search(text[max(0, cue.start - 24):cue.start].rpartition(" ")[0].rpartition(" ")[2]):
        return None  # "facet sclerosis"
    end = cue.start + signal_extent(cue.text) if cue.attributes["role"] == "signal" else cue.end
    for number, anchor in enumerate(anchors):
        gap = (end, anchor.start) if end <= anchor.start else (anchor.end, cue.start)
        size = max(gap[1] - gap[0], 0)
        size += 60 * bool(re.search(r",|\band\s+the\b", text[gap[0]:gap[1]]))
        if cue.assertion == "absent" and anchor.attributes["role"] == "change" and re.match(r"\s*(?:or|nor|and|,|/)\s", text[gap[0]:gap[1]]):
            continue
        if "subchondral" in anchor.text and OTHER_ORGAN.search(text, max(0, anchor.start - 60), anchor.end + 60):
            continue
        if size <= _REACH and (best is None or size < best[0]) and not (size and OTHER_ORGAN.search(text, *gap)):
            best = (size, number)
    return best[1] if best else None


def _described(cues: list[Target], anchor: Target | None) -> list[Finding]:
    names = [t.attributes.get("type") or signal_type(t.text) for t in cues]
    known = list(dict.fromkeys(name for name in names if name))
    members = [*cues, *([anchor] if anchor else [])]
    lead = cues[0]
    start = min(t.start for t in members)
    end = max(t.start + signal_extent(t.text) if t.attributes["role"] == "signal" else t.end for t in members)
    if not known:
        return []
    return [Finding(lead.sentence, start, end, tuple(known), "mixed", "descriptor", lead.assertion, lead.cue, lead.rule)]


def _caused(note: NoteView, sentence: Sentence, roles: dict[str, list[Target]]) -> bool:
    """Whether the sentence, or the next one of the line, lays its endplate change to infection, tumour or fracture."""
    if any(_blames(t) for t in roles.get("cause", ())):
        return True
    placeless = not any(group.levels for group in groups(sentence))
    after = note.after(sentence)
    for _ in range(2):
        if after is None or after.line != sentence.line:
            return False
        causes = [t for t in after.targets if t.group == "modic" and t.attributes["role"] == "cause"
                  and (placeless or ("fracture" not in t.text and "trauma" not in t.text))]
        if any(_blames(t) for t in causes):
            return True
        after = note.after(after)
    return False


def _blames(target: Target) -> bool:
    before = target.sentence.text[max(0, target.start - 60):target.start]
    return target.assertion in ("present", "possible") and not re.search(
        r"(?:rather\s+than|instead\s+of|as\s+opposed\s+to|not|without|nothing\s+to\s+suggest|no|against|unlikely)\b[^.;]*$", before)


def _merge(named: list[Finding], described: list[Finding]) -> list[Finding]:
    """Named and descriptor in one phrase are one named fact."""
    kept = []
    for item in described:
        host = next((n for n in named if explains(n, item)), None)
        if host is not None:
            host.merged.append(item)
        elif not item.types or not set(item.types) <= {name for n in named if n.assertion == item.assertion for name in n.types}:
            kept.append(item)
    return named + kept


def explains(named: Finding, item: Finding) -> bool:
    """Whether a descriptor only describes the named change of its sentence."""
    gap = max(item.start - named.end, named.start - item.end, 0)
    if not item.types:
        if named.assertion == "absent" or item.assertion != named.assertion:
            return gap <= 2 and not (item.assertion == "present" and named.assertion == "possible" and item.end <= named.start)
        return True
    if not named.types:
        return gap <= 30 and _gap(named, item) is not None
    return set(item.types) <= set(named.types) and (item.assertion == named.assertion or (item.assertion == "present"
                                                   and named.assertion == "possible"))
