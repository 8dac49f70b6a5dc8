"""A rules file, as a person hands it to a command together with an election."""

from pathlib import Path
from typing import Final

from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_tabulation.core.rules.fit import require_fit
from ballotbox_tabulation.core.rules.rules import Rules
from ballotbox_tabulation.core.rules.source import read_rules
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

#: More bytes than the longest file has characters.
_BYTES_MAX: Final = 2**18


def read_rules_file(path: Path, election: Election) -> Rules:
    """Return the rules of a file, which fit `election`; raises UnusableInput naming the place."""
    return rules_in(read_small_file(path, "--rules", _BYTES_MAX), path, election)


def rules_in(data: bytes, path: Path, election: Election) -> Rules:
    """Return the rules in what was read from `path`; raises as `read_rules_file` does."""
    try:
        rules = read_rules(data)
        require_fit(rules, election)
    except InvalidField as error:
        raise UnusableInput(f"--rules {path}: {error}") from error
    return rules
