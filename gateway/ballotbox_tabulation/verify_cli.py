"""ballotbox-verify: check a report, a receipt, a tape, a publication or a log; say what holds.

Needs nothing but the protocol and the tabulation's core, so that whoever verifies installs PyNaCl,
cobs and base45 and nothing else. Exit codes: 0 all holds, 1 something does not, 2 unusable input.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from ballotbox_protocol.wire.trust import Trusted
    from ballotbox_tabulation.core.examination import Finding
    from ballotbox_tabulation.core.fold import Standings

_HOLDS, _DOES_NOT, _UNUSABLE = 0, 1, 2
#: The longest receipt or report as text, with room for line ends.
_FILE_MAX = 64 * 1024
#: Scans of some tapes, one after the other.
_SCANS_MAX = 1024 * 1024
#: A result of 100,000 precincts takes a tenth of it.
_RESULT_MAX = 1 << 30


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command with these arguments (the process's own when None) and exit."""
    options = _parser().parse_args(arguments)
    from ballotbox_tabulation.trust_files import UnusableInput, load_trusted

    try:
        _, trusted = load_trusted(options.election, options.register, options.root)
        findings = _ACTIONS[options.what](options, trusted)
        sys.exit(_tell(findings, *_VERDICTS.get(options.what, _VERDICT)))
    except UnusableInput as error:
        _unusable(str(error))
    except OSError as error:
        _unusable(f"{error.filename or options.what}: {error.strerror}")


