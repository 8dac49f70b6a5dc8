"""Does a leaf that does not fit the evidence beside it name what is wrong, and which it is?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import EMPTY_ROOT
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind, encode_report
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import seeded_key
from ballotbox_tabulation.core.faults import MEANING, Fault, LogFault
from ballotbox_tabulation.core.outcome import Published
from tests.tabulation.folding import codes, read
from tests.tabulation.log_builder import (
    LOWER_ORIGIN,
    ORIGIN,
    TIME,
    LogBuilder,
    authority_of,
)
from tests.tabulation.test_hand_counts import UNFIT
from tests.tabulation.test_log import WHOLE
from tests.tabulation.test_published import UNFIT as UNFIT_PUBLICATIONS


@pytest.fixture
def log(day):
    return day


def _leaf(log, report_id, verdict=Verdict.ACCEPTED, reason=Reason.IN_ORDER):
    return encode_leaf(Leaf(LeafType.REPORT, report_id, verdict, reason, None, TIME))


def _ruled(log, signed, ruling, **changes):
    fields = {
        "type": LeafType.RULING,
        "report": signed.id,
        "verdict": Verdict.ACCEPTED,
        "reason": Reason.RELEASED,
        "statement": ruling.digest,
        "time": TIME,
    }
    return encode_leaf(Leaf(**{**fields, **changes}))


def _put_leaf_bytes(log):
    log.put(b"\x80", None, None)


def _put_wrong_reason(log):
    log.decide(log.pens[1].write(ReportKind.BOOT), Verdict.HELD, Reason.IN_ORDER)


def _put_attachment(*items):
    def put(log):
        signed = log.pens[1].write(ReportKind.BOOT)
        log.leaves.append(_leaf(log, signed.id))
        log.attachments.append(cbor.encode(list(items)))

    return put


def _put_garbage_attachment(log):
    _put_attachment(None, None, None)(log)
    log.attachments[-1] = b""


def _put_unattached(log):
    log.decide(log.pens[1].write(ReportKind.BOOT), attached=False)


def _put_no_envelope(log):
    log.put(_leaf(log, log.final.id), b"no envelope", None)


def _put_bad_body(log):
    pen = log.pens[1]
    log.decide(pen.sign(b"\xa0", log.final.report))


def _put_another_report(log):
    log.put(_leaf(log, log.final.id), log.pens[1].write(ReportKind.BOOT).data, None)


def _put_stranger(log):
    signed = log.pens[1].write(ReportKind.BOOT)
    body = encode_report(signed.report)
    log.decide(log.pens[1].sign(body, signed.report, seeded_key(1, "stranger")))


def _put_bad_signature(log):
    signed = log.pens[1].write(ReportKind.BOOT)
    log.decide(replace(signed, data=signed.data[:-1] + bytes([signed.data[-1] ^ 1])))


def _put_forged_copy(log):
    """The same report again, under a signature that does not verify."""
    log.decide(replace(log.final, data=log.final.data[:-1] + bytes([log.final.data[-1] ^ 1])))


def _put_other_box(log):
    log.decide(log.pens[1].write(ReportKind.BOOT, box=log.authority.boxes[2]))


def _put_other_election(log):
    log.decide(log.pens[1].write(ReportKind.BOOT, election=bytes(32)))


def _put_other_mode(log):
    """A report from the test of the same election, under the same key."""
    test = authority_of(boxes=3, mode=Mode.TEST)
    log.decide(LogBuilder(test).pen(1).write(ReportKind.BOOT))


def _quarantined(log):
    signed = log.pens[1].write(ReportKind.BOOT)
    log.quarantine(signed)
    return signed


def _put_ruling_missing(log):
    signed = _quarantined(log)
    log.put(_ruled(log, signed, log.ruling(RulingKind.RELEASE, signed.id)), None, None)


def _put_ruled_reason_without_ruling(log):
    signed = _quarantined(log)
    log.decide(signed, Verdict.ACCEPTED, Reason.RELEASED)


def _put_ruling_unasked(log):
    signed = log.pens[1].write(ReportKind.BOOT)
    ruling = log.ruling(RulingKind.RELEASE, signed.id)
    log.put(_leaf(log, signed.id), signed.data, ruling.to_bytes())


def _put_ruling_form(log):
    signed = _quarantined(log)
    ruling = log.ruling(RulingKind.RELEASE, signed.id)
    log.put(_ruled(log, signed, ruling), None, b"\x80")


def _put_another_ruling(log):
    signed = _quarantined(log)
    ruling = log.ruling(RulingKind.RELEASE, signed.id)
    fewer = replace(ruling, signatures=ruling.signatures[:1])
    log.put(_ruled(log, signed, ruling), None, fewer.to_bytes())


def _put_ruling_on_another(log):
    signed = _quarantined(log)
    ruling = log.ruling(RulingKind.RELEASE, log.final.id)
    log.put(_ruled(log, signed, ruling), None, ruling.to_bytes())


def _put_ruling_of_another_kind(log):
    signed = _quarantined(log)
    ruling = log.ruling(RulingKind.NAME, signed.id)
    log.put(_ruled(log, signed, ruling), None, ruling.to_bytes())


def _put_ruling_of_another_election(log):
    signed = _quarantined(log)
    other = LogBuilder(authority_of(boxes=3, name="Another election"))
    ruling = other.ruling(RulingKind.RELEASE, signed.id)
    log.put(_ruled(log, signed, ruling), None, ruling.to_bytes())


def _put_naming_that_overrules(log):
    """Of boxes' reports none can: their namings are not taken back."""
    signed = _quarantined(log)
    bare = Ruling(log.authority.trusted.digest, RulingKind.NAME, signed.id, (), (bytes(32),))
    signatures = log.authority.consent(bare.payload(), MessageType.RULING)
    ruling = replace(bare, signatures=signatures)
    log.put(_ruled(log, signed, ruling, reason=Reason.NAMED), None, ruling.to_bytes())


