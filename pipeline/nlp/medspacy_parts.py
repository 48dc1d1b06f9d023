"""The parts of medspaCy that ours build on; nothing else imports medspaCy.

medspaCy imports its link to QuickUMLS, and with it nltk and scipy, which takes longer than all the rest and is used
nowhere here: the link is left out, unless it is loaded already. A later `import quickumls` works as ever. PyRuSH, which
medspaCy also imports, logs the text of notes at DEBUG; it is not used either, and kept quiet.
"""
import os
import sys
import warnings
from types import ModuleType

from loguru import logger

os.environ.setdefault("LOGURU_AUTOINIT", "False")
warnings.filterwarnings("ignore", module="medspacy|PyRuSH|PyFastNER")
_link = ModuleType("quickumls")
_link.spacy_component = None  # type: ignore[attr-defined]
sys.modules.setdefault("quickumls", _link)
try:
    from medspacy.context import ConText, ConTextModifier, ConTextRule
    from medspacy.context.context_graph import ConTextGraph
    from medspacy.custom_tokenizer import create_medspacy_tokenizer
    from medspacy.section_detection import Sectionizer, SectionRule
    from medspacy.section_detection.section import Section
    from medspacy.target_matcher import TargetMatcher, TargetRule
finally:
    if sys.modules.get("quickumls") is _link:
        del sys.modules["quickumls"]

logger.disable("PyRuSH")
logger.disable("PyFastNER")

__all__ = ["ConText", "ConTextGraph", "ConTextModifier", "ConTextRule", "Section", "SectionRule", "Sectionizer", "TargetMatcher",
           "TargetRule", "create_medspacy_tokenizer"]
