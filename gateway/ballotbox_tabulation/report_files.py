"""The files of a check or a match: a document, a table and a page, all of them or none."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from ballotbox_tabulation.core.law_document import Document
from ballotbox_tabulation.result_files import write_together

_PAGE: Final = "index.html"
#: A spreadsheet takes a cell that begins like this for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ReportForm:
    """What a report is made of: its document, its table with a head, and what draws its page.

    `rows` is what the table has, for a person.
    """

    document: str
    table: str
    head: Sequence[str]
    rows: str
    page: Callable[[Document], bytes]


class ReportFiles:
    """Takes rows as they are found; nothing stands in the directory before `finish`.

    Without a directory it writes nothing at all.
    """

    def __init__(self, form: ReportForm, directory: Path | None) -> None:
        self._form = form
        self._directory = directory
        self._staged: Path | None = None
        self._file: IO[str] | None = None
        self._made = False

    def __enter__(self) -> Self:
        if self._directory is not None:
            self._made = not self._directory.exists()
            self._directory.mkdir(parents=True, exist_ok=True)
            self._staged = self._directory / f".{self._form.table}.new"
            self._file = self._staged.open("w", encoding="utf-8", newline="")
            self._write(self._form.head)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._staged is not None:
            self._staged.unlink(missing_ok=True)
        if self._directory is not None and self._made:
            # Of a directory with files in it this leaves everything.
            with suppress(OSError):
                self._directory.rmdir()

    @property
    def writes(self) -> bool:
        """Tell whether rows go anywhere."""
        return self._file is not None

    def add(self, rows: Iterable[Iterable[str | float]]) -> None:
        """Write some rows of the table."""
        if self._file is not None:
            for row in rows:
                self._write(row)

    def finish(self, document: Document) -> list[str]:
        """Put all files under their names; return lines that say where they are."""
        if self._directory is None or self._file is None or self._staged is None:
            return []
        form = self._form
        page = form.page(document)
        self._file.flush()
        os.fsync(self._file.fileno())
        text = json.dumps(document, ensure_ascii=False, indent=1)
        files = {self._directory / form.document: f"{text}\n".encode()}
        write_together({**files, self._directory / _PAGE: page})
        self._staged.replace(self._directory / form.table)
        names = (("Findings", form.document), (form.rows, form.table), ("Page", _PAGE))
        return [f"{what:<11} {self._directory / name}" for what, name in names]

    def _write(self, cells: Iterable[str | float]) -> None:
        if self._file is not None:
            csv.writer(self._file, lineterminator="\n").writerow(map(harmless, cells))


def harmless(cell: str | float) -> str | float:
    """Return a cell that no spreadsheet runs: a table may name its stations as it likes."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
