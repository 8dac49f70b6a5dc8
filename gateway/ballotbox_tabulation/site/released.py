"""The signed statement by which officers released a result, where it lies beside that result."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from ballotbox_protocol.wire.publication import Publication, read_publication
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import REASON_MEANING, Reason
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.statement import statement_faults
from ballotbox_tabulation.entry_receipt import is_for, proves_entry
from ballotbox_tabulation.publication_folder import RECEIPT, STATEMENT, read_statement
from ballotbox_tabulation.result_table import result_file
from ballotbox_tabulation.site.site import Released
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

_ANEW: Final = "take the folder that `ballotbox-tabulate publish release` wrote"
_SIGNERS: Final = 2
_RECEIPT_MAX: Final = 64 * 1024


def released_beside(result: Path, document: Document, digest: str) -> Released | None:
    """Return what lies beside a result and says that it is released; raises UnusableInput.

    No signature is checked; but what fewer than two officers signed says nothing of a release.
    """
    folder = result_file(result, "RESULT").parent
    path = folder / STATEMENT
    if not path.exists():
        return None
    statement = read_statement(path, "RESULT")
    faults = list(statement_faults(statement, document))
    if f"sha256:{statement.result.hex()}" != digest:
        faults.append("it is of another result")
    if len({each.key_id for each in statement.signatures}) < _SIGNERS:
        faults.append("fewer than two officers signed it, so it is a draft that nobody released")
    if faults:
        raise UnusableInput(f"RESULT {path}: {faults[0]}; {_ANEW}")
    return Released(statement, _receipt_of(statement, folder / RECEIPT))


def _receipt_of(statement: Publication, path: Path) -> bytes:
    if not path.exists():
        return b""
    receipt = read_small_file(path, "RESULT", _RECEIPT_MAX)
    if not is_for(receipt, statement):
        raise UnusableInput(f"RESULT {path}: is no receipt of the statement beside it; {_ANEW}")
    return receipt


def checked(released: Released | None, trusted: Trusted) -> Released | None:
    """Return it as checked; raises UnusableInput for what two officers and the log did not sign."""
    if released is None:
        return None
    read = read_publication(released.statement.to_bytes(), trusted)
    if isinstance(read, Reason):
        raise UnusableInput(f"RESULT {STATEMENT}: {REASON_MEANING[read]} [{read.name}]; {_ANEW}")
    if released.receipt and not proves_entry(released.receipt, released.statement, trusted):
        problem = "does not prove that the statement is in its log"
        raise UnusableInput(f"RESULT {RECEIPT}: {problem}; {_ANEW}")
    return replace(released, checked=True)
