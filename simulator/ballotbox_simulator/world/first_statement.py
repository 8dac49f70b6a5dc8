"""What any first publication of a day states before it is signed."""

from typing import Final

from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.trust import Trusted

_NONE: Final = bytes(32)


def first_statement(trusted: Trusted, origin: str, size: int, root: bytes) -> Publication:
    """Return version 1, preliminary and unsigned, of the first `size` leaves of the log `origin`.

    Nothing is computed for it: result, rules, program and configuration are digests of nothing.
    """
    return Publication(
        election=trusted.digest,
        mode=trusted.election.mode,
        status=Status.PRELIMINARY,
        version=1,
        previous=None,
        rules=_NONE,
        program=_NONE,
        configuration=_NONE,
        origin=origin,
        size=size,
        root=root,
        result=_NONE,
    )
