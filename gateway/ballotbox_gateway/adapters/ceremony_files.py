"""What officers bring to a ceremony, read from files: cards, sources, drafts and signatures."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ballotbox_gateway.adapters.joint_files import Paper, Vouched, definition_paper
from ballotbox_gateway.adapters.source_files import read_source_text
from ballotbox_gateway.adapters.trust_files import read_document
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register_changes import changes
from ballotbox_protocol.election.source import load_election
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import encode_definition
from ballotbox_protocol.wire.fingerprint import fingerprint, read_fingerprint
from ballotbox_protocol.wire.joint import JointDocument, join
from ballotbox_protocol.wire.key_card import read_card
from ballotbox_protocol.wire.root_document import Holder, RootDocument, encode_root
from ballotbox_protocol.wire.trust import Distrust, open_register


def drafted_definition(
    source: Path, cards: Sequence[Path], needed: int, *, other_signers: bool = False
) -> Paper:
    """Return the unsigned definition in a TOML file under the root of these cards' holders.

    other_signers: let the file give the registers to others than the holders, or to fewer.
    Raises Problem.
    """
    holders = tuple(map(_card, cards))
    try:
        election = load_election(
            read_source_text(source), signers=tuple(each.key for each in holders), needed=needed
        )
    except InvalidField as error:
        raise Problem(str(source), str(error), "Correct that field and draft again") from error
    try:
        root = RootDocument(election.mode, needed, holders)
    except InvalidField as error:
        where = "--needed" if error.field == "root.needed" else "--card"
        raise Problem(where, error.problem, "One card for each holder, at least two sign") from (
            error
        )
    if not other_signers:
        _require_holders_sign(election, root, source)
    payload = encode_definition(election)
    document = JointDocument(MessageType.DEFINITION, encode_root(root), payload)
    return definition_paper(source, document, None)


def _require_holders_sign(election: Election, root: RootDocument, source: Path) -> None:
    if set(election.register_signers) != set(root.keys):
        problem = "register_signers: are not the holders of the cards"
    elif election.signers_needed < root.needed:
        problem = f"signers_needed: is {election.signers_needed}, fewer than --needed {root.needed}"
    else:
        return
    remedy = "Leave both out, or give --other-signers and have every officer know who they are"
    raise Problem(str(source), problem, remedy)


def _card(path: Path) -> Holder:
    try:
        return read_card(read_document(path, "--card"))
    except ValueError as error:
        remedy = "Have its holder make it again with `ballotbox-gateway ceremony card`"
        raise Problem(str(path), f"is no key card ({error})", remedy) from error


def compare(typed: str, under: Vouched) -> None:
    """Raise Problem unless a typed fingerprint is that of the election."""
    try:
        wanted = read_fingerprint(typed)
    except InvalidField as error:
        raise Problem("--fingerprint", error.problem, "Type it again") from error
    found = fingerprint(str(under.root), under.digest)
    if wanted != found:
        what = f"{wanted} is that of another election; this file's is {found}"
        raise Problem("--fingerprint", what, "Do not sign: ask who drafted it")


def read_since(path: Path, paper: Paper) -> Iterator[str]:
    """Yield what a register's paper changes in the signed one before it; raises Problem."""
    if paper.register is None:
        raise Problem("--since", "is for registers", "Leave it out with a definition")
    under = paper.under
    try:
        before = open_register(read_document(path, "--since"), under.election, under.digest)
    except Distrust as error:
        raise Problem(str(path), str(error), "Name the signed register that is in use") from error
    if paper.register.version <= before.version:
        what = f"version {paper.register.version} does not follow version {before.version}"
        raise Problem(str(paper.path), what, "Have it drafted from the register in use")
    yield f"since version {before.version}:"
    yield from (f"  {line}" for line in changes(before, paper.register) or ["nothing changes"])


def joined(papers: Sequence[Paper]) -> Paper:
    """Return one paper with the signatures of all; raises Problem when they are not the same."""
    try:
        document = join([paper.document for paper in papers])
    except InvalidField as error:
        number = error.field.removeprefix("document ")
        where = papers[int(number) - 1].path if number.isdigit() else papers[0].path
        remedy = "All must sign the same draft: compare with `ballotbox-gateway ceremony show`"
        raise Problem(str(where), error.problem, remedy) from error
    return replace(papers[0], document=document)
