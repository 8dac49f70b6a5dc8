"""The folder that is published, and the one in which a draft waits for its signatures.

A published folder changes as a whole when a result is released. When one is refused the last good
one stays, with a notice on its page and the reason beside it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ballotbox_protocol.wire.publication import (
    PUBLICATION_MAX,
    Publication,
    decode_publication,
)
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.core.published import statement_document
from ballotbox_tabulation.notice import with_notice
from ballotbox_tabulation.result_files import Content, write_together
from ballotbox_tabulation.result_reader import read_in_file
from ballotbox_tabulation.site.folder import SUMS
from ballotbox_tabulation.swapped_folder import SwappedFolder
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

STATEMENT: Final = "publication.cbor"
RECEIPT: Final = "receipt.cbor"
RULES: Final = "rules.toml"
RELEASE: Final = "rules-release.cbor"
RESULT: Final = "result.json"
_PAGE: Final = "index.html"
_TOLD: Final = "publication.json"
_REASON: Final = "reason.json"
_NAMES: Final = (RESULT, _PAGE, RULES, RELEASE, RECEIPT, _TOLD, _REASON, STATEMENT)
#: Larger than any result of 100,000 stations.
_RESULT_MAX: Final = 1 << 32
RULES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Draft:
    """A result that waits for signatures, with the rules and their release."""

    statement: Publication
    published: Published
    rules: bytes
    release: bytes


def read_statement(path: Path, name: str) -> Publication:
    """Return the statement in a file; raises UnusableInput."""
    try:
        return decode_publication(read_small_file(path, name, PUBLICATION_MAX))
    except ValueError as error:
        if isinstance(error, UnusableInput):
            raise
        raise UnusableInput(f"{name} {path}: {error}; draft it anew") from error


def write_draft(folder: Path, draft: Draft) -> None:
    """Write a draft, whole; raises OSError."""
    write_together(
        {
            folder / RESULT: draft.published.pieces(),
            folder / RULES: draft.rules,
            folder / RELEASE: draft.release,
            folder / STATEMENT: draft.statement.to_bytes(),
        }
    )


def read_draft(folder: Path) -> Draft:
    """Return the draft in a folder, whose result is the one that it states.

    Raises UnusableInput.
    """
    statement = read_statement(folder / STATEMENT, "DRAFT")
    published = _published(folder)
    if published.digest != f"sha256:{statement.result.hex()}":
        raise UnusableInput(f"DRAFT {folder}: the result is not the one stated; draft it anew")
    rules = read_small_file(folder / RULES, "DRAFT", RULES_MAX)
    if sha256(rules).digest() != statement.rules:
        raise UnusableInput(f"DRAFT {folder}: the rules are not those stated; draft it anew")
    release = read_small_file(folder / RELEASE, "DRAFT", PUBLICATION_MAX)
    return Draft(statement, published, rules, release)


def _published(folder: Path) -> Published:
    path = folder / RESULT
    try:
        found = read_in_file(path, lambda _done, _of: None)
        document = json.loads(read_small_file(path, "DRAFT", _RESULT_MAX)) if found is None else {}
        result = document["result"] if found is None else found.result
    except OSError as error:
        way = "check the path, and whether the directory of TMPDIR has room for a copy"
        raise UnusableInput(f"DRAFT {path}: {error.strerror}; {way}") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        if isinstance(error, UnusableInput):
            raise
        raise UnusableInput(f"DRAFT {folder}: {RESULT} is none; draft it anew") from error
    # What other readers would make of other bytes nobody has signed.
    if found is None:
        raise UnusableInput(f"DRAFT {folder}: {RESULT} is not as it was written; draft it anew")
    return Published(result, found.digest)


def last_good(folder: Path) -> Publication | None:
    """Return the statement of the result that a folder shows, None when it shows none yet.

    Raises UnusableInput, also for a folder that is a site's.
    """
    path = folder / STATEMENT
    if path.exists():
        return read_statement(path, "--out")
    if (folder / SUMS).exists():
        raise UnusableInput(
            f"--out {folder}: holds the pages of a site; name a folder for releases"
        )
    return None


def shown_to_all(folder: Path) -> str | None:
    """Return in words what a folder shows to the public; None when it shows nothing."""
    if (folder / SUMS).exists():
        return "holds the pages of a site"
    if (folder / _TOLD).exists():
        return "shows what officers released"
    if (folder / _REASON).exists():
        return "shows why a result was refused"
    return None


def kept_for_officers(folder: Path) -> str | None:
    """Return in words what a folder holds that only `publish` or `site` may write over."""
    held = shown_to_all(folder)
    if held is None and (folder / STATEMENT).exists():
        return "holds a draft that officers sign"
    return held


@dataclass(frozen=True, slots=True)
class Staged:
    """A released result that lies whole beside what a folder shows."""

    folder: SwappedFolder
    side: Path

    def show(self, receipt: bytes) -> None:
        """Show it from now on, with the centre's receipt if there is one; raises OSError."""
        if receipt:
            write_together({self.side / RECEIPT: receipt})
        self.folder.show(self.side)


@contextmanager
def staged_publication(folder: Path, draft: Draft, page: Content, at: str) -> Iterator[Staged]:
    """Yield a result that waits to be shown, every byte of it on the disk; raises OSError."""
    files: dict[str, Content] = {
        RESULT: draft.published.pieces(),
        _PAGE: page,
        RULES: draft.rules,
        RELEASE: draft.release,
        _TOLD: _json(statement_document(draft.statement) | {"released_at": at}),
        STATEMENT: draft.statement.to_bytes(),
    }
    swapped = SwappedFolder(folder, _NAMES)
    with swapped.staged(files) as side:
        yield Staged(swapped, side)


def keep_last_good(folder: Path, reason: str, evidence: Sequence[str], at: str) -> None:
    """Leave what a folder shows as it is, and say since when and why nothing newer stands there."""
    shown, last = SwappedFolder(folder, _NAMES), _last_told(folder)
    stays = None if last is None else {key: last.get(key) for key in _STAYS}
    document = {"refused_at": at, "reason": reason, "evidence": list(evidence), "stays": stays}
    files = {_REASON: _json(document)}
    page = folder / _PAGE
    if last is not None and page.exists():
        words = (
            f"This is version {last.get('version')}, released {last.get('released_at')}. "
            f"A newer result was refused {at}: {reason}"
        )
        files[_PAGE] = with_notice(page.read_text("utf-8"), words).encode()
    shown.write(files)


_STAYS: Final = ("version", "status", "released_at", "result")


def _last_told(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / _TOLD).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
