"""One component a file, named after the fact it finds."""
from __future__ import annotations


def register() -> None:
    """Import all components, so that spaCy knows their factories also where entry points are not installed."""
    from .. import assertion, sections, sentences, targets  # noqa: F401
    from . import (  # noqa: F401
        alternative,
        axial_pain,
        code,
        duration,
        function,
        modic,
        odi,
        pain_score,
        radicular,
        therapy,
    )
