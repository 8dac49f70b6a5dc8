"""Is a results tape accepted when it is what the box signed, and refused when anything is not?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.paper import PaperCopy, paper_parts, print_entry
from ballotbox_protocol.wire.report import ReportKind, encode_report
from ballotbox_simulator.authority import seeded_key, with_register
from ballotbox_tabulation.core.examination import Mark, examine_paper, examine_report
from ballotbox_tabulation.verify_cli import main
from tests.tabulation.log_builder import LogBuilder, authority_of, count, simple_ballots


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=2)


def final_of(authority, box=0, ballots=9, **fields):
    row, counters = count(authority, simple_ballots(ballots))
    return (
        LogBuilder(authority)
        .pen(box)
        .write(ReportKind.FINAL, **{"counters": counters, "votes": row, **fields})
    )


def entry_of(authority, box=0):
    return authority.trusted.register.boxes[box]


def parts_of(authority, data, box=0):
    return list(paper_parts(PaperCopy(data, print_entry(entry_of(authority, box)))))


@pytest.fixture
def verify(tmp_path, authority, capsys):
    """Runs the command on files with these lines; returns exit code and what was said."""
    authority.write(tmp_path)

    def run(*files):
        paths = []
        for number, lines in enumerate(files):
            path = tmp_path / f"scan{number}.txt"
            path.write_text("\n".join(lines), encoding="utf-8")
            paths.append(str(path))
        trust = [
            *("--election", str(tmp_path / "election.cose")),
            *("--register", str(tmp_path / "register.cose")),
            *("--root", str(authority.root)),
        ]
        with pytest.raises(SystemExit) as ended:
            main(["paper", *paths, *trust])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def failing(out):
    return [line.removeprefix("FAILS  ") for line in out.splitlines() if line.startswith("FAILS")]


def test_a_true_tape_is_accepted_and_its_counts_are_told(verify, authority):
    parts = parts_of(authority, final_of(authority).data)
    code, out, err = verify(parts)
    assert (code, err, failing(out)) == (0, "", [])
    assert "holds  the register's entry of the key that signed is printed on it\n" in out
    assert "holds  its votes keep every law of votes\n" in out
    assert "says   Parliament, national list: Mountain Party 2, River Alliance 2, " in out
    candidates = "candidates of Mountain Party: 1: 1, 2: 0, 3: 1, 4: 0, 5: 0"
    assert f"says   Parliament, national list, {candidates}\n" in out
    assert out.endswith("ACCEPTED: a true copy of what was signed\n")


def test_parts_may_come_from_several_photographs_with_other_lines_between(verify, authority):
    first, second = parts_of(authority, final_of(authority, signatures=officers()).data)
    scans = (["\ufeff" + second], ["QR code, 12:01", f"  {first}\t", "", second])
    assert verify(*scans)[0] == 0
    assert verify(*reversed(scans))[0] == 0


def officers():
    """Room for two officers makes a final long enough for two parts."""
    authority = authority_of(boxes=2)
    return authority.consent(b"\x80")


def test_a_correction_is_accepted_as_well(verify, authority):
    log = LogBuilder(authority)
    pen = log.pen(0)
    row, counters = count(authority, simple_ballots(9))
    correction = pen.correction(pen.final(row, counters), row)
    code, out, _ = verify(parts_of(authority, correction.data))
    assert code == 0
    assert "holds  two officers of the register signed it\n" in out
    assert "says   correction, report 1 of its box" in out


def one_more_vote(authority):
    """The votes changed from one option to the next: every law of votes still holds."""
    signed = final_of(authority)
    votes = list(signed.report.votes)
    district = 4 + 5 + 20
    votes[district + 4] += 1
    votes[district + 5] -= 1
    body = encode_report(replace(signed.report, votes=tuple(votes)))
    envelope = cose.parse(signed.data)
    return parts_of(authority, cose.assemble(envelope.protected, body, envelope.signature))


def signed_by_another_box(authority):
    signed = final_of(authority)
    key = authority.box_keys[authority.boxes[1]]
    data = cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(signed.report))
    return parts_of(authority, data, box=1)


def another_entry(authority):
    return parts_of(authority, final_of(authority).data, box=1)


def entry_of_a_stranger(authority):
    key = seeded_key(1, "stranger")
    signed = final_of(authority)
    data = cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(signed.report))
    entry = replace(print_entry(entry_of(authority)), key=key.public)
    return list(paper_parts(PaperCopy(data, entry)))


def a_part_of_another_tape(authority):
    own = parts_of(authority, final_of(authority, signatures=officers()).data)
    other = parts_of(authority, final_of(authority, ballots=8, signatures=officers()).data)
    return [own[0], other[1]]


def a_part_too_few(authority):
    return parts_of(authority, final_of(authority, signatures=officers()).data)[:1]


def an_opening(authority):
    return parts_of(authority, LogBuilder(authority).pen(0).write(ReportKind.OPEN).data)


def a_pending_sheet(authority):
    _, counters = count(authority, simple_ballots(9))
    counters = replace(counters, presented=counters.presented + 1, pending=1)
    return parts_of(authority, final_of(authority, counters=counters).data)


def a_broken_law(authority):
    row, _ = count(authority, simple_ballots(9))
    return parts_of(authority, final_of(authority, votes=(*row[:4], row[4] + 1, *row[5:])).data)


def another_election(authority):
    return parts_of(authority, final_of(authority, election=bytes(32)).data)


def no_message(authority):
    return parts_of(authority, b"\xff")


def no_report(authority):
    signed = LogBuilder(authority).pen(0).sign(cbor.encode({}), final_of(authority).report)
    return parts_of(authority, signed.data)


REFUSED = {
    one_more_vote: ["signed it, with its key of epoch 1"],
    signed_by_another_box: ["it names the box that signed it", "it names precinct 2"],
    another_entry: ["the register's entry of the key that signed is printed on it"],
    entry_of_a_stranger: [
        "the register's entry of the key that signed is printed on it",
        "it names the key of a box of the register",
    ],
    a_part_of_another_tape: ["parts of different tapes are mixed: part 1 of 2"],
    a_part_too_few: ["of 2 parts, missing: 2. Photograph them as well"],
    an_opening: ["it is a final or a correction"],
    a_pending_sheet: ["its counters keep their laws: nothing is pending at final: 1 against 0"],
    a_broken_law: ["votes + undervotes + overvotes = ballots × votes allowed: 10 against 9"],
    another_election: ["it was made for this rehearsal election"],
    no_message: ["its QR codes make one signed result: not a tagged COSE_Sign1 array"],
    no_report: ["it is a final or a correction", "its body is well-formed: version: is missing"],
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_anything_else_is_refused_and_the_reason_is_told(verify, authority, make):
    code, out, _ = verify(make(authority))
    told = failing(out)
    assert code == 1
    assert len(told) == len(REFUSED[make]), told
    for line, words in zip(told, REFUSED[make], strict=True):
        assert words in line
    points = f"points that do not hold: {len(told)}"
    assert out.endswith(f"REFUSED: do not count this paper; {points}\n")


def test_an_entry_that_was_closed_since_is_told_and_still_the_same(authority):
    register = authority.trusted.register
    here = origin_id(register.gateways[0].origin)

    def newer(closed):
        boxes = replace(register.boxes[0], closed=closed), *register.boxes[1:]
        return with_register(authority, replace(register, version=2, boxes=boxes)).trusted

    report = final_of(authority).data
    parts = parts_of(authority, report)
    never = newer(Closure(ClosedAs.REVOKED, ()))
    for told in (examine_report(report, never), examine_paper(parts, never)):
        failed = [each.text for each in told if each.mark is Mark.FAILS]
        assert failed == [
            "that entry was ever valid: the register closed it as revoked from the start"
        ]
    trusted = newer(Closure(ClosedAs.REPLACED, ((here, 3),)))
    findings = list(examine_paper(parts, trusted))
    assert [each.text for each in findings if each.mark is Mark.FAILS] == []
    said = "the register closed that entry as replaced: the log tells whether before"
    assert said in [each.text for each in findings]
    assert said in [each.text for each in examine_report(report, trusted)]


def test_files_without_a_code_are_unusable(verify, tmp_path):
    for lines, words in ((["nothing"], "no line begins with BBX1:"), ([], "no line begins")):
        code, out, err = verify(lines)
        assert (code, out) == (2, "")
        assert err.startswith(f"Error: FILE {tmp_path / 'scan0.txt'}: ")
        assert words in err


def test_a_picture_in_place_of_its_text_is_unusable(tmp_path, authority, capsys):
    authority.write(tmp_path)
    (tmp_path / "tape.png").write_bytes(b"\x89PNG")
    trust = ["--election", str(tmp_path / "election.cose"), "--root", str(authority.root)]
    trust += ["--register", str(tmp_path / "register.cose")]
    for name, words in (("tape.png", "is no text; save what the scanner read"), ("no", "No such")):
        with pytest.raises(SystemExit) as ended:
            main(["paper", str(tmp_path / name), *trust])
        assert ended.value.code == 2
        assert words in capsys.readouterr().err
