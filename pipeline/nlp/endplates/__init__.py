"""Endplate (Modic) changes: types, what a sentence says, its levels, and what the note as a whole leaves standing."""
