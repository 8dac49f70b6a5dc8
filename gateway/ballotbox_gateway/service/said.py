"""What is said to people: English words with gaps, and what stands in them, until it is translated.

The English words are the keys of the catalogues, so nothing is put together of parts of sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Gap: TypeAlias = "Said | int | str"


@dataclass(frozen=True, slots=True)
class Said:
    """Words with gaps in braces; a gap holds a number, a name, or words of its own."""

    words: str
    gaps: Mapping[str, Gap] = field(default_factory=dict)