def _put_ruling_of_one_officer(log):
    signed = _quarantined(log)
    whole = log.ruling(RulingKind.RELEASE, signed.id)
    ruling = replace(whole, signatures=whole.signatures[:1])
    log.put(_ruled(log, signed, ruling), None, ruling.to_bytes())


def _put_quarantining_ruling(log):
    signed = _quarantined(log)
    ruling = log.ruling(RulingKind.RELEASE, signed.id)
    leaf = _ruled(log, signed, ruling, verdict=Verdict.QUARANTINED, reason=Reason.FIRMWARE)
    log.put(leaf, None, ruling.to_bytes())


def _put_release_of_evidence(log):
    signed = log.pens[1].write(ReportKind.BOOT)
    log.evidence(signed)
    log.rule(RulingKind.RELEASE, signed)


def _put_name_of_undisputed(log):
    log.rule(RulingKind.NAME, _quarantined(log))


def _put_with_note(*notes):
    def put(log):
        signed = log.pens[1].write(ReportKind.BOOT)
        for note in notes:
            log.decide(signed, note=note(log))

    return put


def _put_held(size, root):
    def put(log):
        held = HeldCheckpoint(origin_id(ORIGIN), size, root(log))
        log.decide(log.pens[1].write(ReportKind.BOOT, held=held))

    return put


def _put_two_of_one_sequence(log):
    log.decide(log.pens[1].write(ReportKind.BOOT))
    log.decide(log.pens[1].write(ReportKind.BOOT, sequence=0, boot=2))


