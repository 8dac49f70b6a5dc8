"""The files of a check: check.json, broken.csv and a page, all of them or none."""

import csv
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from ballotbox_tabulation.core.law_check import Found
from ballotbox_tabulation.core.law_document import FAILURE_COLUMNS, Document, failure_cells
from ballotbox_tabulation.result_files import write_together

_DOCUMENT: Final = "check.json"
_FAILURES: Final = "broken.csv"
_PAGE: Final = "index.html"
#: A spreadsheet takes a cell that begins like this for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class LawReport:
    """Takes failures as they are found; nothing stands in the directory before `finish`.

    Without a directory it writes nothing at all.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._staged: Path | None = None
        self._file: IO[str] | None = None
        self._made = False

    def __enter__(self) -> Self:
        if self._directory is not None:
            self._made = not self._directory.exists()
            self._directory.mkdir(parents=True, exist_ok=True)
            self._staged = self._directory / f".{_FAILURES}.new"
            self._file = self._staged.open("w", encoding="utf-8", newline="")
            self._write(FAILURE_COLUMNS)
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

    def add(self, failures: Iterable[Found]) -> None:
        """Write the failures of one station."""
        if self._file is not None:
            for found in failures:
                self._write(failure_cells(found))

    def finish(self, document: Document) -> list[str]:
        """Put all files under their names; return lines that say where they are."""
        if self._directory is None or self._file is None or self._staged is None:
            return []
        from ballotbox_tabulation.law_page import render_law_page

        page = render_law_page(document)
        self._file.flush()
        os.fsync(self._file.fileno())
        text = json.dumps(document, ensure_ascii=False, indent=1)
        files = {self._directory / _DOCUMENT: f"{text}\n".encode(), self._directory / _PAGE: page}
        write_together(files)
        self._staged.replace(self._directory / _FAILURES)
        names = (("Findings", _DOCUMENT), ("Failures", _FAILURES), ("Page", _PAGE))
        return [f"{what:<9} {self._directory / name}" for what, name in names]

    def _write(self, cells: Iterable[str | int]) -> None:
        if self._file is not None:
            csv.writer(self._file, lineterminator="\n").writerow(map(_harmless, cells))


def _harmless(cell: str | int) -> str | int:
    """Return a cell that no spreadsheet runs: a table may name its stations as it likes."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
