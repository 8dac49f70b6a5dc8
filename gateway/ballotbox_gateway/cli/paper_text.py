"""What a person reads of a definition or a register that is signed by several."""

from collections.abc import Iterator

from ballotbox_gateway.adapters.joint_files import Paper, Vouched
from ballotbox_protocol.election.identifiers import PublicKey
from ballotbox_protocol.election.register import BoxEntry, Register
from ballotbox_protocol.election.register_changes import office
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
        listed = paper.register
        counts = f"{len(listed.entries_of)} boxes, {len(listed.gateways)} gateways"
        yield f"register     version {listed.version}: {counts}, {len(listed.officers)} officers"
    yield from signatures(paper)


def entries(register: Register) -> Iterator[str]:
    """Yield all that a register lists, a line each."""
    yield f"register     version {register.version}"
    for epochs in register.entries_of.values():
        for entry in epochs:
            yield f"box          {entry.box.hex()} epoch {entry.epoch} {_state(entry, register)}"
    for gateway in register.gateways:
        yield f"gateway      {gateway.origin} key {gateway.key.hex()[:16]}…"
    for officer in register.officers:
        yield f"officer      {officer.key.hex()[:16]}… {office(officer)}"


def _state(entry: BoxEntry, register: Register) -> str:
    if entry.closed is None:
        return f"precinct {entry.precinct} key {entry.key.hex()[:16]}…"
    named = register.origin_by_id
    places = [f"leaf {at} of {named.get(log, log.hex())}" for log, at in entry.closed.positions]
    return f"{entry.closed.reason.name.lower()} from {', '.join(places) or 'the start'}"
