"""A whole election grown from one seed: every key, the signed definition and the signed register.

For rehearsals and tests only: whoever knows the seed knows every key, so an authority refuses to
make an official election. The same seed and sizes give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    MarkPolicy,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import (
    BoxId,
    Mode,
    PrecinctId,
    require,
)
from ballotbox_protocol.election.register import (
    BoxEntry,
    GatewayEntry,
    Officer,
    Register,
    Role,
)
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import election_digest, encode_definition
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.officers import sign_as_officer
from ballotbox_protocol.wire.report import OfficerSignature
from ballotbox_protocol.wire.trust import (
    RootKey,
    Trusted,
    establish,
    sign_definition,
    sign_register,
)

FIRMWARE: Final = sha256(b"ballotbox simulated firmware 1").digest()
FIRMWARE_SEQUENCE: Final = 1

PARTY_LIST: Final = Contest(
    "Parliament, national list",
    ContestKind.PARTY_LIST,
    1,
    (
        Option("Mountain Party", 5),
        Option("River Alliance", 5),
        Option("Union of Villages", 5),
        Option("Open Steppe", 5),
        Option("Against all"),
    ),
)
DISTRICT: Final = Contest(
    "Parliament, district seat",
    ContestKind.CHOOSE_ONE,
    1,
    (
        Option("A. Asanova"),
        Option("B. Bakirov"),
        Option("C. Chynara uulu"),
        Option("Against all"),
    ),
)
COUNCIL: Final = Contest(
    "Local council, choose up to three",
    ContestKind.CHOOSE_UP_TO,
    3,
    tuple(Option(f"Council candidate {letter}") for letter in "ABCDEFG"),
)
#: A full ballot on two sheets, and a ballot of voters away from home with the national list alone.
DEFAULT_STYLES: Final = (
    BallotStyle("HOME", ((0, 1), (2,))),
    BallotStyle("AWAY", ((0,),)),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an authority is asked to make."""

    seed: int
    boxes: int
    origins: tuple[str, ...] = ("rehearsal.example/precinct", "rehearsal.example/centre")
    boxes_per_precinct: int = 1
    registered: int = 1_000
    contests: tuple[Contest, ...] = (PARTY_LIST, DISTRICT, COUNCIL)
    styles: tuple[BallotStyle, ...] = DEFAULT_STYLES
    name: str = "Rehearsal of a parliamentary election"
    mode: Mode = Mode.REHEARSAL
    officers: int = 3
    precincts: tuple[Precinct, ...] = ()
    policy: MarkPolicy = field(default_factory=MarkPolicy)
    day: str = "2026-11-29"

    def __post_init__(self) -> None:
        require(self.mode is not Mode.OFFICIAL, "mode", "an official election has no seeded keys")
        require(self.officers >= 2, "officers", "at least two officers must sign")


@dataclass(frozen=True)
class Authority:
    """An election with all its private keys; `trusted` is what everyone else may know of it."""

    trusted: Trusted
    root: RootKey
    definition: bytes
    register: bytes
    box_keys: dict[BoxId, PrivateKey] = field(repr=False)
    gateway_keys: dict[str, PrivateKey] = field(repr=False)
    officer_keys: tuple[PrivateKey, ...] = field(repr=False)
    root_key: PrivateKey = field(repr=False)
    register_key: PrivateKey = field(repr=False)

    @property
    def boxes(self) -> tuple[BoxId, ...]:
        """The boxes in the register's order."""
        return tuple(entry.box for entry in self.trusted.register.boxes)

    def consent(
        self, payload: bytes, message_type: MessageType = MessageType.CONSENT, officers: int = 2
    ) -> tuple[OfficerSignature, ...]:
        """Return the signatures of the first `officers` officers over `payload`."""
        return tuple(
            sign_as_officer(key.public, key.sign, message_type, payload)
            for key in self.officer_keys[:officers]
        )

    def write(self, directory: Path) -> None:
        """Write `election.cose` and `register.cose`, the two public documents."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "election.cose").write_bytes(self.definition)
        (directory / "register.cose").write_bytes(self.register)


def seeded_key(seed: int, *labels: object) -> PrivateKey:
    """Return the private key that `seed` grows for one holder."""
    text = "/".join(str(label) for label in ("ballotbox rehearsal", seed, *labels))
    return PrivateKey.from_seed(sha256(text.encode()).digest())


def box_id(number: int) -> BoxId:
    """Return the id of the simulated box `number`; it reads as its number in hexadecimal."""
    return BoxId(number.to_bytes(16))


def make_authority(plan: Plan) -> Authority:
    """Return the election that `plan` describes, signed from root to register."""
    root_key = seeded_key(plan.seed, "root", plan.mode.name)
    register_key = seeded_key(plan.seed, "register signer")
    election = _election(plan, register_key)
    definition = sign_definition(election, root_key.public, root_key.sign)
    digest = election_digest(encode_definition(election))
    box_keys = {box_id(n): seeded_key(plan.seed, "box", n) for n in range(1, plan.boxes + 1)}
    gateway_keys = {origin: seeded_key(plan.seed, "gateway", origin) for origin in plan.origins}
    officer_keys = tuple(seeded_key(plan.seed, "officer", n) for n in range(plan.officers))
    register = Register(
        election=digest,
        version=1,
        boxes=_box_entries(plan, election.precincts, box_keys),
        gateways=tuple(GatewayEntry(name, key.public) for name, key in gateway_keys.items()),
        officers=tuple(
            Officer(key.public, Role.POLL | Role.ELEVATED | Role.RELEASE, None)
            for key in officer_keys
        ),
    )
    signed_register = sign_register(register, register_key.public, register_key.sign)
    root = RootKey(plan.mode, root_key.public)
    return Authority(
        trusted=establish(root, definition, signed_register),
        root=root,
        definition=definition,
        register=signed_register,
        box_keys=box_keys,
        gateway_keys=gateway_keys,
        officer_keys=officer_keys,
        root_key=root_key,
        register_key=register_key,
    )


def with_register(authority: Authority, register: Register) -> Authority:
    """Return the authority after it signed another version of its register."""
    key = authority.register_key
    signed = sign_register(register, key.public, key.sign)
    trusted = establish(authority.root, authority.definition, signed)
    return Authority(
        trusted=trusted,
        root=authority.root,
        definition=authority.definition,
        register=signed,
        box_keys=authority.box_keys,
        gateway_keys=authority.gateway_keys,
        officer_keys=authority.officer_keys,
        root_key=authority.root_key,
        register_key=key,
    )


def _election(plan: Plan, register_key: PrivateKey) -> Election:
    return Election(
        name=plan.name,
        mode=plan.mode,
        day=plan.day,
        contests=plan.contests,
        styles=plan.styles,
        precincts=plan.precincts or _numbered_precincts(plan),
        register_signers=(register_key.public,),
        policy=plan.policy,
    )


def _numbered_precincts(plan: Plan) -> tuple[Precinct, ...]:
    count = -(-plan.boxes // plan.boxes_per_precinct)
    styles = tuple(range(len(plan.styles)))
    return tuple(
        Precinct(PrecinctId(n), f"Precinct {n}", plan.registered, styles)
        for n in range(1, count + 1)
    )


def _box_entries(
    plan: Plan, precincts: Sequence[Precinct], keys: dict[BoxId, PrivateKey]
) -> tuple[BoxEntry, ...]:
    return tuple(
        BoxEntry(box, key.public, 1, precincts[n // plan.boxes_per_precinct].number, (FIRMWARE,))
        for n, (box, key) in enumerate(keys.items())
    )
