"""Fuzzing of the way from bytes to verdicts: see docs/fuzzing.md."""
