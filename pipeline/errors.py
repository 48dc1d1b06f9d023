"""What goes wrong, said once: what happened, why, and what to do, in one line and without note text."""
from __future__ import annotations


class UserError(Exception):
    """A mistake the user can mend (exit status 2); its text is one line that says how."""


class RunError(Exception):
    """The run could not finish (exit status 1); its text is one line."""
