"""What does `ballotbox-verify` say of a report, a receipt and a log, and what ends it?"""

import errno
import os
import tempfile
from base64 import b64encode
from dataclasses import replace

import pytest

from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import ReportKind, encode_report
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import seeded_key, with_register
from ballotbox_tabulation.core.examination import Mark, examine_report
from ballotbox_tabulation.verify_cli import main
from tests.tabulation.log_builder import (
    ORIGIN,
    LogBuilder,
    authority_of,
    count,
    simple_ballots,
)


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=3)


@pytest.fixture
def log(authority):
    builder = LogBuilder(authority)
    builder.final = builder.day(builder.pen(0), simple_ballots(9))
    return builder


@pytest.fixture
def verify(tmp_path, authority, capsys):
    """Runs the command on bytes or a folder; returns exit code and what was said."""
    authority.write(tmp_path)

    def run(what, thing, *more, **options):
        path = tmp_path / "thing"
        if isinstance(thing, bytes):
            path.write_bytes(thing)
        else:
            path = thing
        trust = {
            "election": tmp_path / "election.cose",
            "register": tmp_path / "register.cose",
            "root": authority.root,
            **options,
        }
        words = [what, str(path), *map(str, more)]
        words += [word for name, value in trust.items() for word in (f"--{name}", str(value))]
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def failing(out):
    return [line.removeprefix("FAILS  ") for line in out.splitlines() if line.startswith("FAILS")]


# ---- reports


def test_a_good_final_holds_and_is_told_in_words(verify, log):
    code, out, _ = verify("report", log.final.data)
    assert code == 0
    assert failing(out) == []
    assert f"says   report id {log.final.id.hex()}\n" in out
    assert f"holds  box {log.final.report.box.hex()} signed it, with its key of epoch 1\n" in out
    assert "holds  its votes keep every law of votes\n" in out
    assert "says   final, report 4 of its box, poll state final\n" in out
    assert "says   counters: presented 18, accepted 18, returned 0, " in out
    assert "Parliament, national list: Mountain Party 2, River Alliance 2, " in out
    assert out.endswith("VERDICT: everything checked holds\n")


@pytest.mark.parametrize(
    "form",
    [
        bytes.hex,
        lambda data: data.hex(" ").upper(),
        lambda data: b64encode(data).decode(),
        lambda data: "\n".join(b64encode(data).decode()[at : at + 64] for at in range(0, 9999, 64)),
    ],
    ids=["hex", "spaced hex", "base64", "base64 in lines"],
)
def test_a_report_may_be_text(verify, log, form):
    code, out, _ = verify("report", form(log.final.data).encode())
    assert code == 0
    assert log.final.id.hex() in out


def test_an_opening_shows_its_officers(verify, log):
    opening = log.pen(1).write(ReportKind.OPEN)
    code, out, _ = verify("report", opening.data)
    assert code == 0
    assert "holds  two officers of the register signed it\n" in out


def _stranger(log):
    final = log.final
    return log.pen(0).sign(encode_report(final.report), final.report, seeded_key(1, "stranger"))


def _broken_signature(log):
    return replace(log.final, data=log.final.data[:-1] + bytes([log.final.data[-1] ^ 1]))


def _final(log, **changes):
    row, counters = count(log.authority, simple_ballots(9))
    return log.pen(0).write(ReportKind.FINAL, **{"votes": row, "counters": counters, **changes})


def _one_vote_too_many(log):
    row, _ = count(log.authority, simple_ballots(9))
    return _final(log, votes=(*row[:4], row[4] + 1, *row[5:]))


def _miscounted(log):
    _, counters = count(log.authority, simple_ballots(9))
    return _final(log, counters=replace(counters, presented=19))


def _uncorrected(log):
    row, _ = count(log.authority, simple_ballots(9))
    return log.pen(0).correction(log.final, row, signatures=())


