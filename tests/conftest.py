from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def nlp():
    """The pipeline, built once."""
    from bvn_evidence.nlp import load
    return load()
