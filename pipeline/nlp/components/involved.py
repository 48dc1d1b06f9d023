"""Which structures a process affects: "mild canal and moderate left foraminal stenosis", "hypertrophy of the facet joints".

A lexicon entry with `involves` names only the process (stenosis, arthropathy). The words around it are walked outwards, as
long as they are sides, grades, levels, joining words or structures, and cut at the joining words: each piece with a
structure is one finding with its own side and grade. Failing that, the label of the line ("Facets:", a table's column)
names the structure.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from ..attach import severity, side
from ..levels import find as levels_in
from ..memory import remembered
from .qualifier import Qualified, apart, behind

_TOKEN = re.compile(r"[a-z0-9][a-z0-9'-]*|[,;:/&()\[\]>=<+?.]")
_STRUCTURES = (
    ("foraminal_stenosis", re.compile(r"(?:neuro|extra|bi)?-?foram\w+|neuroforam\w+|nff?s?")),
    ("lateral_recess_stenosis", re.compile(r"recess(?:es)?|subarticular")),
    ("central_stenosis", re.compile(r"canals?|central|spinal")),
    ("facet_arthropathy", re.compile(r"facet(?:s|al)?|zygapophys\w+|apophyseal")),
    ("si_joint_dysfunction", re.compile(r"si|sij|sijs|sacroiliac|sacroiliacs|sacro-iliac|iliac")),
    ("nerve_root_compression", re.compile(r"roots?|nerves?|neural")),
)
_EXIT = frozenset(["exit", "exiting", "exite", "neural", "nerve", "nerves", "root", "roots"])
_JOIN = frozenset(["and", "or", ",", "/", "&", "plus", "nor", "as", "well"])
_FILL = frozenset(["left", "right", "lt", "rt", "l", "r", "b", "bilateral", "bilaterally", "both", "sided", "side", "sides", "either", "mild", "mildly", "minimal", "minimally", "slight", "slightly", "moderate", "moderately", "mod", "severe", "severely", "marked", "markedly", "advanced", "trace", "early", "minor", "low", "high", "grade", "significant", "significantly", "critical", "relative", "relatively", "borderline", "only", "no-more", "more", "than", "greater", "equal", "degenerative", "congenital", "acquired", "secondary", "primary", "bony", "osseous", "soft", "tissue", "residual", "recurrent", "associated", "resultant", "resulting", "multilevel", "multifactorial", "diffuse", "focal", "generalised", "generalized", "stable", "unchanged", "new", "progressive", "worsening", "appreciable", "definite", "frank", "central", "spinal", "neural", "exit", "exiting", "nerve", "root", "lateral", "zone", "canal", "space", "level", "levels", "joint", "joints", "the", "a", "of", "at", "in", "to", "on", "upon", "for", "is", "are", "was", "were", "be", "appear", "appears", "appeared", "remain", "remains", "show", "shows", "showing", "demonstrate", "demonstrates", "looks", "look", "there", "this", "these", "which", "has", "have", "lig", "ligs", "ligamentum", "ligamenta", "ligament", "ligamentous", "flavum", "flava", "flaval", "hypertrophy", "hypertrophic", "arthritic", "thickening", "thickened", "buckling", "infolding", "thecal", "sac", "lower", "upper", "mid", "lumbar", "lumbosacral", "still", "also", "now", "not", "somewhat", "quite", "very", "mid-lumbar", "inferior", "superior", "posterior", "anterior", "further", "its", "size", "caliber", "calibre", "diameter", "subchondral", "osteoarthritic", "small", "large", "changes", "change", "inflammatory", "symmetric", "asymmetric", "asymmetrical"])
_LEVEL = re.compile(r"(?:[lst]?-?\d{1,2}|[lstd]\d{1,2})(?:-?[ls]?\d)?(?:-[ls]?\d)?")
_PREPOSITION = frozenset(["of", "in", "at", "within", "involving", "affecting", "across", "to", "on", "upon", "the", "both", "left", "right", "lt", "rt", "bilateral"])
_ACTS_ON = re.compile(r"(?:narrow(?:ing|ed|s)?|compromising|effacing|obliterating|encroaching|constricted|tight)\s+(?:(?:of|on|the|both|left|right|lt|rt|bilateral|spinal|central|neural|upon)\s+){0,4}(?:canals?|foram|neuroforam|recess|lateral\s+recess|central\s+canal|subarticular|exit)")
_SHOW = frozenset(["show", "shows", "demonstrate", "demonstrates", "have", "has", "reveal", "reveals", "with"])
_PARTICIPLE = re.compile(r"stenosed|stenotic|narrowed|tight|hypertrophied|degenerated?|arthritic|enlarged|compromised|effaced|worn")
_SUBJECT = re.compile(r"[^,;:]{0,70}\b(?:is|are|appears?|look|looks|remains?)\b(?:(?!\b(?:disc|discs|space|height)\b)[^,;:]){0,50}$")
_SAYS = re.compile(r"\b(?:is|are|was|were|appears?|remains?)\b")
_REACH = 140


@dataclass(slots=True, frozen=True)
class Involved:
    """One structure that a process affects, with the side and grade said of it there, or of some of its levels."""
    diagnosis: str
    side: str | None
    severity: str | None
    levels: tuple[str, ...] = ()


@dataclass(slots=True)
class _Piece:
    words: list[str]
    structures: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.words)


@remembered
def involved(text: str, start: int, end: int, allowed: tuple[str, ...], label: str) -> tuple[list[Involved], int, int]:
    """What the process at `start:end` of a folded sentence affects, and the span of the words that say so.

    `allowed` are the diagnoses the process can stand for; `label` holds the words that stand over the sentence. The list
    is empty where no structure is named.
    """
    if _ACTS_ON.match(text, start):  # "narrowing the canal": what follows is what narrows
        found = _structures_behind(text, start, end, [], allowed)
        if found:
            return found
    tokens = _walk_back(text, start, allowed)
    pieces = _pieces(tokens, allowed)
    if _names(pieces):
        return _settle(pieces, text, end), tokens[0][1], end
    found = _structures_behind(text, start, end, tokens, allowed)
    if found:
        return found
    if _PARTICIPLE.fullmatch(text[start:end]):  # "the foramina are elongated and moderately stenosed"
        subject = _SUBJECT.search(text, max(0, start - _REACH), start)
        named = _in_label(subject.group(), allowed) if subject else []
        if subject and named:
            return _settle([_Piece(subject.group().split(), named[-1:])], text, end), subject.start(), end
    over = _in_label(label, allowed)
    if over:
        return _settle([_Piece([token for token, _, _ in tokens if token not in _JOIN], over)], text, end), start, end
    return [], start, end


def _structures_behind(text: str, start: int, end: int, tokens: list[tuple[str, int, int]],
                       allowed: tuple[str, ...]) -> tuple[list[Involved], int, int] | None:
    """The structures right behind a process: "stenosis of the lateral recesses", "hypertrophy of facet joints"."""
    behind = _walk_on(text, end, allowed)
    found = _pieces(behind, allowed)
    if not _names(found):
        return None
    head = [token for token, _, _ in (tokens or _walk_back(text, start, allowed))[-4:]]
    for piece in found:
        if not severity(piece.text):
            piece.words = [*head, *piece.words]
    last = behind[-1][2]
    return _settle(found, text, last), start, last


def _walk_back(text: str, start: int, allowed: tuple[str, ...]) -> list[tuple[str, int, int]]:
    base = max(0, start - _REACH)
    tokens = [(m.group(), base + m.start(), base + m.end()) for m in _TOKEN.finditer(text[base:start])]
    kept: list[tuple[str, int, int]] = []
    for position in range(len(tokens) - 1, -1, -1):
        word = tokens[position][0]
        if not _passes(word, allowed) and not (word in ("no", "any") and position and tokens[position - 1][0] in _SHOW):
            break
        kept.append(tokens[position])
    kept.reverse()
    if kept and kept[0][0] in ("on", "to"):  # "bulge on the left and mild facet arthropathy"
        joined = next((place for place, token in enumerate(kept) if token[0] in _JOIN), 0)
        kept = kept[joined:]
    while kept and (kept[0][0] in _JOIN or kept[0][0] in ("of", "at", "in", "to", "on", ",", "is", "are")):
        kept.pop(0)
    return kept


def _walk_on(text: str, end: int, allowed: tuple[str, ...]) -> list[tuple[str, int, int]]:
    kept: list[tuple[str, int, int]] = []
    for match in _TOKEN.finditer(text, end, min(len(text), end + _REACH)):
        word = match.group()
        if not kept and word not in _PREPOSITION and not _structure(word, allowed) and word not in ("neural", "exit", "central", "spinal", "joint", "changes", "change"):
            break
        if not _passes(word, allowed):
            break
        kept.append((word, match.start(), match.end()))
    while kept and not _structure(kept[-1][0], allowed):
        kept.pop()
    return kept


@remembered
def _passes(word: str, allowed: tuple[str, ...]) -> bool:
    return (all(part in _FILL or part in _JOIN or part == "than" for part in word.split("-")) or word in _JOIN or bool(_structure(word, allowed)) or bool(_LEVEL.fullmatch(word))
            or word in ("(", ")", ">", ":", "synovial"))


@remembered
def _structure(word: str, allowed: tuple[str, ...]) -> str | None:
    for diagnosis, pattern in _STRUCTURES:
        if diagnosis in allowed and pattern.fullmatch(word):
            return diagnosis
    return None


def _pieces(tokens: list[tuple[str, int, int]], allowed: tuple[str, ...]) -> list[_Piece]:
    pieces = [_Piece([], [])]
    for position, (word, _, _) in enumerate(tokens):
        if word in _JOIN:
            pieces.append(_Piece([], []))
            continue
        pieces[-1].words.append(word)
        found = _structure(word, allowed)
        if found == "central_stenosis" and position and tokens[position - 1][0] in _EXIT and word.startswith("canal"):
            found = "foraminal_stenosis"
        if found == "central_stenosis" and word in ("central", "spinal") and position + 1 < len(tokens) and (
                _structure(tokens[position + 1][0], allowed) not in (None, "central_stenosis")):
            found = None
        if found and found not in pieces[-1].structures:
            pieces[-1].structures.append(found)
    return [piece for piece in pieces if piece.words]


def _names(pieces: list[_Piece]) -> bool:
    return any(piece.structures for piece in pieces)


def _in_label(label: str, allowed: tuple[str, ...]) -> list[str]:
    if "spinal" in label and "canal" not in label and "stenos" not in label:
        label = label.replace("spinal", "")
    words = [match.group() for match in _TOKEN.finditer(label)]
    return [d for d in dict.fromkeys(_structure(word, allowed) for word in words) if d]


def _settle(pieces: list[_Piece], text: str, end: int) -> list[Involved]:
    """One finding a structure: pieces without one take that of the next, grades pass on to the piece behind."""
    following: list[str] = []
    for piece in reversed(pieces):
        own = (side(piece.text) or severity(piece.text)) and not _SAYS.search(piece.text)  # "stenosis is severe and the facets"
        following = piece.structures = piece.structures or (following if own else [])
    result: list[Involved] = []
    grade: str | None = None
    for piece in pieces:
        grade = severity(piece.text) or grade if piece.structures else None
        named = tuple([level for mention in levels_in(piece.text) for level in mention.levels])
        for diagnosis in piece.structures:
            result.append(Involved(diagnosis, side(piece.text), grade, named))
    if len({item.diagnosis for item in result}) == 1 and apart([Qualified(item.side, item.severity, item.levels) for item in result]):
        return result
    result = _merge(result)
    if len(result) == 1:
        one = result[0]
        return [Involved(one.diagnosis, *said) for said in behind(text, end, one.diagnosis, one.side, one.severity)]
    return [Involved(one.diagnosis, one.side, one.severity or behind(text, end, one.diagnosis, one.side, None)[0].severity)
            for one in result]


def _merge(found: list[Involved]) -> list[Involved]:
    """Left and right of one structure with one grade are bilateral."""
    merged: list[Involved] = []
    for item in found:
        same = next((m for m in merged if m.diagnosis == item.diagnosis and (m.severity == item.severity or m.side == item.side)), None)
        if same is None:
            merged.append(item)
        else:
            sides = {same.side, item.side} - {None}
            both = "bilateral" if len(sides) > 1 else (sides.pop() if sides else None)
            merged[merged.index(same)] = Involved(item.diagnosis, both, item.severity or same.severity)
    return merged
