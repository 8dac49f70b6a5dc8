"""Does the box do what takes two officers only when two of them signed exactly that?"""

from dataclasses import replace

import pytest

from ballotbox_device.core.courier import Courier, Reception
from ballotbox_device.core.device import Device
from ballotbox_device.core.events import (
    ClearingRequested,
    Consented,
    CorrectionRequested,
    Requested,
    SheetInserted,
    TurnoutDue,
)
from ballotbox_device.core.outputs import (
    Cleared,
    ConsentNeeded,
    Refusal,
    ReportMade,
    StateChanged,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.election.conservation import Law
from ballotbox_protocol.election.identifiers import COUNT_MAX, PollState
from ballotbox_protocol.election.register import Officer, Role
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.officers import sign_as_officer, two_officers_signed
from ballotbox_protocol.wire.report import (
    ReportKind,
    consent_payload,
    encode_report,
)
from ballotbox_simulator.authority import with_register
from tests.device.log_keeper import LogKeeper, id_of
from tests.device.polling_place import (
    AWAY,
    HOME_1,
    HOME_2,
    Chance,
    PollingPlace,
    authority,
    hand_count,
    identity_of,
    report_in,
    rules,
)

NEXT_KEY = PrivateKey.from_seed(bytes(range(32)))
REGISTER = authority().trusted.register


def place_under(register):
    """Return a place whose authority has signed another register."""
    place = PollingPlace()
    place.authority = with_register(authority(), replace(register, version=2))
    place.rules = ElectionRules.of(place.authority.trusted)
    place.boot()
    return place


def at_the_opening():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO)
    return place


def ask(place, event):
    (needed,) = place.device.on(event, place.now())
    assert isinstance(needed, ConsentNeeded)
    return needed


def consent(place, signatures):
    return place.device.on(Consented(tuple(signatures)), place.now())


def sign(key, payload, kind=MessageType.CONSENT):
    return sign_as_officer(key.public, key.sign, kind, payload)


def test_what_the_officers_sign_is_the_report_without_their_signatures():
    place = at_the_opening()
    needed = ask(place, Requested(Action.OPEN))
    signatures = place.authority.consent(needed.payload)
    made, changed = consent(place, signatures)
    assert changed == StateChanged(PollState.OPEN)
    report = report_in(made.data)
    assert report.signatures == signatures
    body = cose.parse(made.data).payload
    assert consent_payload(body, len(signatures)) == needed.payload
    assert encode_report(replace(report, signatures=())) == needed.payload


def wrong_signatures():
    one, two, three = authority().officer_keys
    stranger = authority().box_keys[authority().boxes[0]]
    return {
        "none": lambda p: [],
        "one": lambda p: [sign(one, p)],
        "one twice": lambda p: [sign(one, p), sign(one, p)],
        "a stranger": lambda p: [sign(one, p), sign(stranger, p)],
        "another payload": lambda p: [sign(one, p), sign(two, p + b"\0")],
        "another type": lambda p: [sign(one, p), sign(two, p, MessageType.RULING)],
        "two and a bad one": lambda p: [sign(one, p), sign(two, p), sign(three, b"no")],
    }


@pytest.mark.parametrize("case", wrong_signatures())
def test_anything_less_than_two_good_signatures_changes_nothing(case):
    place = at_the_opening()
    needed = ask(place, Requested(Action.OPEN))
    before = place.disk.journal.read()
    (refused,) = consent(place, wrong_signatures()[case](needed.payload))
    assert refused.why is Refusal.NOT_TWO_OFFICERS
    assert place.disk.journal.read() == before
    assert place.device.state is PollState.ZERO
    consent(place, place.authority.consent(needed.payload))
    assert place.device.state is PollState.OPEN


def test_a_report_has_room_for_eight_signatures():
    keys = [PrivateKey.from_seed(bytes([number]) * 32) for number in range(50, 59)]
    crowd = tuple(Officer(key.public, Role.POLL, None) for key in keys)
    place = place_under(replace(REGISTER, officers=crowd))
    place.act(Action.PRINT_ZERO)
    needed = ask(place, Requested(Action.OPEN))
    signatures = [sign(key, needed.payload) for key in keys]
    (refused,) = consent(place, signatures)
    assert refused.why is Refusal.NOT_TWO_OFFICERS
    made, _ = consent(place, signatures[:8])
    assert len(report_in(made.data).signatures) == 8


ROLES = {
    Action.OPEN: (Role.POLL, ()),
    Action.CLOSE: (Role.POLL, (Action.OPEN,)),
    Action.REOPEN: (Role.ELEVATED, (Action.OPEN, Action.CLOSE)),
}


