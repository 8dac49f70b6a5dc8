"""Released results in a log, each held against the leaves before it as soon as it is appended.

Roots and order are worked out here a second time; the gateway's mind is never asked.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.publication import Publication, Status, decode_publication
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.log_reading import roots

#: Why a statement of a lower log may be kept without standing.
_SET_ASIDE: Final = frozenset(
    {Reason.OLD_REGISTER, Reason.OTHER_LOG, Reason.RELEASERS, Reason.VERSION}
)
_AFTER_CERTIFIED: Final = frozenset({Status.CORRECTION, Status.CERTIFIED})


def faults_of_publications(
    ledger: SimulatedLedger, name: str, trusted: Trusted, first: int
) -> Iterator[str]:
    """Yield what is wrong with the publications among the leaves of a log from `first` on."""
    before = _last_of_each(ledger, first)
    for index, leaf, given in _publications(ledger, first, ledger.log_head().size):
        own = given.origin == name
        faults = list(_unlike_its_leaf(leaf, given, own=own))
        if leaf.verdict is Verdict.ACCEPTED:
            faults += _unsigned(given, trusted)
            faults += _out_of_order(given, before.get(given.origin))
            faults += _of_no_such_log(ledger, given, index) if own else _of_nobody(given, trusted)
            before[given.origin] = given
        yield from (f"leaf {index}, publication {given.version}, {each}" for each in faults)


def _publications(
    ledger: SimulatedLedger, first: int, stop: int
) -> Iterator[tuple[int, Leaf, Publication]]:
    for index, entry in enumerate(ledger.entries(first, stop), start=first):
        leaf = decode_leaf(entry.leaf) if entry.ruling is not None else None
        if leaf is not None and leaf.type is LeafType.PUBLICATION:
            yield index, leaf, decode_publication(entry.ruling or b"")


def _last_of_each(ledger: SimulatedLedger, stop: int) -> dict[str, Publication]:
    """Return the newest publication of each log that stands in this one before `stop`."""
    return {
        given.origin: given
        for _, leaf, given in _publications(ledger, 0, stop)
        if leaf.verdict is Verdict.ACCEPTED
    }


def _unlike_its_leaf(leaf: Leaf, given: Publication, *, own: bool) -> Iterator[str]:
    if (leaf.report, leaf.statement) != (given.id, sha256(given.to_bytes()).digest()):
        yield "is not what its leaf commits to"
    aside = not own and leaf.verdict is Verdict.QUARANTINED and leaf.reason in _SET_ASIDE
    if (leaf.verdict, leaf.reason) != (Verdict.ACCEPTED, Reason.PUBLISHED) and not aside:
        yield f"is {leaf.verdict.name} for {leaf.reason.name}"


def _unsigned(given: Publication, trusted: Trusted) -> Iterator[str]:
    if given.election != trusted.digest or given.mode is not trusted.election.mode:
        yield "is of another election"
    officers = {each.key_id for each in given.signatures}
    if len(officers) != 2 or not given.is_signed(trusted.register):
        yield "is not signed by two officers who may release"


def _out_of_order(given: Publication, before: Publication | None) -> Iterator[str]:
    version, previous = (before.version, before.id) if before else (0, None)
    if (given.version, given.previous) != (version + 1, previous):
        yield "does not follow the one before it"
    if before is not None and given.size < before.size:
        yield "is of less of the log than the one before it"
    certified = before is not None and before.status is Status.CERTIFIED
    if certified and given.status not in _AFTER_CERTIFIED:
        yield "takes back what was certified"


def _of_nobody(given: Publication, trusted: Trusted) -> Iterator[str]:
    if given.origin not in trusted.register.gateway_keys:
        yield "is of another log than any that is known"


def _of_no_such_log(ledger: SimulatedLedger, given: Publication, index: int) -> Iterator[str]:
    leaves = list(ledger.leaves(0))[:index]
    if roots(leaves, {given.size}).get(given.size) != given.root:
        yield "is of a log that this one never was"