_NOTE = b"no note"
_FAULTY = {
    "a leaf that is none": (_put_leaf_bytes, LogFault.LEAF_FORM, 5),
    "held for being in order": (_put_wrong_reason, LogFault.VERDICT_REASON, 5),
    "a ruling that quarantines": (_put_quarantining_ruling, LogFault.VERDICT_REASON, 6),
    "two parts beside the leaf": (_put_attachment(None, None), LogFault.ATTACHMENT_FORM, 5),
    "a number beside the leaf": (_put_attachment(7, None, None), LogFault.ATTACHMENT_FORM, 5),
    "nothing at all beside it": (_put_garbage_attachment, LogFault.ATTACHMENT_FORM, 5),
    "no report anywhere": (_put_unattached, LogFault.REPORT_MISSING, 5),
    "no envelope": (_put_no_envelope, LogFault.REPORT_FORM, 5),
    "no envelope, as long as one": (
        _put_attachment(bytes(300), None, None),
        LogFault.REPORT_FORM,
        5,
    ),
    "no body": (_put_bad_body, LogFault.REPORT_FORM, 5),
    "another report": (_put_another_report, LogFault.REPORT_ID, 5),
    "a stranger's report": (_put_stranger, LogFault.REPORT_SIGNER, 5),
    "a broken signature": (_put_bad_signature, LogFault.REPORT_SIGNATURE, 5),
    "a forged copy of a good report": (_put_forged_copy, LogFault.REPORT_SIGNATURE, 5),
    "another box's name": (_put_other_box, LogFault.REPORT_BOX, 5),
    "another election": (_put_other_election, LogFault.REPORT_ELECTION, 5),
    "another mode": (_put_other_mode, LogFault.REPORT_ELECTION, 5),
    "no ruling": (_put_ruling_missing, LogFault.RULING_MISSING, 6),
    "released without a ruling": (_put_ruled_reason_without_ruling, LogFault.RULING_MISSING, 6),
    "a ruling nobody asked for": (_put_ruling_unasked, LogFault.RULING_UNASKED, 5),
    "a malformed ruling": (_put_ruling_form, LogFault.RULING_FORM, 6),
    "another ruling": (_put_another_ruling, LogFault.RULING_DIGEST, 6),
    "a ruling on another report": (_put_ruling_on_another, LogFault.RULING_SCOPE, 6),
    "a ruling of another kind": (_put_ruling_of_another_kind, LogFault.RULING_SCOPE, 6),
    "a ruling of another election": (_put_ruling_of_another_election, LogFault.RULING_SCOPE, 6),
    "a naming that overrules": (_put_naming_that_overrules, LogFault.RULING_SCOPE, 6),
    "a ruling of one officer": (_put_ruling_of_one_officer, LogFault.RULING_OFFICERS, 6),
    "evidence released": (_put_release_of_evidence, LogFault.RULING_CAUSE, 6),
    "naming where nothing is disputed": (_put_name_of_undisputed, LogFault.RULING_CAUSE, 6),
    "no note from below": (_put_with_note(lambda _: _NOTE), LogFault.LOWER_CHECKPOINT, 5),
    "an unknown gateway below": (
        _put_with_note(lambda log: log.lower_note(origin="stranger.example/log")),
        LogFault.LOWER_CHECKPOINT,
        5,
    ),
    "a forged note from below": (
        _put_with_note(lambda log: log.lower_note(signer=seeded_key(1, "stranger"))),
        LogFault.LOWER_CHECKPOINT,
        5,
    ),
    "two logs below of one size": (
        _put_with_note(
            lambda log: log.lower_note(bytes(32), 7), lambda log: log.lower_note(EMPTY_ROOT, 7)
        ),
        LogFault.LOWER_FORK,
        6,
    ),
    "a box that saw another log": (
        _put_held(3, lambda _: bytes(32)),
        LogFault.HELD_CHECKPOINT,
        5,
    ),
    "a box that saw a longer log": (
        _put_held(6, lambda log: log.tree().root()),
        LogFault.HELD_CHECKPOINT,
        5,
    ),
    "a box that saw a log longer than all of this one": (
        _put_held(10**6, lambda log: log.tree().root()),
        LogFault.HELD_CHECKPOINT,
        5,
    ),
    "two accepted of one sequence": (_put_two_of_one_sequence, LogFault.SAME_SEQUENCE, 6),
}