_BAD_REPORTS = {
    "a stranger's": (_stranger, "it names the key of a box of the register"),
    "forged": (_broken_signature, " signed it, with its key of epoch 1"),
    "no body": (
        lambda log: log.pen(0).sign(b"\xa0", log.final.report),
        "its body is well-formed: version: is missing",
    ),
    "of another election": (
        lambda log: _final(log, election=bytes(32)),
        "it was made for this rehearsal election",
    ),
    "of another box": (
        lambda log: _final(log, box=log.authority.boxes[1]),
        "it names the box that signed it",
    ),
    "of another precinct": (lambda log: _final(log, precinct=2), "it names precinct 1"),
    "of another epoch": (lambda log: _final(log, epoch=2), "it names key epoch 1"),
    "of other firmware": (
        lambda log: _final(log, firmware=bytes(32)),
        "its firmware is on the box's list",
    ),
    "miscounted": (
        _miscounted,
        "its counters keep their laws: presented = accepted + returned + pending: 19 against 18",
    ),
    "of no contests": (
        lambda log: _final(log, votes=(0,)),
        "its votes fit the contests of the election",
    ),
    "with a vote too many": (
        _one_vote_too_many,
        "overvotes = ballots × votes allowed: 10 against 9 in Parliament, national list",
    ),
    "corrected by nobody": (_uncorrected, "two officers of the register signed it"),
}


@pytest.mark.parametrize("case", _BAD_REPORTS)
def test_what_does_not_hold_of_a_report_is_said(verify, log, case):
    make, expected = _BAD_REPORTS[case]
    code, out, _ = verify("report", make(log).data)
    assert code == 1
    assert len(failing(out)) == 1
    assert failing(out)[0].endswith(expected)
    assert out.endswith("VERDICT: not verified; points that do not hold: 1\n")


def test_bytes_that_are_no_message_are_said_to_be_none(verify):
    code, out, _ = verify("report", b"\xff" * 40)
    assert code == 1
    assert failing(out) == ["it is a signed message: not a tagged COSE_Sign1 array of four items"]


def test_debug_mode_is_a_point_in_an_official_election(authority, log):
    final = _final(log, debug=True)
    official = replace(authority.trusted.election, mode=Mode.OFFICIAL)
    findings = examine_report(final.data, replace(authority.trusted, election=official))
    assert [each.text for each in findings if each.mark is Mark.FAILS] == [
        "its box did not run in debug mode"
    ]


# ---- receipts


def receipt_of(log, index, **changes):
    proof = tuple(log.tree().inclusion(index))
    receipt = Receipt(log.leaves[index], index, proof, log.note())
    return replace(receipt, **changes).to_bytes()


def test_a_good_receipt_holds_and_tells_the_decision(verify, log):
    code, out, _ = verify("receipt", receipt_of(log, 4))
    assert code == 0
    assert f"holds  the gateway of {ORIGIN} signed its log at size 5\n" in out
    assert "holds  the decision is leaf 4 of that log\n" in out
    assert f"says   about report id {log.final.id.hex()}\n" in out
    assert "says   accepted: in order (reason 1)\n" in out


def test_a_receipt_of_a_ruling_says_who_decided(verify, log):
    held = log.pen(1).write(ReportKind.BOOT)
    log.quarantine(held)
    log.rule(RulingKind.RELEASE, held)
    _, out, _ = verify("receipt", receipt_of(log, 6))
    assert "says   accepted by a ruling of two officers: released by two officers (reason 3)" in out


def test_a_receipt_is_for_one_report(verify, log, tmp_path):
    for name, data, holds in (
        ("own", log.final.data, True),
        ("other", log.pen(1).write(ReportKind.BOOT).data, False),
        ("none", b"\xff", False),
    ):
        (tmp_path / name).write_bytes(data)
        code, out, _ = verify("receipt", receipt_of(log, 4), "--report", tmp_path / name)
        assert (code == 0) is holds
        assert ("holds  the receipt is for the report given" in out) is holds


_BAD_RECEIPTS = {
    "no CBOR": (lambda _: b"\xff", "it is a receipt: the bytes are no deterministic CBOR"),
    "another shape": (
        lambda _: b"\xa0" + b"",
        "it is a receipt: its parts are not those of a receipt",
    ),
    "another version": (
        lambda _: cbor.encode({0: 9}),
        "it is a receipt: its version is not known here",
    ),
    "no checkpoint": (
        lambda log: receipt_of(log, 4, note=b"no note"),
        "a gateway of the register vouches for it: its checkpoint is malformed",
    ),
    "another leaf": (
        lambda log: receipt_of(log, 4, leaf=log.leaves[3]),
        "a gateway of the register vouches for it: the leaf is not in the log that was signed",
    ),
}


@pytest.mark.parametrize("case", _BAD_RECEIPTS)
def test_what_does_not_hold_of_a_receipt_is_said(verify, log, case):
    make, expected = _BAD_RECEIPTS[case]
    code, out, _ = verify("receipt", make(log))
    assert (code, failing(out)) == (1, [expected])


