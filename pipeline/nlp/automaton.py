"""A regular expression as the paths a backtracking matcher can walk: one node a place of the pattern that reads a character.

Characters are bits of an int, over a universe of those that the pattern can tell apart. A choice inside a repeat that can
be taken in two ways without reading anything counts as two edges. Looking ahead is a path that ends; looking behind by one
character, word boundaries, `^` and `$` are conditions on the characters at both sides of an edge. Where that is not
enough (a longer look behind, a long repeat with a limit) there are more paths than in truth, never fewer.
"""
from __future__ import annotations

import re
import re._constants as c  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .normalize import fold

COPIES = 4  # a repeat with a limit up to this is written out; above, it is a repeat that knows its limit
_MOST_NODES = 20_000
_EXTRA = "éßİ–\u00a0\u0663\u2028😀"
_SETS: dict[tuple[str, int, str], int] = {}
_EDGE = 1  # bit 0: the end or the beginning of the text
FOREVER = 0


class Blank(NamedTuple):
    """A way through a part without reading: what must stand before and behind; `free` where nothing else is asked."""
    before: int
    behind: int
    free: bool


@dataclass(slots=True)
class Part:
    """A piece of the pattern: the blank ways through it, the nodes it begins and ends with and how often each way."""
    blank: dict[Blank, int] = field(default_factory=dict)
    first: dict[tuple[Blank, int], int] = field(default_factory=dict)
    last: dict[tuple[int, Blank], int] = field(default_factory=dict)


@dataclass(slots=True)
class Edge:
    """From a node to `to`, reading one of `chars`; `limit` where the way goes through a repeat with that limit."""
    to: int
    chars: int
    ways: int
    limit: int = FOREVER


class TooLarge(ValueError):
    """The pattern has too many places to be looked at."""


