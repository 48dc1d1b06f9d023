from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def nlp():
    """The pipeline, built once."""
    import bvn_evidence
    return bvn_evidence.load()
