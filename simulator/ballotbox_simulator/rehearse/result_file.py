"""The result document as a file: written whole, read strictly, its schema that of the classes.

`python -m ballotbox_simulator.rehearse.result_file` prints the schema, which lies beside this
module; a test compares.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.rehearse.core.document import FORMAT, RehearsalResult

#: A rehearsal that comes with the package, whole: what a planner takes where no other is given.
_PACKAGED: Final = "measured.json"
#: The file's name in `--out`.
NAME: Final = "rehearsal.json"
#: The schema's, beside this module.
SCHEMA: Final = "result.schema.json"
_RESULT: Final = TypeAdapter(RehearsalResult)


def write_result(directory: Path, result: RehearsalResult) -> Path:
    """Write the document into a directory and return its path."""
    path = directory / NAME
    path.write_bytes(_RESULT.dump_json(result, indent=1) + b"\n")
    return path


def read_result(path: Path) -> RehearsalResult:
    """Return the document in a file; raises InvalidField naming what is wrong, OSError."""
    return _result(path.read_bytes(), path)


def packaged_result() -> RehearsalResult:
    """Return the rehearsal that comes with the package; it says when and where it was held."""
    entry = files("ballotbox_simulator") / "plans" / _PACKAGED
    return _result(entry.read_bytes(), Path(_PACKAGED))


def _result(data: bytes, path: Path) -> RehearsalResult:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise InvalidField(str(path), f"is no JSON: {error}") from error
    said = value.get("format") if isinstance(value, dict) else None
    if said != FORMAT:
        raise InvalidField(str(path), f"has format {said!r}, not {FORMAT!r}: rehearse again")
    try:
        return _RESULT.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidField(f"{path}: {field}", first["msg"].lower()) from error


def as_json(result: RehearsalResult) -> dict[str, Any]:
    """Return the document as its file has it."""
    value: dict[str, Any] = _RESULT.dump_python(result, mode="json")
    return value


def schema() -> dict[str, Any]:
    """Return the JSON schema of the document."""
    return _RESULT.json_schema()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=1) + "\n")
