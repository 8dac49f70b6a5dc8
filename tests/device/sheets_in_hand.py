"""Paper, people and a mechanism around the real firmware, for tests of the machine."""

from dataclasses import replace

from ballotbox_device.core.device import Device
from ballotbox_device.core.habits import PLAIN, Habits
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.machine.mechanism import Mechanism
from ballotbox_device.machine.paper import Paper, contests_of, darkened
from ballotbox_device.machine.tokens import Tokens
from ballotbox_device.paper.lines import composer
from ballotbox_device.paper.words import TITLES
from ballotbox_protocol.election.definition import Handling, MarkPolicy
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_simulator.disk import BoxDisk
from tests.device.polling_place import AWAY, BLANK, HOME_1, HOME_2, Chance, authority, identity_of

POLICY = MarkPolicy(blank=Handling.SECOND_CHANCE, marginal=Handling.RETURN, stamp=True)


def rules_with(policy: MarkPolicy = POLICY) -> ElectionRules:
    """The rules of the test's election under another policy of marks."""
    trusted = authority().trusted
    return ElectionRules.of(replace(trusted, election=replace(trusted.election, policy=policy)))


RULES = rules_with()
ELECTION = RULES.trusted.election


def paper_of(sheet: Sheet, others: dict[int, int] | None = None, **changes) -> Paper:
    """The paper on which a voter marked what `sheet` says."""
    contests = contests_of(ELECTION, sheet.style, sheet.number)
    return Paper(sheet.style, sheet.number, darkened(contests, sheet.marks, others), **changes)


#: Papers by what they are: what goes in as it is, what only an insisting voter casts, what never.
GOOD = {"home 1": HOME_1, "home 2": HOME_2, "away": AWAY}
PAPERS = {name: paper_of(sheet) for name, sheet in GOOD.items()} | {
    "upside down": paper_of(HOME_1, face_down=True),
    "blank": paper_of(BLANK),
    "no stamp": paper_of(HOME_1, stamped=False),
    "torn": paper_of(HOME_1, length_mm=200),
    "faint": paper_of(HOME_1, {2: 15}),
    "no code": paper_of(HOME_1, legible=False),
    "crooked": paper_of(HOME_1, skew_millidegrees=4_000),
    "portable": paper_of(HOME_1, portable=True),
}
SHEETS = {paper: GOOD.get(name, HOME_1) for name, paper in PAPERS.items()} | {
    PAPERS["blank"]: BLANK
}


def titles(tapes) -> list[str]:
    """What the tapes are, by their headlines."""
    return [
        next(line.strip() for line in tape if line.strip() in TITLES.values()) for tape in tapes
    ]


def tokens() -> Tokens:
    """Tokens of two officers, and one that no register knows."""
    first, second, _ = authority().officer_keys
    stranger = PrivateKey.from_seed(bytes(32))
    return Tokens({"first": first, "second": second, "stranger": stranger})


def new_mechanism(habits: Habits = PLAIN, disk: BoxDisk | None = None) -> Mechanism:
    """A box without power; each boot is one more life on the same disk."""
    memory = (disk or BoxDisk()).memory
    chance = Chance()

    def boot() -> Device:
        return Device(identity_of(authority()), RULES, memory, chance, habits)

    return Mechanism(boot, composer(authority().trusted, 58), tokens(), habits.actions)


def open_poll(box: Mechanism) -> None:
    """Bring a box that is on to the open poll."""
    box.press("print_zero", 0)
    box.press("open", 0)
    box.present(("first", "second"), 0)
