"""The signed statement of a publication: which result two officers released, and made of what.

It names by their digests the rules, the program and the configuration that made the result, the
size and root of the log that was folded, and the result itself. It is a leaf of that log, and each
names the one before it: what was published, and when, can be neither taken back nor passed over.
"""

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Any, Final

from ballotbox_protocol.election.identifiers import (
    DIGEST_SIZE,
    WIDE_MAX,
    BoxId,
    ElectionDigest,
    Mode,
    ReportId,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.election.register import Register, origin_id, require_origin
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import two_of_the_centre_signed
from ballotbox_protocol.wire.report import OfficerSignature, read_signatures
from ballotbox_protocol.wire.shape import as_enum, as_type
from ballotbox_protocol.wire.signed_by_officers import SignedByOfficers
from ballotbox_protocol.wire.trust import Root, Trusted
from ballotbox_protocol.wire.verdict import Reason

#: With its signatures.
PUBLICATION_MAX: Final = 4_096

#: Begins what stands for a box beside publications, where reports have theirs.
_PLACE: Final = b"published"


class Status(IntEnum):
    """What a publication claims to be."""

    PRELIMINARY = 1
    COMPLETE = 2
    CORRECTION = 3
    CERTIFIED = 4


def publication_place(origin: str) -> BoxId:
    """Return what stands where a report names its box: one for the publications of each log."""
    return BoxId((_PLACE + origin_id(origin))[:16])


@dataclass(frozen=True, slots=True)
class Publication(SignedByOfficers):
    """One released result.

    version: 1 is the first of its log; any other names in `previous` the id of the one before it.
    rules, program, configuration: digests of what made the result; see `configuration_digest`.
    origin, size, root: the log that was folded. result: SHA-256 of the result's canonical JSON.
    release: the version of the release of rules and program; 0 in statements of the older form.
    """

    election: ElectionDigest
    mode: Mode
    status: Status
    version: int
    previous: ReportId | None
    rules: bytes
    program: bytes
    configuration: bytes
    origin: str
    size: int
    root: bytes
    result: bytes
    release: int = 0
    signatures: tuple[OfficerSignature, ...] = ()

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "publication.election")
        require_count(self.version, "publication.version")
        require(self.version >= 1, "publication.version", "must be at least 1")
        first = self.version == 1
        wanted = "must be null in version 1, and only there"
        require((self.previous is None) == first, "publication.previous", wanted)
        if self.previous is not None:
            require_bytes(self.previous, DIGEST_SIZE, "publication.previous")
        for name in ("rules", "program", "configuration", "root", "result"):
            require_bytes(getattr(self, name), DIGEST_SIZE, f"publication.{name}")
        require_origin(self.origin, "publication.origin")
        require_count(self.size, "publication.size", WIDE_MAX)
        require_count(self.release, "publication.release")
        corrects = self.status is Status.CORRECTION and first
        require(not corrects, "publication.status", "version 1 has nothing to correct")

    @property
    def place(self) -> BoxId:
        """What stands where a report names its box."""
        return publication_place(self.origin)

    def items(self) -> list[Any]:
        """Return what each officer signs, as MessageType.PUBLICATION, in wire order."""
        stated = [] if self.release == 0 else [self.release]
        return [
            self.election,
            int(self.mode),
            int(self.status),
            self.version,
            self.previous,
            self.rules,
            self.program,
            self.configuration,
            self.origin,
            self.size,
            self.root,
            self.result,
            *stated,
        ]

    def is_signed(self, register: Register) -> bool:
        """Tell whether two officers who may release in all precincts signed it, and nobody else."""
        return two_of_the_centre_signed(
            register, self.signatures, MessageType.PUBLICATION, self.payload()
        )

    def follows(self, before: "Publication | None") -> bool:
        """Tell whether it may come next after `before`, the last one of its log.

        A log never shrinks, what was certified is only corrected or certified anew, and no release
        of rules and program comes back once a newer one was used.
        """
        if before is None:
            return self.version == 1
        again = (Status.CORRECTION, Status.CERTIFIED)
        settled = before.status is not Status.CERTIFIED or self.status in again
        next_one = self.version == before.version + 1 and self.previous == before.id
        grown = self.size >= before.size
        return next_one and settled and grown and not self.goes_back_behind(before)

    def goes_back_behind(self, before: "Publication") -> bool:
        """Tell whether its rules and program were not released after those of `before`.

        One release is of one pair of rules and program, so the same version means the same pair.
        """
        if self.release != before.release:
            return self.release < before.release
        same = (self.rules, self.program) == (before.rules, before.program)
        return self.release > 0 and not same


def decode_publication(data: bytes) -> Publication:
    """Return the statement in `data`, signatures unchecked; raises CborError or InvalidField."""
    require(len(data) <= PUBLICATION_MAX, "publication", f"at most {PUBLICATION_MAX} bytes")
    items = as_type(cbor.decode(data), list, "publication")
    fits = len(items) in (13, 14)
    require(fits, "publication", "must be an array of 13 items, or of 14 with a rules release")
    previous = items[4]

    def digest(at: int, name: str) -> bytes:
        return as_type(items[at], bytes, f"publication.{name}")

    return Publication(
        election=ElectionDigest(digest(0, "election")),
        mode=as_enum(as_type(items[1], int, "publication.mode"), Mode, "publication.mode"),
        status=as_enum(as_type(items[2], int, "publication.status"), Status, "publication.status"),
        version=as_type(items[3], int, "publication.version"),
        previous=None if previous is None else ReportId(digest(4, "previous")),
        rules=digest(5, "rules"),
        program=digest(6, "program"),
        configuration=digest(7, "configuration"),
        origin=as_type(items[8], str, "publication.origin"),
        size=as_type(items[9], int, "publication.size"),
        root=digest(10, "root"),
        result=digest(11, "result"),
        release=_release_in(items[12]) if len(items) == 14 else 0,
        signatures=read_signatures(items[-1], "publication.signatures"),
    )


def _release_in(item: object) -> int:
    release = as_type(item, int, "publication.release")
    require(release >= 1, "publication.release", "must be at least 1, or stand nowhere")
    return release


def read_publication(data: bytes, trusted: Trusted) -> Publication | Reason:
    """Return the statement that two releasing officers signed, or why these bytes are none.

    Whether it fits its log is not asked here: that takes the log.
    """
    if len(data) > PUBLICATION_MAX:
        return Reason.SIZE
    try:
        given = decode_publication(data)
    except ValueError:
        return Reason.BODY
    if (given.election, given.mode) != (trusted.digest, trusted.election.mode):
        return Reason.OTHER_ELECTION
    known = trusted.register.officers_by_key_id
    if any(each.key_id not in known for each in given.signatures):
        return Reason.OLD_REGISTER
    return given if given.is_signed(trusted.register) else Reason.RELEASERS


def configuration_digest(definition: bytes, register: bytes, root: Root) -> bytes:
    """Return the digest of what a result was computed under.

    `definition` and `register` are the signed documents, byte for byte.
    """
    parts = [sha256(definition).digest(), sha256(register).digest(), str(root)]
    return sha256(cbor.encode(parts)).digest()
