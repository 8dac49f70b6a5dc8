"""The signed statement by which officers released a result, where it lies beside that result."""

from pathlib import Path
from typing import Final

from ballotbox_protocol.wire.publication import Publication, read_publication
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import REASON_MEANING, Reason
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.statement import statement_faults
from ballotbox_tabulation.publication_folder import STATEMENT, read_statement
from ballotbox_tabulation.result_table import result_file
from ballotbox_tabulation.trust_files import UnusableInput

_ANEW: Final = "take the folder that `ballotbox-tabulate publish release` wrote"


def released_beside(result: Path, document: Document, digest: str) -> Publication | None:
    """Return the statement that lies beside a result and is of it; raises UnusableInput."""
    path = result_file(result, "RESULT").parent / STATEMENT
    if not path.exists():
        return None
    statement = read_statement(path, "RESULT")
    faults = list(statement_faults(statement, document))
    if f"sha256:{statement.result.hex()}" != digest:
        faults.append("it is of another result")
    if faults:
        raise UnusableInput(f"RESULT {path}: {faults[0]}; {_ANEW}")
    return statement


def require_signed(statement: Publication | None, trusted: Trusted) -> None:
    """Raise UnusableInput for a statement that two officers did not sign."""
    if statement is None:
        return
    read = read_publication(statement.to_bytes(), trusted)
    if isinstance(read, Reason):
        raise UnusableInput(f"RESULT {STATEMENT}: {REASON_MEANING[read]} [{read.name}]; {_ANEW}")
