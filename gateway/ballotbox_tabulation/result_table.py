"""A published result as a table of protocols: a row for each precinct, of its counted boxes alone.

Its columns: `precinct`, `name`, `registered`, `boxes_expected`, `boxes_counted`, the counters, and
of contest 1 `c1.ballots`, `c1.blank`, `c1.undervotes`, `c1.overvotes`, then `c1.1`, `c1.2` … for
its options in the order of the definition. A precinct without a counted box has empty cells there.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_tabulation.core.publication import FORMAT, Document, digest_of
from ballotbox_tabulation.core.totals import SUMMED
from ballotbox_tabulation.result_files import Content
from ballotbox_tabulation.result_reader import Told, read_in_file
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

RESULT_NAME: Final = "result.json"
#: A result of 100,000 precincts with 100 numbers each takes a tenth of it.
_BYTES_MAX: Final = 2**30
_TALLY: Final = ("ballots", "blank", "undervotes", "overvotes")
_PLAIN: Final = ("number", "name", "registered", "boxes_expected", "boxes_counted")


def is_result(path: Path) -> bool:
    """Tell whether a path names a published result: its directory, or the file itself."""
    return path.is_dir() or path.suffix == ".json"


def read_result(path: Path, option: str) -> tuple[Document, io.StringIO]:
    """Return a published result whose digest is its own, and it as CSV; raises UnusableInput."""
    result = read_document(path, option)
    with formed(path, option):
        return result, _table_of(result)


def read_document(path: Path, option: str, told: Told = lambda _done, _of: None) -> Document:
    """Return a published result whose digest is its own; raises UnusableInput."""
    return read_published(path, option, told)[0]


def read_published(
    path: Path, option: str, told: Told = lambda _done, _of: None
) -> tuple[Document, str, Content]:
    """Return a published result, its digest and the bytes of its file; raises UnusableInput.

    Its lists stay in the file as this program writes it; in any other form it is read whole.
    """
    file = result_file(path, option)
    told(0, file.stat().st_size if file.is_file() else 1)
    with suppress(OSError):
        found = read_in_file(file, told)
        if found is not None:
            with formed(path, option):
                _require_format(found.result)
            told(found.file.size, found.file.size)
            return found
    data = read_small_file(file, option, _BYTES_MAX)
    with formed(path, option):
        document = json.loads(data)
        result: Document = document["result"]
        same = digest_of(result) == document["digest"]
        _require_format(result)
    told(len(data), len(data))
    if not same:
        changed = "its digest is not that of its content: it was changed; take it anew"
        raise UnusableInput(f"{option} {file}: {changed}")
    return result, document["digest"], data


def _require_format(result: Document) -> None:
    if result["format"] != FORMAT:
        raise ValueError("another format")


def result_file(path: Path, option: str) -> Path:
    """Return the file of a result, also in the folder of a site; raises UnusableInput for two."""
    if not path.is_dir():
        return path
    in_site, plain = path / "data" / RESULT_NAME, path / RESULT_NAME
    if not in_site.is_file():
        return plain
    if plain.is_file():
        two = f"holds two results, {plain} and {in_site}; name the file that you mean"
        raise UnusableInput(f"{option} {path}: {two}")
    return in_site


@contextmanager
def formed(path: Path, option: str) -> Iterator[None]:
    """Turn what a result of another form ends in into UnusableInput that says where to get one."""
    try:
        yield
    except (InvalidField, UnusableInput):
        raise
    except (ValueError, RecursionError, TypeError, LookupError, AttributeError) as error:
        file = result_file(path, option)
        way = "is not a result of this program; make it with ballotbox-tabulate run"
        raise UnusableInput(f"{option} {file}: {way}") from error


def _table_of(result: Document) -> io.StringIO:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(table_rows(result))
    text.seek(0)
    return text


def table_rows(result: Document) -> Iterator[Iterable[object]]:
    """Yield the head of the table, then its rows."""
    yield _head(result)
    for each in result["precincts"]:
        yield _row(each, result)


def _head(result: Document) -> list[str]:
    contests = [
        f"c{number}.{name}"
        for number, contest in enumerate(result["contests"], 1)
        for name in (*_TALLY, *range(1, len(contest["options"]) + 1))
    ]
    return ["precinct", *_PLAIN[1:], *SUMMED, *contests]


def _row(precinct: Document, result: Document) -> Iterator[object]:
    yield from (precinct[name] for name in _PLAIN)
    counters = precinct["counters"]
    yield from ("" if counters is None else counters[name] for name in SUMMED)
    for at, contest in enumerate(result["contests"]):
        if precinct["contests"] is None:
            yield from [""] * (len(_TALLY) + len(contest["options"]))
        else:
            tally = precinct["contests"][at]
            yield from (tally[name] for name in _TALLY)
            yield from tally["votes"]
