"""What a site is made of: one published result, and what its pages say about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.wire.publication import Publication
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.result_files import Content
from ballotbox_tabulation.site.languages import LANGUAGES


@dataclass(frozen=True, slots=True)
class Notice:
    """Why a newer publication was stopped, in plain words; the times are as they were written.

    released: when the publication that is shown was released, "" when nobody says. until: when a
    newer one took its place after all, "" while none has.
    """

    refused: str
    reasons: tuple[str, ...]
    released: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        require(any(self.reasons), "notice.reasons", "needs at least one reason")


@dataclass(frozen=True, slots=True)
class Released:
    """The statement by which officers released a result, with the receipt of its log if any.

    checked: whether its signatures, and that receipt's, were checked as the pages were made.
    """

    statement: Publication
    receipt: bytes = b""
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A published result with the bytes of its file, and what stands on every page of it.

    Bytes in pieces are asked for once more by each site.

    label: a line for every page, such as what of the numbers is synthetic. The first of `languages`
    is that of the page that opens first. released: by what officers released it, None when
    nothing says so.
    """

    result: Document
    digest: str
    file: Content
    languages: Sequence[str] = LANGUAGES
    label: str = ""
    notice: Notice | None = None
    released: Released | None = None

    def __post_init__(self) -> None:
        known = ", ".join(LANGUAGES)
        fits = bool(self.languages) and set(self.languages) <= set(LANGUAGES)
        require(fits, "languages", f"must be some of {known}")
        once = len(set(self.languages)) == len(self.languages)
        require(once, "languages", "names one twice")