def test_a_signed_leaf_that_is_none_is_said_to_be_none(verify, log):
    log.put(b"\x80", None, None)
    code, out, _ = verify("receipt", receipt_of(log, 5))
    assert code == 1
    assert failing(out) == ["the leaf is well-formed: leaf: must be an array of 7 items"]


# ---- logs


def written(folder, log):
    for name, data in log.files().items():
        path = folder / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "log"


def test_a_good_log_holds_and_tells_where_the_boxes_stand(verify, log, tmp_path):
    row, counters = count(log.authority, simple_ballots(4))
    pen = log.pen(1)
    pen.write(ReportKind.BOOT)
    log.hold(pen.final(row, counters))
    code, out, _ = verify("log", written(tmp_path, log))
    assert code == 0
    assert f"holds  the gateway of {ORIGIN} signed it at size 6\n" in out
    assert "holds  every leaf, report, ruling and file fits the signed root\n" in out
    assert "says   leaves that say accepted: 5\n" in out
    assert f"says   held: box {pen.box.hex()}, waiting for report 0\n" in out
    assert "says   counted: 1 of 3 registered boxes\n" in out


def test_objections_to_a_log_are_told(verify, log, tmp_path, authority):
    register = authority.trusted.register
    closure = Closure(ClosedAs.REVOKED, ((origin_id(ORIGIN), 0),))
    boxes = (replace(register.boxes[0], closed=closure), *register.boxes[1:])
    changed = with_register(authority, replace(register, version=2, boxes=boxes))
    (tmp_path / "second.cose").write_bytes(changed.register)
    _, out, _ = verify("log", written(tmp_path, log), register=tmp_path / "second.cose")
    assert (
        f"says   accepted, but quarantined here: leaf 4, final of box {boxes[0].box.hex()}: "
        "the register closed the box's entry before it came\n"
    ) in out


def test_every_fault_of_a_log_is_told(verify, log, tmp_path):
    for number in range(30):
        log.decide(log.pen(1).write(ReportKind.BOOT, boot=number), reason=Reason.BOX_DISPUTED)
    code, out, _ = verify("log", written(tmp_path, log))
    assert code == 1
    assert len(failing(out)) == 30
    assert "VERDICT: not verified; points that do not hold: 30\n" in out


def test_without_room_for_temporary_files_a_log_is_not_judged(verify, log, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = written(tmp_path, log)
    monkeypatch.setattr(os, "pwrite", full)
    code, out, err = verify("log", folder)
    assert code == 2
    assert "FAILS" not in out
    assert f"in {tempfile.gettempdir()} cannot be written: No space left" in err
    assert "name another directory in TMPDIR" in err


def test_a_log_without_a_checkpoint_does_not_hold(verify, tmp_path):
    code, out, _ = verify("log", tmp_path)
    assert code == 1
    assert failing(out) == ["log: the log has no checkpoint [CHECKPOINT_MISSING]"]


# ---- unusable input


def test_unusable_input_is_named(verify, log, tmp_path):
    report = log.final.data
    for what, thing, options, expected in (
        ("log", tmp_path / "nowhere", {}, "no such directory"),
        ("report", tmp_path / "nowhere", {}, "No such file or directory"),
        ("report", b"neither hex nor base64!", {}, "neither a signed record nor its hex or base64"),
        ("report", b"", {}, "neither a signed record nor its hex or base64"),
        ("report", b"\xff" * 99_999, {}, "longer than 65536 bytes"),
        ("report", report, {"root": "official:00"}, "--root: must end with the key"),
        ("report", report, {"register": tmp_path / "none"}, "--register"),
    ):
        code, out, err = verify(what, thing, **options)
        assert (code, out) == (2, "")
        assert err.startswith("Error: ")
        assert expected in err


def test_an_unreadable_file_of_a_log_is_named(verify, tmp_path):
    (tmp_path / "log" / "checkpoint").mkdir(parents=True)
    code, _, err = verify("log", tmp_path / "log")
    assert (code, err) == (2, f"Error: {tmp_path}/log/checkpoint: Is a directory\n")


def test_a_wrong_word_is_a_matter_of_usage(verify):
    code, _, err = verify("ballot", b"")
    assert code == 2
    assert "invalid choice: 'ballot'" in err
