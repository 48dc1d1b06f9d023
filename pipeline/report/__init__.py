"""The reviewer's report: self-contained HTML, an index of the cohort and one page a patient. It decides nothing."""

from __future__ import annotations

from ..case import Ask, Case, PolicyInfo, asks_of, marks_of, plain_values
from .pages import entry, file_name, page
from .writer import Writer

__all__ = ["Ask", "Case", "PolicyInfo", "Writer", "asks_of", "entry", "file_name", "marks_of", "page", "plain_values"]
