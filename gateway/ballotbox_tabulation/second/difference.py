"""What two computations do not agree on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """A place of the result, what is shown there, and what the second computation has there."""

    where: str
    shown: int | str
    found: int | str

    def __str__(self) -> str:
        return f"{self.where}: {self.shown} against {self.found}"
