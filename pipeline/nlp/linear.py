"""Whether a pattern can be made slow: what text would make the matcher walk the same characters again and again.

`re` walks one way after another until one leads to a match. Its work grows faster than the text exactly where some text
can be read in more and more ways, none of which leads to a match. That is decided on the automaton of the pattern
(Weber and Seidl, On the degree of ambiguity of finite automata, 1991):

- *exponential*: a repeat reads the same characters in two ways, as in `(a+)+b`, `(a|aa)+b`;
- *polynomial*: two repeats that follow one another read the same characters, as in `\\w+\\s*\\w+:`;
- *rescan*: a repeat reads what a match could begin with, so that a search reads on from every place, as in `\\w+ pain`.

Ways through a state that ends a match do not count: nothing is tried after it.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .automaton import FOREVER, Automaton, Edge, TooLarge

_MOST_WAYS = 100_000  # of repeats in repeats that all have limits
_WRONG = {
    "exponential": "a repeat can read the same characters in more than one way, as in (a+)+ or (a|ab|b)*; "
                   "write it so that each character has one place, as in a+",
    "polynomial": "repeats one behind the other can read the same characters, as in a*b?a*; "
                  "give them a limit, as in {0,40}, or put between them what neither reads",
    "rescan": "a search reads on to the end from every place where it can begin; give the repeat a limit, as in {0,40}",
    "too large": "its repeats with limits, written out, have too many places; use smaller limits",
}


@dataclass(slots=True, frozen=True)
class Slow:
    """How a pattern can be made slow: with `prefix`, then `pump` many times, then something that does not match."""
    kind: str
    prefix: str = ""
    pump: str = ""

    def text(self, length: int) -> str:
        """An attack of about `length` characters."""
        return self.prefix + self.pump * (length // max(len(self.pump), 1)) + "\x00"

    def __str__(self) -> str:
        """What is wrong with the pattern and what to write instead."""
        such = f" on text such as {(self.prefix + self.pump * 3)[-40:]!r} repeated" if self.pump else ""
        return f"the pattern can be made slow{such}: {_WRONG[self.kind]}"


@lru_cache(maxsize=8192)
def slow(pattern: str, flags: int = 0, search: bool = True, sentence: bool = False) -> Slow | None:
    """The worst way in which `pattern` can be made slow, None where its work grows no faster than the text.

    With `search` the pattern may begin anywhere in a text (`re.search`, `finditer`), else at one place (`re.match`).
    With `sentence` it reads folded sentences, in which gaps and words are short (`normalize`, `sentences`): only texts
    that go on and on with both count.
    """
    try:
        machine = Automaton(pattern, flags)
    except TooLarge:
        return Slow("too large")
    graph = _Graph(machine, sentence)
    return graph.exponential() or graph.polynomial() or (graph.rescan() if search else None)


_State = tuple[int, ...]
_Parents = dict[_State, tuple[_State, int] | None]


class _Graph:
    """The automaton without the states that end a match, and its loops."""

    def __init__(self, machine: Automaton, sentence: bool) -> None:
        self.machine, self.sentence = machine, sentence
        self.blank = machine.one(" ")
        done = machine.done
        chars = machine.folded if sentence else machine.text
        self.edges = [[Edge(edge.to, edge.chars & chars, edge.ways, edge.limit) for edge in edges
                       if edge.to not in done and edge.chars & chars] if node not in done else []
                      for node, edges in enumerate(machine.edges)]
        self.scan = set(machine.scan.values())
        self.endless = [[edge for edge in edges if edge.limit == FOREVER] for edges in self.edges]
        self.loops = [loop for loop in _components(self.endless) if not loop & self.scan]

    def exponential(self) -> Slow | None:
        """Two ways to read the same characters from a state back to it."""
        wholes = [whole for whole in _components(self.edges) if not whole & self.scan]
        for whole in wholes:
            inside = {node: [edge for edge in self.edges[node] if edge.to in whole] for node in whole}
            for loop in self.loops:
                if loop <= whole and (found := self._two_ways(loop, inside, "exponential")):
                    return found
            if whole not in self.loops and (found := self._two_ways(whole, inside, "polynomial")) and self._many(whole):
                return found
        return None

    def _many(self, loop: set[int]) -> bool:
        """Whether repeats in one another, some of them with limits, can be walked in too many ways."""
        limits = sorted({edge.limit for node in loop for edge in self.edges[node] if edge.to in loop} - {FOREVER})
        if len(limits) < 2 or any(loop & other for other in self.loops):
            return True
        return limits[-1] ** limits[-2] > _MOST_WAYS

    def _two_ways(self, loop: set[int], inside: dict[int, list[Edge]], kind: str) -> Slow | None:
        parents: _Parents = {(node, node): None for node in loop}
        waiting = deque(parents)
        while waiting:
            pair = waiting.popleft()
            for one, two in _steps(inside[pair[0]], inside[pair[1]], pair[0] == pair[1]):
                chars = one.chars & two.chars
                target = (min(one.to, two.to), max(one.to, two.to))
                if target[0] == target[1] and target[0] in loop:
                    word, root = self._word(parents, pair)
                    word += self.machine.char(chars)
                    return Slow(kind, self._prefix(root[0]), word + self._path(one.to, root[0]))
                if target not in parents:
                    parents[target] = (pair, chars)
                    waiting.append(target)
        return None

    def polynomial(self) -> Slow | None:
        """Two loops, one behind the other, and a text that both read and that leads from one to the other."""
        return next((found for first in self.loops for found in self._pairs(first, "polynomial")), None)

    def rescan(self) -> Slow | None:
        """A loop that reads what leads into it."""
        return next(self._pairs(self.scan, "rescan"), None)

    def _pairs(self, first: set[int], kind: str) -> Iterator[Slow]:
        read = self._chars(first)
        seconds = [loop for loop in self.loops if loop is not first and self._long(read & self._chars(loop))]
        ahead = self._reachable(first) if seconds else set()
        for second in seconds:
            if second & ahead:
                for together in self._together(first, second):
                    if found := self._crosses(together, first, kind):
                        yield found

    def _together(self, first: set[int], second: set[int]) -> list[set[tuple[int, int]]]:
        """The loops of the two read in step."""
        pairs = [(p, q) for p in first for q in second]
        number = {pair: at for at, pair in enumerate(pairs)}
        steps = [[Edge(number[one.to, two.to], one.chars & two.chars, 1)
                  for one in self.endless[p] if one.to in first
                  for two in self.endless[q] if two.to in second and one.chars & two.chars] for p, q in pairs]
        return [{pairs[at] for at in component} for component in _components(steps)
                if self._long(_read(edge for at in component for edge in steps[at] if edge.to in component))]

    def _chars(self, loop: set[int]) -> int:
        return _read(edge for node in loop for edge in self.endless[node] if edge.to in loop)

    def _long(self, read: int) -> bool:
        """Whether a text of these characters can be long; in a sentence neither a gap nor a word is."""
        return bool(read & self.blank and read & ~self.blank) if self.sentence else bool(read)

    def _crosses(self, together: set[tuple[int, int]], first: set[int], kind: str) -> Slow | None:
        parents: _Parents = {(p, p, q): None for p, q in together}
        waiting = deque(parents)
        while waiting:
            state = waiting.popleft()
            x, y, z = state
            for one in self.endless[x]:
                for three in self.endless[z]:
                    both = one.chars & three.chars
                    if not both or (one.to, three.to) not in together:
                        continue
                    for two in self.edges[y]:
                        target = (one.to, two.to, three.to)
                        if two.chars & both and target not in parents:
                            parents[target] = (state, two.chars & both)
                            waiting.append(target)
                            if two.to == three.to:
                                return self._witness(parents, target, together, kind)
        return None

    def _witness(self, parents: _Parents, target: _State, together: set[tuple[int, int]], kind: str) -> Slow:
        word, root = self._word(parents, target)

        def steps(state: _State) -> Iterator[tuple[_State, int]]:
            for one in self.endless[state[0]]:
                for three in self.endless[state[1]]:
                    if one.chars & three.chars and (one.to, three.to) in together:
                        yield (one.to, three.to), one.chars & three.chars

        back = self._walk((target[0], target[2]), {(root[0], root[2])}, steps)
        return Slow(kind, "" if kind == "rescan" else self._prefix(root[0]), word + back)

    def _word(self, parents: _Parents, state: _State) -> tuple[str, _State]:
        """What is read on the way to `state`, and where that way begins."""
        read = []
        while (step := parents[state]) is not None:
            state, chars = step
            read.append(self.machine.char(chars))
        return "".join(reversed(read)), state

    def _walk(self, start: _State, goals: set[_State], steps: Callable[[_State], Iterator[tuple[_State, int]]]) -> str:
        """The shortest text that leads from `start` to one of `goals`."""
        parents: _Parents = {start: None}
        waiting = deque([start])
        while waiting:
            state = waiting.popleft()
            if state in goals:
                return self._word(parents, state)[0]
            for target, chars in steps(state):
                if target not in parents:
                    parents[target] = (state, chars)
                    waiting.append(target)
        return ""

    def _path(self, start: int, goal: int) -> str:
        return self._walk((start,), {(goal,)}, lambda state: (((edge.to,), edge.chars) for edge in self.edges[state[0]]))

    def _prefix(self, node: int) -> str:
        """A text that leads from the beginning of the pattern to `node`."""
        every = self.machine.edges
        paths = (self._walk((scan,), {(node,)}, lambda state: (((edge.to,), edge.chars) for edge in every[state[0]]
                                                               if edge.to not in self.scan)) for scan in self.scan)
        return min((path for path in paths if path), key=len, default="")

    def _reachable(self, nodes: set[int]) -> set[int]:
        found, waiting = set(nodes), list(nodes)
        while waiting:
            for edge in self.edges[waiting.pop()]:
                if edge.to not in found:
                    found.add(edge.to)
                    waiting.append(edge.to)
        return found


def _steps(mine: list[Edge], others: list[Edge], same: bool) -> Iterator[tuple[Edge, Edge]]:
    """Pairs of edges that read the same; of the `same` state they must differ, or be two ways."""
    read = 0 if same else _read(others)
    for at, one in enumerate(mine):
        if same and one.ways > 1:
            yield one, one
        if one.chars & read:
            for two in others[:at] if same else others:
                if one.chars & two.chars:
                    yield one, two
        if same:
            read |= one.chars


def _read(edges: Iterable[Edge]) -> int:
    """All characters that the edges read."""
    read = 0
    for edge in edges:
        read |= edge.chars
    return read


def _components(edges: list[list[Edge]]) -> list[set[int]]:
    """The sets of nodes that can reach one another (Tarjan), without nodes that do not reach themselves."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    found: list[set[int]] = []
    for root in range(len(edges)):
        work = [(root, iter(edges[root]))] if root not in order else []
        if work:
            order[root] = low[root] = len(order)
            stack.append(root)
        while work:
            node, rest = work[-1]
            for edge in rest:
                if edge.to not in order:
                    order[edge.to] = low[edge.to] = len(order)
                    stack.append(edge.to)
                    work.append((edge.to, iter(edges[edge.to])))
                    break
                if low[edge.to] >= 0:
                    low[node] = min(low[node], order[edge.to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    found += _close(node, stack, low, edges)
    return found


def _close(node: int, stack: list[int], low: dict[int, int], edges: list[list[Edge]]) -> list[set[int]]:
    component: set[int] = set()
    while node not in component:
        component.add(stack.pop())
    low.update(dict.fromkeys(component, -1))
    return [component] if len(component) > 1 or any(edge.to == node for edge in edges[node]) else []
