"""Why a newer publication was stopped, from the file that says so.

The file is JSON: `{"refused": SECONDS, "reasons": ["…"], "published": SECONDS or null}`.
"""

import json
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, require, require_count
from ballotbox_tabulation.site.site import Notice
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

_BYTES_MAX: Final = 64 * 1024
_FORM: Final = 'must be {"refused": SECONDS, "reasons": ["…"], "published": SECONDS or null}'


def read_notice(path: Path) -> Notice:
    """Return what a file says; raises UnusableInput."""
    data = read_small_file(path, "--refused", _BYTES_MAX)
    try:
        return _notice(json.loads(data))
    except InvalidField as error:
        raise UnusableInput(f"--refused {path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise UnusableInput(f"--refused {path}: is not JSON; it {_FORM}") from error


def _notice(told: object) -> Notice:
    if not isinstance(told, dict):
        raise InvalidField("notice", _FORM)
    reasons, published = told.get("reasons"), told.get("published")
    words = isinstance(reasons, list) and all(isinstance(each, str) for each in reasons)
    require(words, "reasons", "must be a list of text")
    require_count(told.get("refused"), "refused")
    if published is not None:
        require_count(published, "published")
    return Notice(told["refused"], tuple(told["reasons"]), published)
