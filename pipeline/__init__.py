"""bvn-evidence: which documentation criteria for basivertebral nerve ablation a chart meets, with the exact words.

The package reports what a chart documents. It never says that a patient should or should not be treated.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Desk", "__version__", "load", "reviews", "run"]

if TYPE_CHECKING:
    from . import reviews
    from .api import load, run
    from .desk import Desk


def __getattr__(name: str) -> Any:
    if name in ("load", "run"):  # spaCy and pandas are imported only when a pipeline is asked for
        from . import api
        return getattr(api, name)
    if name == "reviews":
        from importlib import import_module
        return import_module(".reviews", __name__)
    if name == "Desk":  # needs the extra [review]
        from .desk import Desk
        return Desk
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
