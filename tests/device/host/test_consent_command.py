"""Is an officer shown what is signed, and told what was given wrongly before anything is signed?"""

import pytest
from click.testing import CliRunner

from ballotbox_device.cli import main
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.host.files import open_memory
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.keyfile import NONCE_SIZE, SALT_SIZE, seal_key
from tests.device.host.box_process import BOX, find, make_place, make_voted_place, run_command


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A place that is looked at and not changed by most tests."""
    return make_place(tmp_path_factory.mktemp("commands") / "place")


@pytest.fixture(scope="module")
def voted(tmp_path_factory):
    return make_voted_place(tmp_path_factory.mktemp("voted") / "place")


@pytest.fixture(scope="module")
def officers(tmp_path_factory, place):
    """The officers' key files and passphrases."""
    folder = tmp_path_factory.mktemp("officers")
    for number, key in enumerate(place.authority.officer_keys):
        sealed = seal_key(key, f"pass {number}", bytes(SALT_SIZE), bytes(NONCE_SIZE))
        (folder / f"officer{number}").write_text(sealed)
        (folder / f"passphrase{number}").write_text(f"pass {number}\nnot this\n")
    (folder / "open").write_text("ballotbox unprotected key v1\npublic 00\nseed 00\n")
    return folder


@pytest.fixture(scope="module")
def needed(tmp_path_factory):
    """What some box asks two officers to sign."""
    place = make_place(tmp_path_factory.mktemp("asked") / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero")
        return find(box.do(do="open"), "consent_needed")


def signing(folder, number, needed, **changes):
    options = {
        "officer-key": folder / f"officer{number}",
        "passphrase-file": folder / f"passphrase{number}",
        "payload": needed["payload"],
        "type": needed["type"],
    } | changes
    return ["consent", *(str(x) for name, v in options.items() for x in (f"--{name}", v))]


def sign(folder, number, needed):
    return run_command(*signing(folder, number, needed))


def sign_here(*given, **changes):
    return CliRunner().invoke(main, signing(*given, **changes), catch_exceptions=False)


def test_two_officers_open_and_clear_a_box(officers, tmp_path):
    place = make_place(tmp_path / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero")
        needed = find(box.do(do="open"), "consent_needed")
        signed = [sign(officers, number, needed) for number in (0, 2)]
        assert f"OPEN, report 2 of box {BOX.hex()}" in signed[0].stderr
        assert "the poll will be OPEN" in signed[0].stderr
        assert "accepted 0" in signed[0].stderr
        said = box.do(do="consent", signatures=[done.stdout.strip() for done in signed])
        assert find(said, "state") == {"says": "state", "state": "open"}
        printing = find(box.do(do="reprint", sequence=1), "consent_needed")
        assert (printing["type"], printing["role"]) == ("reprint", "poll")
        signed = [sign(officers, number, printing) for number in (0, 1)]
        assert f"PRINT AGAIN a report of box {BOX.hex()}, as copy 2" in signed[0].stderr
        zero = place.status()["reports"][1]["id"]
        assert f"report {zero}" in signed[0].stderr
        said = box.do(do="consent", signatures=[done.stdout.strip() for done in signed])
        assert find(said, "copy")["id"] == zero
        box.act("close", "finish", "seal")
        clearing = find(box.do(do="clear"), "consent_needed")
        signed = [sign(officers, number, clearing) for number in (0, 1)]
        assert f"CLEAR box {BOX.hex()}" in signed[0].stderr
        box.send(do="consent", signatures=[done.stdout.strip() for done in signed])
        box.until("cleared")
        assert box.wait() == 0
    assert place.status()["election"] is None


WRONG = [
    ({"payload": "zz"}, "--payload: is not hexadecimal"),
    ({"payload": "00"}, "--payload: is no consent"),
    ({"payload": ""}, "--payload: is no consent"),
    ({"type": "clearance"}, "--payload: is no clearance"),
    ({"type": "reprint"}, "--payload: is no reprint"),
    ({"officer-key": "no-such-file"}, "--officer-key no-such-file: No such file"),
    ({"passphrase-file": "no-such-file"}, "--passphrase-file no-such-file"),
    ({"passphrase-file": "officer0"}, "wrong passphrase, or the key file is damaged"),
    ({"officer-key": "passphrase0"}, "not a key file"),
    ({"officer-key": "open", "passphrase-file": "no-such-file"}, "open: is unprotected"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG)
def test_what_an_officer_gives_wrongly_is_named_and_not_signed(officers, needed, changes, said):
    found = {
        name: officers / value
        for name, value in changes.items()
        if value and (officers / value).is_file()
    }
    done = sign_here(officers, 0, needed, **(changes | found))
    assert done.exit_code == 1
    assert done.stdout == ""
    assert said in done.stderr


def test_a_report_that_needs_no_officer_is_not_signed(officers, voted):
    places = [(voted.state / "journal", voted.state / "slots")]
    with open_memory(places, read_only=True) as memory:
        book = RecordBook(memory)
        boot = book.history.reports[0]
        payload = cose.parse(book.read(boot.offset, boot.size)).payload.hex()
    done = sign_here(officers, 0, {"payload": payload, "type": "consent"})
    assert done.exit_code == 1
    assert "is no consent: a BOOT report with 0 signatures" in done.stderr


def test_an_empty_passphrase_file_is_named(officers, needed):
    (officers / "empty").write_text("")
    done = sign_here(officers, 0, needed, **{"passphrase-file": officers / "empty"})
    assert done.exit_code == 1
    assert "holds no passphrase" in done.stderr


def test_a_passphrase_is_asked_for_where_no_file_gives_it(officers, needed):
    options = ["--officer-key", officers / "officer0", "--payload", needed["payload"]]
    arguments = ["consent", *map(str, options), "--type", "consent"]
    done = CliRunner().invoke(main, arguments, input="pass 0\n", catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout.strip() == sign(officers, 0, needed).stdout.strip()
    assert "pass 0" not in done.output
