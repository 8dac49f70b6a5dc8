"""To which of several elections a message belongs, by what it says of itself and nobody has proved.

An address opens one door and proves nothing: behind it everything is judged as if there were no
other election. So a wrong address, or a forged one, can only lead to a refusal.
"""

from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.checkpoint import CheckpointFault, parse_note
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_protocol.wire.report import decode_report
from ballotbox_protocol.wire.trust import Trusted

_HELD: Final = bytes((MessageKind.HELD,))
_HELLO: Final = bytes((MessageKind.HELLO,))
_REPORT: Final = bytes((MessageKind.REPORT,))


class Served(Protocol):
    """One of the elections."""

    @property
    def trusted(self) -> Trusted:
        """The election and the register in use."""
        ...

    @property
    def origin(self) -> str:
        """The name of its log here."""
        ...


E = TypeVar("E", bound=Served)


class Addresses(Generic[E]):
    """The elections of one gateway, in the order of its settings."""

    def __init__(self, elections: Sequence[E]) -> None:
        self._elections = elections

    def of_message(self, message: bytes) -> E:
        """Return the election that a report, hello or held checkpoint names.

        Where it names none that is served, the one whose register lists who signed it: there it is
        refused with an answer. What nobody vouches for is counted with the first election.
        """
        kind, payload = message[:1], message[1:]
        if kind == _HELD:
            return self._by_log(payload) or self._elections[0]
        try:
            # As the intake does it: what is no other message may be a report without its kind byte.
            envelope = cose.parse(payload if kind in (_REPORT, _HELLO) else message)
        except ValueError:
            return self._elections[0]
        named = self._by_digest(_election_named(kind, envelope.payload))
        return named or self._by_signer(envelope.protected) or self._elections[0]

    def of_log_below(self, log: bytes) -> E | None:
        """Return the election whose register lists a gateway with this origin id, or None."""
        for each in self._elections:
            if log in each.trusted.register.origin_by_id:
                return each
        return None

    def of_publication(self, statement: bytes) -> E:
        """Return the election that a publication names, or the first one, which refuses it."""
        try:
            named = self._by_digest(decode_publication(statement).election)
        except ValueError:
            named = None
        return named or self._elections[0]

    def _by_digest(self, digest: object) -> E | None:
        return next((each for each in self._elections if each.trusted.digest == digest), None)

    def _by_signer(self, protected: bytes) -> E | None:
        for each in self._elections:
            if protected in each.trusted.reporters or protected in each.trusted.greeters:
                return each
        return None

    def _by_log(self, note: bytes) -> E | None:
        told = parse_note(note)
        if isinstance(told, CheckpointFault):
            return None
        named = told.checkpoint.origin
        return next((each for each in self._elections if each.origin == named), None)


def _election_named(kind: bytes, payload: bytes) -> object:
    try:
        if kind != _HELLO:
            return decode_report(payload).election
        hello = cbor.decode(payload)
    except ValueError:
        return None
    return hello[0] if type(hello) is list and hello else None
