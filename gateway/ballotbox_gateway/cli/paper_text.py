"""What a person reads of a definition or a register that is signed by several."""

from collections.abc import Iterator

from ballotbox_gateway.adapters.joint_files import Paper, Vouched
from ballotbox_protocol.election.identifiers import PublicKey
from ballotbox_protocol.wire.fingerprint import fingerprint


def shown(under: Vouched) -> Iterator[str]:
    """Yield the lines about an election: name, root, fingerprint and who signs its registers."""
    yield f"election     {under.election.name} ({under.election.mode.name.lower()})"
    yield f"day          {under.election.day}"
    yield f"root         {under.root}"
    yield f"fingerprint  {fingerprint(str(under.root), under.digest)}"
    signers = tuple(map(PublicKey, under.election.register_signers))
    names = ", ".join(map(under.name, signers))
    yield f"registers    signed by {under.election.signers_needed} of {len(signers)}: {names}"


def signatures(paper: Paper) -> Iterator[str]:
    """Yield who signed, who may still, and how many must."""
    signed = paper.signers
    for key in paper.keys:
        word = "signed" if key in signed else "-"
        yield f"{word:<12} {paper.name(key)}"
    missing = max(0, paper.needed - len(signed))
    yield f"{paper.needed} of {len(paper.keys)} must sign: " + (
        f"{missing} to go" if missing else "complete with `ballotbox-gateway ceremony join`"
    )


def described(paper: Paper) -> Iterator[str]:
    """Yield everything about a paper."""
    yield from shown(paper.under)
    if paper.register is None:
        election = paper.under.election
        counts = f"{len(election.contests)} contests, {len(election.precincts)} precincts"
        yield f"definition   {counts}"
    else:
        entries = paper.register
        counts = f"{len(entries.entries_of)} boxes, {len(entries.gateways)} gateways"
        yield f"register     version {entries.version}: {counts}, {len(entries.officers)} officers"
    yield from signatures(paper)
