"""Released results in a log: each verified against the log it names, and listed in its order.

What a lower log brought and this one could not take over stands in it with a reason. It is listed
apart, is nobody's last publication, and hinders none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ballotbox_protocol.wire.leaf import Leaf, PlainLeaf
from ballotbox_protocol.wire.merkle import Tree
from ballotbox_protocol.wire.publication import Publication, decode_publication, read_publication
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_tabulation.core.authenticity import OpenedLeaf
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.wording import reason_in_words


@dataclass(frozen=True, slots=True)
class PublishedLeaf:
    """A leaf by which two officers released a result, or set aside by name, and their statement.

    signed: two officers who may release signed it; what stands is always so.
    """

    index: int
    leaf: Leaf | PlainLeaf
    publication: Publication
    signed: bool = True

    @property
    def stands(self) -> bool:
        """Tell whether the result is released in this log."""
        return self.leaf.verdict is Verdict.ACCEPTED


class Publications:
    """Checks the publications of one log in order; `tree` must hold each leaf before its turn."""

    def __init__(self, trusted: Trusted, origin: str, tree: Tree) -> None:
        self._trusted = trusted
        self._origin = origin
        self._tree = tree
        self._last: dict[str, Publication] = {}

    def check(self, opened: OpenedLeaf) -> PublishedLeaf | Fault:
        """Return the released result beside a leaf, or what does not fit."""
        index, leaf, data = opened.index, opened.leaf, opened.ruling
        if data is None:
            return Fault(LogFault.PUBLICATION_MISSING, index)
        if sha256(data).digest() != leaf.statement:
            return Fault(LogFault.PUBLICATION_DIGEST, index)
        stands = leaf.verdict is Verdict.ACCEPTED
        return self._released(opened, data) if stands else self._set_aside(opened, data)

    def _released(self, opened: OpenedLeaf, data: bytes) -> PublishedLeaf | Fault:
        index, leaf = opened.index, opened.leaf
        given = read_publication(data, self._trusted)
        if not isinstance(given, Publication):
            return Fault(LogFault.PUBLICATION_FORM, index, given.name)
        if given.id != leaf.report:
            return Fault(LogFault.PUBLICATION_DIGEST, index)
        if given.origin not in self._trusted.register.gateway_keys:
            return Fault(LogFault.PUBLICATION_LOG, index, given.origin)
        if not given.follows(self._last.get(given.origin)):
            return Fault(LogFault.PUBLICATION_VERSION, index, f"version {given.version}")
        if given.origin == self._origin and not self._is_of_this_log(index, given):
            return Fault(LogFault.PUBLICATION_CHECKPOINT, index, f"size {given.size}")
        self._last[given.origin] = given
        return PublishedLeaf(index, leaf, given)

    def _set_aside(self, opened: OpenedLeaf, data: bytes) -> PublishedLeaf | Fault:
        try:
            given = decode_publication(data)
        except ValueError as error:
            return Fault(LogFault.PUBLICATION_FORM, opened.index, str(error))
        if (given.id, given.election) != (opened.leaf.report, self._trusted.digest):
            return Fault(LogFault.PUBLICATION_DIGEST, opened.index)
        signed = given.is_signed(self._trusted.register)
        return PublishedLeaf(opened.index, opened.leaf, given, signed)

    def _is_of_this_log(self, index: int, given: Publication) -> bool:
        return given.size <= index and self._tree.root(given.size) == given.root


def last_of(origin: str, published: Iterable[PublishedLeaf]) -> Publication | None:
    """Return the newest publication of one log, None when it has none."""
    standing = (each.publication for each in published if each.stands)
    found = [each for each in standing if each.origin == origin]
    return found[-1] if found else None


def released_in_words(each: PublishedLeaf) -> str:
    """Return what two officers released, in a line."""
    given = each.publication
    if not each.signed:
        why = reason_in_words(each.leaf.reason)
        return f"set aside at leaf {each.index}, what no two officers signed: {why}"
    what = f"version {given.version}, {given.status.name.lower()}"
    of = f"of {given.origin} at size {given.size}"
    if not each.stands:
        return f"set aside at leaf {each.index}, a result {of}: {reason_in_words(each.leaf.reason)}"
    return f"two officers released a result {of}: {what}, sha256:{given.result.hex()}"


def published_documents(published: Iterable[PublishedLeaf]) -> list[dict[str, Any]]:
    """Return the released results as a later one lists them."""
    return [_document(each) for each in published if each.stands]


def aside_documents(published: Iterable[PublishedLeaf]) -> list[dict[str, Any]]:
    """Return the results of lower logs that were set aside and are so still, with the reason."""
    listed = list(published)
    standing = {each.publication.id for each in listed if each.stands}
    last = {each.publication.id: each for each in listed if each.publication.id not in standing}
    return [_aside(each) | {"reason": each.leaf.reason.name} for each in last.values()]


def _aside(each: PublishedLeaf) -> dict[str, Any]:
    """Return what was set aside; what nobody signed says no more than which log it names."""
    if each.signed:
        return _document(each)
    return {"leaf": each.index, "origin": each.publication.origin}


def _document(each: PublishedLeaf) -> dict[str, Any]:
    given = each.publication
    return {
        "leaf": each.index,
        "id": given.id.hex(),
        "origin": given.origin,
        "version": given.version,
        "status": given.status.name.lower(),
        "log_size": given.size,
        "result": f"sha256:{given.result.hex()}",
        "time": each.leaf.time,
        **({"release": given.release} if given.release else {}),
    }


def statement_document(given: Publication) -> dict[str, Any]:
    """Return what a statement says, for people and programs that read no CBOR."""
    previous = given.previous
    return {
        "id": given.id.hex(),
        "election": given.election.hex(),
        "mode": given.mode.name.lower(),
        "status": given.status.name.lower(),
        "version": given.version,
        "previous": None if previous is None else previous.hex(),
        "rules": given.rules.hex(),
        "program": given.program.hex(),
        "release": given.release or None,
        "configuration": given.configuration.hex(),
        "log": {
            "origin": given.origin,
            "size": given.size,
            "root": given.root.hex(),
        },
        "result": f"sha256:{given.result.hex()}",
        "signatures": [each.key_id.hex() for each in given.signatures],
    }
