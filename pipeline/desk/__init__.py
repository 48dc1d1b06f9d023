"""The reviewer's desk: a notebook widget where evidence is read, accepted, rejected, corrected (extra `review`)."""

from __future__ import annotations

from ..errors import UserError

try:
    import anywidget  # noqa: F401
except ImportError:
    raise UserError("the desk needs anywidget; install it with: pip install 'bvn-evidence[review]'") from None

from .widget import Desk

__all__ = ["Desk"]