@pytest.mark.parametrize("action", ROLES)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("precinct", [None, 1, 2])
def test_the_officers_need_the_role_and_the_precinct(action, role, precinct):
    """Two officers may do all; two others have one role in one precinct."""
    keys = [PrivateKey.from_seed(bytes([number]) * 32) for number in (41, 42)]
    some = tuple(Officer(key.public, role, precinct) for key in keys)
    place = place_under(replace(REGISTER, officers=REGISTER.officers + some))
    needed_role, before = ROLES[action]
    place.act(Action.PRINT_ZERO, *before)
    needed = ask(place, Requested(action))
    assert needed.role is needed_role
    outputs = consent(place, [sign(key, needed.payload) for key in keys])
    may = role is needed_role and precinct in (None, 1)
    assert (StateChanged in map(type, outputs)) is may


def test_consent_that_nobody_asked_for_is_refused():
    place = at_the_opening()
    (refused,) = consent(place, place.authority.consent(b"anything"))
    assert refused.why is Refusal.NOTHING_TO_CONSENT_TO


def test_consent_is_good_once():
    place = at_the_opening()
    needed = ask(place, Requested(Action.OPEN))
    signatures = place.authority.consent(needed.payload)
    consent(place, signatures)
    (refused,) = consent(place, signatures)
    assert refused.why is Refusal.NOTHING_TO_CONSENT_TO


def test_what_happens_in_between_makes_the_consent_void():
    """The officers signed a sheet too few: they are asked again, with the sheet in it."""
    place = at_the_opening()
    place.act(Action.OPEN)
    needed = ask(place, Requested(Action.CLOSE))
    place.feed(AWAY)
    (again,) = consent(place, place.authority.consent(needed.payload))
    assert isinstance(again, ConsentNeeded)
    assert again.payload != needed.payload
    made, _ = consent(place, place.authority.consent(again.payload))
    assert report_in(made.data).counters.accepted == 1


def test_mail_that_comes_in_between_leaves_the_consent_good():
    """Officers take seconds to sign, receipts arrive in milliseconds: nobody is asked twice."""
    place = at_the_opening()
    log = LogKeeper(authority())
    needed = ask(place, Requested(Action.OPEN))
    courier = Courier(place.device.outgoing)
    courier.connected(0)
    first = id_of(place.facts.handed_out[0])
    assert courier.receive(log.receipt(first), 0) is Reception.RECEIPT
    resend = log.resend(place.device.outgoing.box, 0)
    assert courier.receive(resend, 0) is Reception.SEND_AGAIN
    made, changed = consent(place, place.authority.consent(needed.payload))
    assert changed == StateChanged(PollState.OPEN)
    assert report_in(made.data).journal.size < place.device._book.history.size - 2
    place.boot()
    assert place.device.state is PollState.OPEN


def test_what_is_no_longer_possible_is_refused_instead_of_asked_again():
    place = at_the_opening()
    place.act(Action.OPEN)
    needed = ask(place, Requested(Action.CLOSE))
    place.device.on(SheetInserted(AWAY), place.now())
    (refused,) = consent(place, place.authority.consent(needed.payload))
    assert refused.why is Refusal.SHEET_PENDING


def test_a_draft_does_not_survive_a_boot():
    place = at_the_opening()
    needed = ask(place, Requested(Action.OPEN))
    place.boot()
    (refused,) = consent(place, place.authority.consent(needed.payload))
    assert refused.why is Refusal.NOTHING_TO_CONSENT_TO


# Corrections

IN_THE_BOX = [HOME_1, HOME_2, AWAY]


def after_final():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    for sheet in IN_THE_BOX:
        place.feed(sheet)
    place.finish()
    return place


def recount():
    """Return the votes with the one for North read as one for South."""
    north = replace(HOME_1, marks=(type(HOME_1.marks[0])(frozenset({1})), HOME_1.marks[1]))
    return hand_count([north, HOME_2, AWAY])


def test_a_correction_changes_votes_and_nothing_else():
    place = after_final()
    final = place.kept()[-1]
    needed = ask(place, CorrectionRequested(recount()))
    assert needed.role is Role.ELEVATED
    (made,) = consent(place, place.authority.consent(needed.payload))
    report = report_in(made.data)
    assert report.kind is ReportKind.CORRECTION
    assert report.votes == recount() != report_in(final).votes
    assert report.counters == report_in(final).counters
    assert report.corrects == cose.statement_id(cose.parse(final).statement)
    assert two_officers_signed(
        REGISTER, report.signatures, MessageType.CONSENT, needed.payload, Role.ELEVATED, 1
    )


