"""Officers' tokens: each holds one officer's key and signs what the panel shows."""

from collections.abc import Mapping, Sequence

from ballotbox_device.core.outputs import ConsentNeeded
from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.officers import sign_as_officer
from ballotbox_protocol.wire.report import OFFICERS_MAX, OfficerSignature


class Tokens:
    """The tokens that lie at the polling place, by the names of their officers."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[str, PrivateKey]) -> None:
        self._keys = dict(keys)

    @property
    def names(self) -> tuple[str, ...]:
        """The officers who are there."""
        return tuple(self._keys)

    def sign(self, needed: ConsentNeeded, names: Sequence[str]) -> tuple[OfficerSignature, ...]:
        """Return the signatures of these officers; raises InvalidField for one who is not there.

        Whether they may sign, and whether they are enough, the firmware decides.
        """
        fits = 1 <= len(names) <= OFFICERS_MAX
        require(fits, "officers", f"must be 1 to {OFFICERS_MAX} names")
        return tuple(self._signature(needed, name) for name in names)

    def _signature(self, needed: ConsentNeeded, name: str) -> OfficerSignature:
        key = self._keys.get(name)
        if key is None:
            there = ", ".join(self._keys) or "none"
            raise InvalidField("officers", f"this token is not here; the tokens here are: {there}")
        return sign_as_officer(key.public, key.sign, needed.message_type, needed.payload)
