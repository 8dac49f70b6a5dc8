"""An officer's part: see what a box asks to be signed, and sign it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ballotbox_device.host.panel_output import counters
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest, ReportId
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.keyfile import KeyFileError, PrivateKey, is_key_file, open_key
from ballotbox_protocol.wire.officers import sign_as_officer
from ballotbox_protocol.wire.report import WITH_OFFICERS, decode_report
from ballotbox_protocol.wire.shape import as_tuple
from ballotbox_protocol.wire.statements import Clearance, Reprint

#: How a key file without a passphrase begins; it is for gateways in tests and rehearsals.
_UNPROTECTED: Final = "ballotbox unprotected key"
_COPY: Final = "Copy it anew from the box's line `consent_needed`"


def key_file_text(path: Path) -> str:
    """Return what is in an officer's key file; raises Problem when no passphrase could open it."""
    where = f"--officer-key {path}"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Problem(where, reason_of(error), "Give the path of the officer's key") from error
    except UnicodeDecodeError as error:
        raise Problem(where, "is no text", "Give the path of the officer's key") from error
    if text.startswith(_UNPROTECTED):
        remedy = "Make one with a passphrase: ballotbox-gateway keys new"
        raise Problem(where, "is unprotected, which `consent` does not take", remedy)
    if not is_key_file(text):
        raise Problem(where, "is not a key file", "Give the path of the officer's key")
    return text


def officer_key(text: str, passphrase: str, path: Path) -> PrivateKey:
    """Return the key that the passphrase opens; raises Problem."""
    try:
        return open_key(text, passphrase)
    except KeyFileError as error:
        remedy = "Check the passphrase first, then the file"
        raise Problem(f"--officer-key {path}", str(error), remedy) from error


def passphrase_in(path: Path) -> str:
    """Return the first line of a file; raises Problem."""
    where = f"--passphrase-file {path}"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(where, str(error), "Give the path of a text file") from error
    if not lines or not lines[0]:
        raise Problem(where, "holds no passphrase", "Write it into the first line")
    return lines[0]


def payload_of(digits: str, message_type: MessageType) -> tuple[bytes, tuple[str, ...]]:
    """Return the payload that hexadecimal digits spell, and what it says in words.

    Raises Problem when it is not what `message_type` promises: nobody signs what nobody can read.
    """
    try:
        payload = bytes.fromhex(digits)
    except ValueError as error:
        raise Problem("--payload", "is not hexadecimal", _COPY) from error
    try:
        return payload, _WORDS[message_type](payload)
    except ValueError as error:
        what = f"is no {message_type.name.lower()}: {error}"
        raise Problem("--payload", what, f"{_COPY}, and its type into --type") from error


def sign_token(key: PrivateKey, message_type: MessageType, payload: bytes) -> str:
    """Return the line that the box's panel takes: key id, colon, signature."""
    signed = sign_as_officer(key.public, key.sign, message_type, payload)
    return f"{signed.key_id.hex()}:{signed.signature.hex()}"


def _report_in_words(payload: bytes) -> tuple[str, ...]:
    report = decode_report(payload)
    if report.kind not in WITH_OFFICERS or report.signatures:
        raise ValueError(f"a {report.kind.name} report with {len(report.signatures)} signatures")
    lines = [
        f"{report.kind.name}, report {report.sequence} of box {report.box.hex()}",
        f"election {report.election.hex()}, precinct {report.precinct}",
        f"the poll will be {report.state.name}",
        ", ".join(f"{name} {count}" for name, count in counters(report.counters).items()),
    ]
    if report.votes is not None:
        lines.append(f"votes {' '.join(map(str, report.votes))}")
    if report.new_key is not None:
        lines.append(f"the box will sign with key {report.new_key.key.hex()}")
    return tuple(lines)


def _clearance_in_words(payload: bytes) -> tuple[str, ...]:
    election, box, last = as_tuple(cbor.decode(payload), "clearance", bytes, bytes, bytes)
    clearance = Clearance(ElectionDigest(election), BoxId(box), ReportId(last))
    return (
        f"CLEAR box {clearance.box.hex()}: its reports and sheets of this election will be gone",
        f"election {clearance.election.hex()}, last report {clearance.last.hex()}",
    )


def _reprint_in_words(payload: bytes) -> tuple[str, ...]:
    items = as_tuple(cbor.decode(payload), "reprint", bytes, bytes, bytes, int)
    reprint = Reprint(ElectionDigest(items[0]), BoxId(items[1]), ReportId(items[2]), items[3])
    return (
        f"PRINT AGAIN a report of box {reprint.box.hex()}, as copy {reprint.copy}",
        f"election {reprint.election.hex()}, report {reprint.report.hex()}",
    )


_WORDS: Final[Mapping[MessageType, Callable[[bytes], tuple[str, ...]]]] = {
    MessageType.CONSENT: _report_in_words,
    MessageType.CLEARANCE: _clearance_in_words,
    MessageType.REPRINT: _reprint_in_words,
}
