"""Why a newer publication was stopped, from the `reason.json` that says so.

`{"refused_at": "TIME", "reason": "…", "evidence": ["…"], "stays": {"released_at": "TIME"}}`;
`stays` may be null, and what else it says is not read. `until` may say when a newer publication
took the place of this one after all.
"""

import json
from pathlib import Path
from typing import Any, Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_tabulation.site.site import Notice
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

_BYTES_MAX: Final = 1024 * 1024


def read_notice(path: Path) -> Notice:
    """Return what a file says; raises UnusableInput."""
    data = read_small_file(path, "--refused", _BYTES_MAX)
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        problem = "is not JSON; name the reason.json of a refused publication"
        raise UnusableInput(f"--refused {path}: {problem}") from error
    try:
        return _notice(_object(told, "reason.json"))
    except InvalidField as error:
        raise UnusableInput(f"--refused {path}: {error}") from error


def _notice(told: dict[str, Any]) -> Notice:
    evidence, stays = told.get("evidence", []), told.get("stays")
    require(isinstance(evidence, list), "evidence", "must be a list of text")
    released = None if stays is None else _object(stays, "stays").get("released_at")
    until = told.get("until")
    return Notice(
        _words(told.get("refused_at"), "refused_at"),
        (
            _words(told.get("reason"), "reason"),
            *(_words(each, "evidence") for each in evidence),
        ),
        "" if released is None else _words(released, "stays.released_at"),
        "" if until is None else _words(until, "until"),
    )


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidField(field, "must be a JSON object")
    return value


def _words(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidField(field, "must be text that is not empty")
    return value
