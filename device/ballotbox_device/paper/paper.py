"""The two widths of receipt paper."""

from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.election.identifiers import require

#: Dots of one character of a printer's font A, and so the columns of its paper.
CHARACTER_DOTS: Final = 12


@dataclass(frozen=True, slots=True)
class Paper:
    """Paper of so many millimetres and the dots that a printer has across it (203 a inch)."""

    millimetres: int
    dots: int

    def __post_init__(self) -> None:
        whole = self.dots % CHARACTER_DOTS == 0 and self.dots % 8 == 0
        require(whole, "paper.dots", "must be whole characters and whole bytes")

    @property
    def columns(self) -> int:
        """How many characters stand side by side."""
        return self.dots // CHARACTER_DOTS


PAPERS: Final = {58: Paper(58, 384), 80: Paper(80, 576)}
