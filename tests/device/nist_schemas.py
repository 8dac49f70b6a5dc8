"""The published JSON schemas of the NIST common data formats, where the shared vectors are."""

import json
from pathlib import Path

from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

EVENTS = "NIST_V1_election_event_logging.json"
VOTES = "NIST_V0_cast_vote_records.json"


def checker(shared: Path, name: str) -> Validator:
    """Return what raises ValidationError for a document that is not as the schema says."""
    schema = json.loads((shared / "vectors" / "nist-cdf" / "schemas" / name).read_text())
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)
