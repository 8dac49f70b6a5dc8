"""Who a box is: its id, its place in the register, its key and its firmware."""

from dataclasses import dataclass

from ballotbox_protocol.election.definition import Precinct
from ballotbox_protocol.election.identifiers import (
    DIGEST_SIZE,
    BoxId,
    InvalidField,
    require_bytes,
    require_count,
)
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.trust import Trusted


@dataclass(frozen=True, slots=True)
class Firmware:
    """The running firmware: its digest and its rising sequence number."""

    digest: bytes
    sequence: int

    def __post_init__(self) -> None:
        require_bytes(self.digest, DIGEST_SIZE, "firmware.digest")
        require_count(self.sequence, "firmware.sequence")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a host tells the core about the box it runs."""

    box: BoxId
    key: PrivateKey
    firmware: Firmware
    debug: bool = False


def precinct_of(trusted: Trusted, box: BoxId) -> Precinct:
    """Return where `box` stands; raises InvalidField when the register does not know it."""
    entries = trusted.register.entries_of.get(box)
    if not entries:
        version = trusted.register.version
        raise InvalidField("box", f"{box.hex()} is not in version {version} of the register")
    return trusted.election.precinct_by_number[entries[-1].precinct]


def registered_epoch(trusted: Trusted, box: BoxId, key: PrivateKey) -> int:
    """Return the key epoch in which the register gives `key` to `box`; raises InvalidField."""
    for entry in trusted.register.entries_of.get(box, ()):
        if entry.key == key.public:
            return entry.epoch
    raise InvalidField("key", f"{key.public.hex()} is not the register's key of box {box.hex()}")