@pytest.mark.parametrize("leaf", [256, 300])
def test_a_broken_signature_in_a_later_bundle_is_named_with_its_index(authority, log, leaf):
    while log.size < leaf:
        log.decide(log.pens[1].write(ReportKind.BOOT))
    _put_bad_signature(log)
    assert codes(read(authority, log.files())) == [(LogFault.REPORT_SIGNATURE, leaf)]


@pytest.mark.parametrize("case", _FAULTY)
def test_a_fault_of_one_leaf_is_named_with_its_index(authority, log, case):
    plant, expected, index = _FAULTY[case]
    plant(log)
    assert codes(read(authority, log.files())) == [(expected, index)]


def test_all_faults_are_told_not_only_the_first(authority, log):
    _put_bad_signature(log)
    _put_other_box(log)
    files = log.files() | {"tile/0/000.p/7": bytes(32 * 7)}
    assert codes(read(authority, files)) == [
        (LogFault.REPORT_SIGNATURE, 5),
        (LogFault.REPORT_BOX, 6),
        (LogFault.TILE, None),
    ]


def test_a_fault_says_where_what_and_its_name(authority, log):
    _put_other_box(log)
    (fault,) = read(authority, log.files())
    assert str(fault) == (
        "leaf 5: the report names another box than the one that signed it "
        f"(box {log.authority.boxes[2].hex()}) [REPORT_BOX]"
    )
    assert str(Fault(LogFault.CHECKPOINT_MISSING)).startswith("log: ")


def test_what_a_box_saw_of_this_log_agrees_with_it(authority, log):
    held = HeldCheckpoint(origin_id(ORIGIN), 4, log.tree().root(4))
    lower = HeldCheckpoint(origin_id(LOWER_ORIGIN), 10**6, bytes(32))
    log.decide(log.pens[1].write(ReportKind.BOOT, held=held))
    log.decide(log.pens[2].write(ReportKind.BOOT, held=lower))
    assert isinstance(read(authority, log.files()), Published)


def test_what_a_quarantined_report_saw_is_not_held_against_the_log(authority, log):
    held = HeldCheckpoint(origin_id(ORIGIN), 4, bytes(32))
    log.quarantine(log.pens[1].write(ReportKind.BOOT, held=held), Reason.HELD_FORK)
    assert isinstance(read(authority, log.files()), Published)


def test_a_lower_checkpoint_may_stand_beside_many_leaves(authority, log):
    note = log.lower_note()
    log.decide(log.pens[1].write(ReportKind.BOOT), note=note)
    log.decide(log.pens[2].write(ReportKind.BOOT), note=note)
    assert isinstance(read(authority, log.files()), Published)


def test_a_log_beyond_one_bundle_is_read_whole(authority, log):
    for number in range(300):
        log.decide(log.pens[1].write(ReportKind.TURNOUT, boot=number + 1))
    files = log.files()
    assert {"tile/entries/000", "tile/entries/001.p/49", "tile/1/000.p/1"} <= files.keys()
    assert read(authority, files).result["log"]["size"] == 305
    files["tile/1/000.p/1"] = bytes(32)
    assert codes(read(authority, files)) == [(LogFault.TILE, None)]


def test_every_fault_has_a_case_here_and_a_meaning():
    shown = {expected for _, expected in WHOLE.values()}
    shown |= {expected for _, expected, _ in _FAULTY.values()}
    shown |= {expected for _, _, expected in UNFIT} | {LogFault.COUNT_RIVALS}
    shown |= {expected for _, expected in UNFIT_PUBLICATIONS.values()}
    assert shown == set(LogFault)
    assert set(MEANING) == set(LogFault)
