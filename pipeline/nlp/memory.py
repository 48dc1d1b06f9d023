"""What was worked out about a text is kept for a while: clinics and radiologists write the same sentences again and again.

Only for functions of texts (and other plain values) alone; what they return is shared and must not be changed.
"""
from __future__ import annotations

from functools import lru_cache

KEPT = 8_192
remembered = lru_cache(maxsize=KEPT)
