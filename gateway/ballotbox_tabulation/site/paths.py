"""Where the pages lie in the folder of their language; a folder holds what a stick's can hold."""

from typing import Final

#: A directory of FAT32 holds 65,534 short entries, and each of these names takes several.
_A_FOLDER: Final = 1_000
#: The statement of officers, beside the result.
RELEASED: Final = "data/publication.cbor"
#: The receipt of the log that has the statement.
ENTERED: Final = "data/receipt.cbor"


def station_page(number: int) -> str:
    """Return the page of a station."""
    return f"station/{number // _A_FOLDER}/{number}.html"


def range_page(first: int) -> str:
    """Return the page of a range of stations, by its first number."""
    return f"range/{first}.html"


def names_page(number: int) -> str:
    """Return one of the pages that list the stations by name; they count from 1."""
    return f"name/{number}.html"


def contest_page(number: int) -> str:
    """Return the page of a contest; they count from 1."""
    return f"contest/{number}.html"


def missing_page(number: int) -> str:
    """Return one of the pages that list the boxes in no total; they count from 1."""
    return "missing.html" if number == 1 else f"missing/{number}.html"


def proof_files(precinct: int, report: str) -> tuple[str, str, str]:
    """Return the files of a report, of its receipt, and the beginning of its codes' names."""
    stem = f"proof/{precinct // _A_FOLDER}/{report[:16]}"
    return f"{stem}.report.txt", f"{stem}.receipt.txt", stem


def up(page: str) -> str:
    """Return the way from a page to the folder of its language."""
    return "../" * page.count("/")
