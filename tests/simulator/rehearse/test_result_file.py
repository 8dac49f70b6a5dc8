"""Can whoever reads a result rely on its form?"""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.result_file import SCHEMA, read_result, schema, write_result
from tests.simulator.rehearse.small_document import DOCUMENT


def stored(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "rehearsal.json"
    path.write_text(json.dumps(document))
    return path


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    result = read_result(stored(tmp_path, DOCUMENT))

    assert isinstance(result, RehearsalResult)
    again = read_result(write_result(tmp_path, result))
    assert again == result
    assert json.loads((tmp_path / "rehearsal.json").read_text()) == DOCUMENT


def test_the_schema_is_written_down_as_it_is() -> None:
    written = json.loads((files("ballotbox_simulator.rehearse") / SCHEMA).read_text())

    assert written == schema()
    jsonschema.validate(DOCUMENT, written)


def test_the_schema_refuses_what_a_reader_would() -> None:
    short = {name: value for name, value in DOCUMENT.items() if name != "ledger"}

    with pytest.raises(jsonschema.ValidationError, match="ledger"):
        jsonschema.validate(short, schema())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "ballotbox-rehearsal/0"}, "rehearse again"),
        ({"ledger": {}}, "ledger.sent"),
        ({"title": 3}, "title"),
    ],
)
def test_a_document_of_another_form_is_refused(tmp_path: Path, change, words: str) -> None:
    with pytest.raises(InvalidField, match=words):
        read_result(stored(tmp_path, DOCUMENT | change))


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidField, match="has format None"):
        read_result(stored(tmp_path, [1]))
    (tmp_path / "rehearsal.json").write_text("{")
    with pytest.raises(InvalidField, match="is no JSON"):
        read_result(tmp_path / "rehearsal.json")