def test_a_second_correction_is_of_the_same_final():
    place = after_final()
    final = cose.statement_id(cose.parse(place.kept()[-1]).statement)
    place.act(Action.SEAL)
    for votes in (recount(), hand_count(IN_THE_BOX)):
        place.on(CorrectionRequested(votes))
        assert report_in(place.kept()[-1]).corrects == final


def wrong_votes():
    row = recount()
    return {
        "too short": (row[:-1], "23 numbers, this election has 24"),
        "too long": ((*row, 0), "25 numbers, this election has 24"),
        "negative": ((-1, *row[1:]), "whole numbers"),
        "too large": ((COUNT_MAX + 1, *row[1:]), "whole numbers"),
        "not a number": ((True, *row[1:]), "whole numbers"),
        "a vote more": ((*row[:4], row[4] + 1, *row[5:]), "votes"),
        "a ballot more": ((row[0] + 1, *row[1:]), "ballots"),
    }


@pytest.mark.parametrize("case", wrong_votes())
def test_a_correction_that_cannot_be_is_refused_before_anyone_signs(case):
    place = after_final()
    votes, problem = wrong_votes()[case]
    before = place.disk.journal.read()
    (refused,) = place.on(CorrectionRequested(votes))
    assert refused.why is Refusal.VOTES_BREAK_A_LAW
    assert problem in refused.detail
    assert place.disk.journal.read() == before


# Clearing


def sealed():
    place = after_final()
    place.act(Action.SEAL)
    return place


def test_a_box_keeps_everything_until_two_officers_clear_it():
    place = sealed()
    needed = ask(place, ClearingRequested())
    assert (needed.message_type, needed.role) == (MessageType.CLEARANCE, Role.ELEVATED)
    assert place.device.outgoing.count > 0
    refused = consent(place, [])
    assert refused[0].why is Refusal.NOT_TWO_OFFICERS
    assert any(place.disk.slots.read())
    cleared = consent(place, place.authority.consent(needed.payload, MessageType.CLEARANCE))
    assert cleared == [Cleared()]
    assert not any(place.disk.slots.read())
    with pytest.raises(MemoryFault, match="was cleared"):
        place.on(TurnoutDue())


def clear(place):
    place.on(ClearingRequested())
    return place


def test_a_cleared_box_serves_the_next_election_and_brings_its_life_along():
    place = clear(sealed())
    name = "Runoff"
    device = Device(identity_of(authority(name)), rules(name), place.disk.memory, Chance())
    (made,) = device.start(place.now())
    report = report_in(made.data)
    assert report.election == authority(name).trusted.digest
    assert (report.sequence, report.previous) == (0, bytes(32))
    assert report.boot == device.boot == 2
    assert report.counters.lifetime == len(IN_THE_BOX)
    assert report.counters.accepted == 0
    assert device.state is PollState.SETUP
    assert device.outgoing.waiting(None, 8) == [0]


def test_a_receipt_that_comes_too_late_has_no_effect():
    place = clear(sealed())
    outgoing = place.device.outgoing
    journal = place.disk.journal.read()
    assert (outgoing.count, outgoing.waiting(None, 8)) == (0, [])
    courier = Courier(outgoing)
    courier.connected(0)
    log = LogKeeper(authority())
    first = id_of(place.facts.handed_out[0])
    for message in (log.receipt(first), log.refusal(first)):
        assert courier.receive(message, 0) is Reception.OF_ANOTHER_BOX
    assert courier.receive(log.resend(outgoing.box, 0), 0) is Reception.SEND_AGAIN
    assert place.disk.journal.read() == journal


def test_a_cleared_box_never_serves_the_same_election_again():
    place = clear(sealed())
    with pytest.raises(MemoryFault, match="a box serves it once"):
        place.boot()
    name = "Runoff"
    runoff = Device(identity_of(authority(name)), rules(name), place.disk.memory, Chance())
    runoff.start(place.now())
    with pytest.raises(MemoryFault, match="two officers must clear it first"):
        place.boot()


# Our own numbers


def test_a_broken_law_is_never_signed(monkeypatch):
    from ballotbox_device.core.reporting import LawBroken

    place = at_the_opening()
    place.act(Action.OPEN)
    place.feed(AWAY)
    place.device._bank.counted += 1
    before = place.disk.journal.read()
    with pytest.raises(LawBroken, match="accepted = box counter: 1 against 2") as caught:
        place.turnout()
    assert caught.value.breach.law is Law.BOX_COUNTER
    assert place.disk.journal.read() == before


def test_made_reports_are_what_is_kept():
    place = after_final()
    made = [output.data for output in place.outputs if isinstance(output, ReportMade)]
    assert made == place.kept()
