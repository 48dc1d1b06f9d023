"""What an entry of a lexicon may set: the attributes and options that the entries we ship in its file set, and their values."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..schema import KINDS

if TYPE_CHECKING:
    from .lexicon import Entry

_ONE_OF = {"alternative": ("diagnosis", "involves"), "structure": ("structure", "state")}
_DIAGNOSES = ("diagnosis", "involves", "structure")  # any diagnosis may stand in each
_MORE: dict[str, dict[str, list[Any]]] = {
    "modic": {"type": ["1/2", "2/3", "1/3", "unspecified"], "basis": ["descriptor"], "role": ["whole"]},
    "assertion": {"kinds": list(KINDS), "not_kinds": list(KINDS)}}
_Known = dict[str, list[Any]]


def refuse_unknown(name: str, found: Iterable[Entry], shipped: tuple[Entry, ...]) -> None:
    """Raise UserError for the first entry that sets what nothing reads, or lacks what its file needs.

    `shipped` are our own entries of the file of that name; of a file that we do not ship nothing is known."""
    if not shipped:
        return
    known, options = _known(name, [entry.attributes for entry in shipped]), _known(name, [entry.options for entry in shipped])
    options["plural"] = [True, False]
    needed = [(key,) for key in known if all(key in entry.attributes for entry in shipped)] + (
        [_ONE_OF[name]] if name in _ONE_OF else [])
    for entry in found:
        where = f"{entry.file}: entry {entry.id!r}"
        for key in entry.options:
            if key not in options:
                raise UserError(f"{where}: {key!r} is not read in this file; " + (
                    f"put it under attributes: {{{key}: ...}}" if key in known else "leave it out"))
        for keys in needed:
            if not any(key in entry.attributes for key in keys):
                raise UserError(f"{where} needs the attribute {' or '.join(keys)}; give one of {_listed(known[keys[0]])}")
        _refuse_values(where, "attribute", entry.attributes, known)
        _refuse_values(where, "option", entry.options, options)


def _known(name: str, rows: list[dict[str, Any]]) -> _Known:
    """The attributes or options of a file, each with its values."""
    known: _Known = {}
    for row in rows:
        for key, value in row.items():
            known.setdefault(key, []).extend(value if isinstance(value, list) else [value])
    diagnoses = [value for key in _DIAGNOSES for value in known.get(key, ())]
    return {key: [*(diagnoses if key in _DIAGNOSES else values), *_MORE.get(name, {}).get(key, ())] for key, values in known.items()}


def _refuse_values(where: str, what: str, row: Mapping[str, Any], known: _Known) -> None:
    for key, value in row.items():
        if key not in known:
            raise UserError(f"{where} has the unknown {what} {key!r}; known are {_listed(list(known))}")
        if all(type(other) is int for other in known[key]) and type(value) is int:
            continue
        for item in value if isinstance(value, list) else [value]:
            if item not in known[key]:
                quotes = "; write it in quotes" if str(item) in known[key] else f"; give one of {_listed(known[key])}"
                raise UserError(f"{where}: {key} cannot be {item!r}{quotes}")


def _listed(values: list[Any]) -> str:
    return ", ".join(sorted({str(value).lower() if isinstance(value, bool) else str(value) for value in values}))
