"""What goes wrong, said once: what happened, why, and what to do, in one line and without note text."""
from __future__ import annotations


class UserError(Exception):
    """A mistake the user can mend (exit status 2); its text is one line that says how."""


class RunError(Exception):
    """The run could not finish (exit status 1); its text is one line."""


def failure(error: BaseException) -> str:
    """What failed and where, without a word of the note: "failed: KeyError in nlp.sections"."""
    where = next(
        (
            note.removeprefix("in component ")
            for note in getattr(error, "__notes__", ())
            if note.startswith("in component ")
        ),
        "",
    )
    trace = error.__traceback__
    while trace is not None and not where.startswith("bvn_"):
        name = str(trace.tb_frame.f_globals.get("__name__", ""))
        if name.startswith(f"{__package__}."):
            where = name.removeprefix(f"{__package__}.")
        trace = trace.tb_next
    return f"failed: {type(error).__name__} in {where or 'an unknown component'}"