class _Help(argparse.HelpFormatter):
    """Help that begins like that of the other commands."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """Write the usage after a capital letter."""
        super().add_usage(usage, actions, groups, "Usage: " if prefix is None else prefix)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ballotbox-verify",
        formatter_class=_Help,
        description="Check signed election records and say in plain words what holds.",
        epilog="exit codes: 0 all holds, 1 something does not, 2 unusable input",
    )
    actions = parser.add_subparsers(dest="what", required=True, metavar=_WHAT)
    report = actions.add_parser("report", formatter_class=_Help, help="one report of a box")
    report.add_argument("file", metavar="FILE", type=Path, help=_FORMS)
    receipt = actions.add_parser("receipt", formatter_class=_Help, help="one receipt of a gateway")
    receipt.add_argument("file", metavar="FILE", type=Path, help=_FORMS)
    receipt.add_argument(
        "--report", type=Path, metavar="FILE", help="the report that the receipt should be for"
    )
    log = actions.add_parser("log", formatter_class=_Help, help="a whole exported log")
    log.add_argument(
        "directory", metavar="DIR", type=Path, help="from ballotbox-gateway log export"
    )
    paper = actions.add_parser("paper", formatter_class=_Help, help="a results tape, photographed")
    paper.add_argument(
        "files", metavar="FILE", type=Path, nargs="+", help="text of its QR codes, a line for each"
    )
    told = "the statement by which officers released a result"
    publication = actions.add_parser("publication", formatter_class=_Help, help=told)
    publication.add_argument("file", metavar="FILE", type=Path, help="publication.cbor")
    publication.add_argument(
        "--result", type=Path, metavar="FILE", help="the result.json that it should be of"
    )
    for action in (report, receipt, log, paper, publication):
        _add_trust(action)
    return parser


_WHAT = "report|receipt|log|paper|publication"
_FORMS = "raw bytes, or the same as hexadecimal or base64 text"


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--election", type=Path, required=True, help="signed election definition")
    parser.add_argument("--register", type=Path, required=True, help="signed register")
    parser.add_argument("--root", required=True, metavar="MODE:HEX", help="authority's root key")


def _report(options: argparse.Namespace, trusted: "Trusted") -> "Iterable[Finding]":
    from ballotbox_tabulation.core.examination import examine_report

    return examine_report(_record(options.file), trusted)


def _receipt(options: argparse.Namespace, trusted: "Trusted") -> "Iterable[Finding]":
    from ballotbox_tabulation.core.examination import examine_receipt

    report = None if options.report is None else _record(options.report)
    return examine_receipt(_record(options.file), trusted, report)


def _log(options: argparse.Namespace, trusted: "Trusted") -> "Iterator[Finding]":
    from ballotbox_tabulation.second_opinion import NotWorkedOut
    from ballotbox_tabulation.trust_files import UnusableInput

    try:
        yield from _of_log(options, trusted)
    except NotWorkedOut as error:
        way = "make room there, or name another directory in TMPDIR"
        raise UnusableInput(
            f"DIR {options.directory}: could not be read: {error}; {way}"
        ) from error


def _of_log(options: argparse.Namespace, trusted: "Trusted") -> "Iterator[Finding]":
    from ballotbox_tabulation.core.examination import fails, holds, says
    from ballotbox_tabulation.core.faults import Fault
    from ballotbox_tabulation.core.fold import Standings
    from ballotbox_tabulation.core.log import open_log, read_leaves
    from ballotbox_tabulation.core.outcome import read_standings
    from ballotbox_tabulation.log_directory import directory_reader
    from ballotbox_tabulation.scratch_shelf import ScratchShelf
    from ballotbox_tabulation.trust_files import UnusableInput

    if not options.directory.is_dir():
        raise UnusableInput(f"DIR {options.directory}: no such directory; check the path")
    log = open_log(directory_reader(options.directory), trusted)
    if isinstance(log, Fault):
        yield fails(str(log))
        return
    checkpoint = log.checkpoint
    yield holds(f"the gateway of {checkpoint.origin} signed it at size {checkpoint.size}")
    standings = read_standings(log, read_leaves(log), ScratchShelf())
    if isinstance(standings, Standings):
        yield holds("every leaf, report, ruling and file fits the signed root")
        yield says(f"root {checkpoint.root.hex()}")
        yield from _standings(standings)
    else:
        yield from (fails(str(fault)) for fault in standings)


def _standings(standings: "Standings") -> "Iterator[Finding]":
    from ballotbox_tabulation.core.examination import says
    from ballotbox_tabulation.core.fold import BoxState
    from ballotbox_tabulation.core.hand_counts import count_in_words
    from ballotbox_tabulation.core.published import released_in_words
    from ballotbox_tabulation.core.wording import reason_in_words

    for verdict, count in standings.reports_by_verdict.items():
        yield says(f"leaves that say {verdict.name.lower()}: {count}")
    yield says(f"rulings of officers: {standings.rulings}")
    for replaced in standings.replaced:
        it = replaced.replacement
        lost = f"leaf {it.kept} on is lost; {it.origin} stands in its place"
        yield says(f"two officers closed the log {it.replaced}: from {lost}")
    for version in standings.by_hand:
        yield says(count_in_words(version))
    for released in standings.published:
        yield says(released_in_words(released))
    for each in standings.objections:
        what = f"leaf {each.leaf}, {each.kind.name.lower()} of box {each.box.hex()}"
        yield says(f"accepted, but quarantined here: {what}: {reason_in_words(each.reason)}")
    for box in standings.boxes:
        if box.state is not BoxState.COUNTED:
            waits = "" if box.waiting_for is None else f", waiting for report {box.waiting_for}"
            yield says(f"{box.state.name.lower()}: box {box.box.hex()}{waits}")
    counted = sum(box.state is BoxState.COUNTED for box in standings.boxes)
    yield says(f"counted: {counted} of {len(standings.boxes)} registered boxes")


def _paper(options: argparse.Namespace, trusted: "Trusted") -> "Iterable[Finding]":
    from ballotbox_protocol.wire.paper import MARK
    from ballotbox_tabulation.core.examination import examine_paper
    from ballotbox_tabulation.law_files import installed_laws
    from ballotbox_tabulation.trust_files import UnusableInput

    parts: list[str] = []
    for path in options.files:
        lines = [line.strip() for line in _lines(path)]
        found = [line for line in lines if line.startswith(MARK)]
        if not found:
            raise UnusableInput(f"FILE {path}: no line begins with {MARK}; scan the codes again")
        parts += found
    return examine_paper(parts, trusted, installed_laws())


def _lines(path: Path) -> list[str]:
    from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

    try:
        # What scanners of other systems write in front says how the text is encoded.
        return read_small_file(path, "FILE", _SCANS_MAX).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UnusableInput(f"FILE {path}: is no text; save what the scanner read") from error


def _publication(options: argparse.Namespace, trusted: "Trusted") -> "Iterable[Finding]":
    from ballotbox_protocol.wire.publication import PUBLICATION_MAX
    from ballotbox_tabulation.core.publication_examination import examine_publication
    from ballotbox_tabulation.trust_files import read_small_file

    data = read_small_file(options.file, "FILE", PUBLICATION_MAX)
    result = None
    if options.result is not None:
        result = read_small_file(options.result, "--result", _RESULT_MAX)
    return examine_publication(data, trusted, result)


_ACTIONS = {
    "report": _report,
    "receipt": _receipt,
    "log": _log,
    "paper": _paper,
    "publication": _publication,
}
#: What is said at the end when all holds, and when something does not.
_VERDICT = (
    "VERDICT: everything checked holds",
    "VERDICT: not verified; points that do not hold: {failed}",
)
_VERDICTS = {
    "paper": (
        "ACCEPTED: a true copy of what was signed",
        "REFUSED: do not count this paper; points that do not hold: {failed}",
    )
}


def _record(path: Path) -> bytes:
    """Return a report's or receipt's bytes; neither begins with ASCII, so text shows itself."""
    from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

    data = read_small_file(path, "FILE", _FILE_MAX)
    if not data.isascii():
        return data
    decoded = _from_text(b"".join(data.split()))
    if not decoded:
        raise UnusableInput(f"FILE {path}: neither a signed record nor its hex or base64 text")
    return decoded


def _from_text(text: bytes) -> bytes | None:
    from base64 import b64decode

    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        pass
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def _tell(findings: "Iterable[Finding]", good: str, bad: str) -> int:
    from ballotbox_tabulation.core.examination import Mark

    failed = 0
    for finding in findings:
        failed += finding.mark is Mark.FAILS
        sys.stdout.write(f"{finding.mark:<5}  {finding.text}\n")
    if failed:
        sys.stdout.write(f"{bad.format(failed=failed)}\n")
        return _DOES_NOT
    sys.stdout.write(f"{good}\n")
    return _HOLDS


def _unusable(problem: str) -> NoReturn:
    sys.stderr.write(f"Error: {problem}\n")
    sys.exit(_UNUSABLE)