class Automaton:
    """`edges[node]`, the nodes that end a match (`done`) and those of the search for a beginning (`scan`, by what was read)."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        tree = parser.parse(pattern, flags)
        self.flags = int(tree.state.flags)
        self.universe = "\0" + _universe(tree)
        self.all = (1 << len(self.universe)) - 1
        self.text = self.all & ~_EDGE
        self.folded = sum(1 << at for at, char in enumerate(self.universe) if at and (char == fold(char)))
        self._groups: dict[int, Any] = {}
        self._reads: list[int] = []
        self._links: list[tuple[int, int, Blank, int, int]] = []
        self._done: set[int] = set()
        part = self._sequence(tree)
        self._finish(part)

    def char(self, chars: int) -> str:
        """One of the characters, the plainest."""
        bits = chars & self.text
        return self.universe[(bits & -bits).bit_length() - 1]

    def one(self, char: str) -> int:
        return 1 << self.universe.index(char)

    # what a character is

    def _mask(self, op: Any, arg: Any) -> int:
        key = (self.universe, self.flags, repr((op, arg)))
        if key not in _SETS:
            _SETS[key] = sum(1 << at for at, char in enumerate(self.universe) if at and _reads_char(op, arg, char, self.flags))
        return _SETS[key]

    # from the tree to parts

    def _sequence(self, items: Any) -> Part:
        whole = self._nothing()
        for op, arg in items:
            whole = self._chain(whole, self._item(op, arg))
        return whole

    def _nothing(self, before: int = -1, behind: int = -1, free: bool = True) -> Part:
        before, behind = (self.all if value < 0 else value for value in (before, behind))
        return Part({Blank(before, behind, free): 1})

    def _item(self, op: Any, arg: Any) -> Part:
        if op in (c.LITERAL, c.NOT_LITERAL, c.IN, c.ANY, c.CATEGORY):
            return self._leaf(self._mask(op, arg))
        if op is c.AT:
            return self._position(arg)
        if op is c.SUBPATTERN:
            self._groups[arg[0]] = arg[-1]
            return self._sequence(arg[-1])
        if op is c.GROUPREF:  # any text of the group
            return self._sequence(self._groups[arg])
        if op is c.ATOMIC_GROUP:
            only = arg[0] if len(arg) == 1 and arg[0][0] in (c.MAX_REPEAT, c.POSSESSIVE_REPEAT) else None
            return self._repeat(only[1], greedy=True) if only else self._sequence(arg)
        if op is c.BRANCH:
            return self._either([self._sequence(branch) for branch in arg[1]])
        if op in (c.ASSERT, c.ASSERT_NOT):
            return self._look(op is c.ASSERT, *arg)
        if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            return self._repeat(arg, greedy=op is c.POSSESSIVE_REPEAT)
        return self._either([self._sequence(branch or ()) for branch in arg[1:]])  # (?(1)a|b)

    def _leaf(self, chars: int) -> Part:
        if len(self._reads) >= _MOST_NODES:
            raise TooLarge
        self._reads.append(chars)
        node, plain = len(self._reads) - 1, Blank(self.all, self.all, True)
        return Part({}, {(plain, node): 1}, {(node, plain): 1})

    def _position(self, where: Any) -> Part:
        word = self._mask(c.CATEGORY, c.CATEGORY_WORD)
        line = self._mask(c.LITERAL, 10) | _EDGE if self.flags & re.MULTILINE else _EDGE
        if where in (c.AT_BOUNDARY, c.AT_NON_BOUNDARY):
            other = self.all & ~word
            pairs = [(word, other), (other, word)] if where is c.AT_BOUNDARY else [(word, word), (other, other)]
            return Part({Blank(before, behind, True): 1 for before, behind in pairs})
        if where in (c.AT_BEGINNING, c.AT_BEGINNING_STRING):
            return self._nothing(before=line if where is c.AT_BEGINNING else _EDGE)
        return self._nothing(behind=line | self._mask(c.LITERAL, 10) if where is c.AT_END else _EDGE)

    def _look(self, wanted: bool, direction: int, items: Any) -> Part:
        single = len(items) == 1 and items[0][0] in (c.LITERAL, c.NOT_LITERAL, c.IN, c.ANY, c.CATEGORY)
        if single:
            chars = self._mask(*items[0])
            chars = chars if wanted else self.all & ~chars
            return self._nothing(before=chars) if direction < 0 else self._nothing(behind=chars)
        if direction < 0:
            return self._nothing(free=False)
        ahead = self._sequence(items)
        self._done |= {node for node, blank in ahead.last if self._free(blank)}
        return Part({Blank(self.all, self.all, False): 1}, ahead.first)

    def _either(self, parts: list[Part]) -> Part:
        whole = Part()
        for part in parts:
            for mine, theirs in ((whole.blank, part.blank), (whole.first, part.first), (whole.last, part.last)):
                _add(mine, theirs)
        return whole

    def _chain(self, one: Part, two: Part) -> Part:
        self._link(one, two)
        first, last, blank = dict(one.first), dict(two.last), dict[Blank, int]()
        for left, ways in one.blank.items():
            for right, more in two.blank.items():
                _add(blank, dict.fromkeys(_both(left, right), ways * more))
            for (right, node), more in two.first.items():
                _add(first, {(both, node): ways * more for both in _both(left, right)})
        for right, ways in two.blank.items():
            for (node, left), more in one.last.items():
                _add(last, {(node, both): ways * more for both in _both(left, right)})
        return Part(blank, first, last)

    def _link(self, one: Part, two: Part, limit: int = FOREVER) -> None:
        for (node, left), ways in one.last.items():
            for (right, other), more in two.first.items():
                for both in _both(left, right):
                    self._links.append((node, other, both, min(ways * more, 2), limit))

    def _repeat(self, arg: tuple[int, Any, Any], greedy: bool) -> Part:
        least, most, items = arg
        endless = most is c.MAXREPEAT
        if not endless and (most <= COPIES or (least == most <= 8 * COPIES)):
            whole = self._nothing()
            for number in range(most, 0, -1):
                whole = self._chain(self._sequence(items), whole)
                if number > least:
                    _add(whole.blank, self._nothing().blank)
            return whole
        part = self._sequence(items)
        self._link(part, part, FOREVER if endless else int(most))
        last = part.last
        if greedy and endless and len(part.first) == len(last) == 1:  # a+ that gives nothing back
            node = next(iter(last))[0]
            last = {(node, Blank(self.all, self.all & ~self._reads[node], True)): 1}
        blank = dict(part.blank)
        if not least:
            _add(blank, self._nothing().blank)
        return Part(blank, part.first, last)

    # from parts to nodes that read characters of one kind

    def _finish(self, part: Part) -> None:
        cells = self._cells([blank.before for *_, blank, _, _ in self._links] + [blank.before for blank, _ in part.first])
        nodes: dict[tuple[int, int], int] = {}
        by_place: dict[int, list[tuple[int, int]]] = {}
        for place, chars in enumerate(self._reads):
            for cell in cells:
                if chars & cell:
                    nodes[place, cell] = len(nodes)
                    by_place.setdefault(place, []).append((cell, nodes[place, cell]))
        self.edges: list[list[Edge]] = [[] for _ in nodes]
        for place, other, blank, ways, limit in self._links:
            for cell, node in by_place.get(place, ()):
                if cell & ~blank.before == 0:
                    self.edges[node] += self._edges(by_place, other, blank, ways, limit)
        self.scan = {cell: len(nodes) + number for number, cell in enumerate(cells) if cell & self.text}
        for cell, node in self.scan.items():
            self.edges.append([Edge(other, chars, 1) for chars, other in self.scan.items()])
            for (blank, place), ways in part.first.items():
                if cell & ~blank.before == 0:
                    self.edges[node] += self._edges(by_place, place, blank, ways, FOREVER)
        free = self._done | {place for place, blank in part.last if self._free(blank)}
        self.done = {node for place in free for _, node in by_place.get(place, ())}

    def _edges(self, by_place: dict[int, list[tuple[int, int]]], place: int, blank: Blank, ways: int, limit: int) -> list[Edge]:
        return [Edge(node, chars, ways, limit) for cell, node in by_place.get(place, ())
                if (chars := self._reads[place] & cell & blank.behind)]

    def _cells(self, sets: list[int]) -> list[int]:
        """The universe cut so that each piece is wholly in or out of every set."""
        cells = [self.text, _EDGE]
        for chars in dict.fromkeys(sets):
            cells = [piece for cell in cells for piece in (cell & chars, cell & ~chars) if piece]
        return cells

    def _free(self, blank: Blank) -> bool:
        return blank.free and blank.before == self.all == blank.behind


def _both(left: Blank, right: Blank) -> list[Blank]:
    before, behind = left.before & right.before, left.behind & right.behind
    return [Blank(before, behind, left.free and right.free)] if before and behind else []


def _add(mine: dict[Any, int], theirs: dict[Any, int]) -> None:
    for key, ways in theirs.items():
        mine[key] = min(mine.get(key, 0) + ways, 2)


def _universe(tree: Any) -> str:
    """Letters and digits first; then what the pattern names beyond ASCII, and a few others."""
    plain = sorted(map(chr, range(1, 128)), key=lambda char: (not char.islower(), not char.isalnum(), char != " ", not char.isprintable(), char))
    named = sorted({char for char in _named(tree) if ord(char) > 127} | set(_EXTRA))
    return "".join([*plain, *named])


def _named(items: Any) -> set[str]:
    found: set[str] = set()
    stack = [items]
    while stack:
        item = stack.pop()
        if isinstance(item, parser.SubPattern):
            stack += list(item)
        elif isinstance(item, (tuple, list)):
            if len(item) == 2 and item[0] in (c.LITERAL, c.NOT_LITERAL):
                found.add(chr(item[1]))
            elif len(item) == 2 and item[0] is c.RANGE:
                found |= set(map(chr, item[1]))
            else:
                stack += list(item)
    return found


_CATEGORIES = {c.CATEGORY_DIGIT: r"\d", c.CATEGORY_NOT_DIGIT: r"\D", c.CATEGORY_SPACE: r"\s", c.CATEGORY_NOT_SPACE: r"\S",
               c.CATEGORY_WORD: r"\w", c.CATEGORY_NOT_WORD: r"\W"}


def _reads_char(op: Any, arg: Any, char: str, flags: int) -> bool:
    if flags & re.IGNORECASE and op is not c.CATEGORY and op is not c.ANY:
        return any(_reads(op, arg, form, flags) for form in {char, char.lower(), char.upper()} if len(form) == 1)
    return _reads(op, arg, char, flags)


def _reads(op: Any, arg: Any, char: str, flags: int) -> bool:
    if op is c.LITERAL:
        return ord(char) == int(arg)
    if op is c.NOT_LITERAL:
        return ord(char) != int(arg)
    if op is c.ANY:
        return char != "\n" or bool(flags & re.DOTALL)
    if op is c.RANGE:
        return bool(arg[0] <= ord(char) <= arg[1])
    if op is c.CATEGORY:
        return re.match(_CATEGORIES[arg], char, flags & re.ASCII) is not None
    negated = bool(arg) and arg[0][0] is c.NEGATE
    return any(_reads(kind, value, char, flags) for kind, value in arg[1 if negated else 0:]) is not negated
