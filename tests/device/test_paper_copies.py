"""Is a report printed again only when two officers sign which copy of which?"""

from dataclasses import replace

import pytest

from ballotbox_device.core.events import (
    ReprintRequested,
    TurnoutDue,
)
from ballotbox_device.core.outputs import (
    ConsentNeeded,
    PrintCopy,
    Refusal,
    Refused,
)
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.statements import Reprint
from tests.device.log_keeper import id_of
from tests.device.polling_place import (
    authority,
)
from tests.device.test_officers import (
    after_final,
    ask,
    consent,
    sign,
)


def test_a_reprint_takes_no_sequence_number():
    place = after_final()
    count, size = place.device.outgoing.count, len(place.disk.journal.read())
    for sequence in range(count):
        needed, copy = place.on(ReprintRequested(sequence))
        assert isinstance(needed, ConsentNeeded)
        assert copy == PrintCopy(sequence, place.kept()[sequence], 2)
    assert place.device.outgoing.count == count
    assert len(place.disk.journal.read()) > size
    place.on(TurnoutDue())


def test_two_officers_sign_which_copy_of_which_report_is_printed():
    place = after_final()
    needed = ask(place, ReprintRequested(3))
    report = id_of(place.kept()[3])
    asked = Reprint(place.rules.trusted.digest, place.device.outgoing.box, report, 2)
    assert (needed.message_type, needed.role) == (MessageType.REPRINT, Role.POLL)
    assert needed.payload == asked.payload()
    signatures = place.authority.consent(needed.payload, MessageType.REPRINT)
    assert consent(place, signatures) == [PrintCopy(3, place.kept()[3], 2)]
    again = ask(place, ReprintRequested(3))
    assert again.payload == replace(asked, copy=3).payload()
    (refused,) = consent(place, signatures)
    assert refused.why is Refusal.NOT_TWO_OFFICERS


def test_nothing_is_printed_again_while_two_officers_have_not_signed():
    place = after_final()
    payload = ask(place, ReprintRequested(0)).payload
    before = place.disk.journal.read()
    one, two, _ = authority().officer_keys
    for signed in (
        [],
        [sign(one, payload, MessageType.REPRINT)],
        [sign(one, payload, MessageType.REPRINT)] * 2,
        [sign(one, payload), sign(two, payload)],
    ):
        (refused,) = consent(place, signed)
        assert refused.why is Refusal.NOT_TWO_OFFICERS
    assert place.disk.journal.read() == before
    both = [sign(key, payload, MessageType.REPRINT) for key in (one, two)]
    assert consent(place, both) == [PrintCopy(0, place.kept()[0], 2)]


def test_copies_are_counted_for_each_report_and_over_a_boot():
    place = after_final()

    def numbers(*sequences):
        return [place.on(ReprintRequested(each))[-1].copy for each in sequences]

    assert numbers(0, 0, 1) == [2, 3, 2]
    place.disk.power_off()
    place.boot()
    assert numbers(0, 1, 2) == [4, 3, 2]


@pytest.mark.parametrize("sequence", [-1, 99])
def test_a_report_that_is_not_kept_is_not_reprinted(sequence):
    place = after_final()
    (refused,) = place.on(ReprintRequested(sequence))
    assert isinstance(refused, Refused)
    assert refused.why is Refusal.NO_SUCH_REPORT
