"""Does a stick carry a log to the centre and its receipts back, whatever people do with it?"""

import json
import shutil
from pathlib import Path

import pytest

from ballotbox_gateway.ledger.sqlite import open_ledger
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, ScriptedBox, arrivals, intake
from tests.small_disk import fill, mounted

UPWARD = '[[serial]]\nport = "/dev/no-such-port"\n[upstream]\nurl = "http://127.0.0.1:1"\n'
UPWARD += f'origin = "{CENTRE}"\n'
NOTHING_LOST = "nothing is lost"
MANUAL = (Path(__file__).parents[2] / "gateway" / "OPERATING.md").read_text("utf-8")


def shown(words: str) -> str:
    """Return words that the manual must show as they are."""
    assert words in MANUAL
    return words


class Places:
    """A precinct with a day of reports, its centre, and a stick; none of them runs."""

    def __init__(self, below: FieldGateway, centre: FieldGateway, stick: Path) -> None:
        self.below, self.centre, self.stick = below, centre, stick
        stick.mkdir()
        below.configure(UPWARD)
        centre.configure(f"[http]\nport = {free_port()}\n")
        below.init()
        centre.init()
        self.box = ScriptedBox(below.authority)
        self.admit(*self.box.day())

    def admit(self, *reports: bytes) -> None:
        ledger = open_ledger(self.below.ledger)
        intake(self.below.authority, ledger).admit(arrivals(*reports), NOW)
        ledger.close()

    def export(self, *words: str):
        return self.below.command("export", str(self.stick), *words)

    def take(self, gateway: FieldGateway | None = None):
        return (gateway or self.centre).command("import", str(self.stick))

    @property
    def folder(self) -> Path:
        (found,) = self.stick.iterdir()
        return found

    @property
    def leaves(self) -> Path:
        (found,) = self.folder.glob("leaves-*.json")
        return found

    @staticmethod
    def size(gateway: FieldGateway) -> int:
        ledger = open_ledger(gateway.ledger)
        size = ledger.log_head().size
        ledger.close()
        return size

    def receipts(self) -> list[bytes | None]:
        ledger = open_ledger(self.below.ledger)
        size = ledger.log_head().size
        found = [ledger.upper_receipt(CENTRE, at) for at in range(size)]
        cursor = ledger.delivered(CENTRE)
        ledger.close()
        assert [each is not None for each in found] == [at < cursor for at in range(size)]
        return found


@pytest.fixture
def places(gateway, centre, tmp_path):
    return Places(gateway, centre, tmp_path / "stick")


def test_there_and_back(places):
    done = places.export()
    assert (done.exit_code, done.stdout) == (
        0,
        (
            f"written  leaves 0 to 7 for {CENTRE}\n"
            f"next     there: ballotbox-gateway import {places.stick}; then bring the stick back\n"
        ),
    )
    shown(done.stdout.replace(str(places.stick), "/media/stick"))
    assert places.receipts() == [None] * 7
    done = places.take()
    said = f"from     {ORIGIN}: leaves 0 to 7 taken in, its receipts are on the stick\n"
    assert (done.exit_code, done.stdout) == (0, shown(said))
    assert places.size(places.centre) == 7
    assert places.receipts() == [None] * 7
    done = places.take(places.below)
    assert done.stdout == shown(f"back     {CENTRE}: leaves 0 to 7 receipted, 0 still wait\n")
    assert None not in places.receipts()
    done = places.export()
    assert done.stdout == f"nothing waits for {CENTRE}: every leaf has its receipt\n"


@pytest.mark.accept
def test_carried_twice_it_says_and_changes_nothing_new(places):
    places.export()
    places.take()
    before = {path.name: path.read_bytes() for path in places.folder.iterdir()}
    second = places.take()
    said = "were taken in before and not again, its receipts are on the stick\n"
    assert (second.exit_code, second.stdout) == (0, f"from     {ORIGIN}: leaves 0 to 7 {said}")
    shown(said.partition(",")[0])
    assert {path.name: path.read_bytes() for path in places.folder.iterdir()} == before
    assert places.size(places.centre) == 7
    places.take(places.below)
    again = places.take(places.below)
    assert (again.exit_code, again.stdout) == (
        0,
        f"back     {CENTRE}: all receipts of this stick were stored before, 0 leaves still wait\n",
    )


@pytest.mark.accept
def test_what_was_carried_before_is_not_taken_twice_when_more_has_come(places):
    places.export()
    places.take()  # and the stick is lost on its way back
    shutil.rmtree(places.folder)
    places.admit(places.box.report(ReportKind.INCIDENT))
    places.export()
    done = places.take()
    assert done.stdout.startswith(f"from     {ORIGIN}: leaves 0 to 8 taken in")
    assert places.size(places.centre) == 8
    places.take(places.below)
    assert None not in places.receipts()


_STALE = "stand here already, up to 8; their receipts come with a newer export"


@pytest.mark.accept
def test_a_stale_stick_is_told_and_takes_nothing(places):
    places.export()
    stale = places.stick.parent / "stale"
    shutil.copytree(places.stick, stale)
    places.admit(places.box.report(ReportKind.INCIDENT))
    places.export()
    places.take()
    done = places.centre.command("import", str(stale))
    assert (done.exit_code, done.stdout) == (
        0,
        f"from     {ORIGIN}: leaves 0 to 7 {shown(_STALE)}\n",
    )
    places.take(places.below)
    done = places.below.command("import", str(stale))
    assert shown("all receipts of this stick were stored before") in done.stdout


@pytest.mark.accept
def test_brought_back_without_having_been_there(places):
    places.export()
    done = places.take(places.below)
    assert done.exit_code == 1
    assert done.stderr == (
        f"FAIL     {places.folder}: has no receipts for what waits here. Carry it to {CENTRE} "
        "first, or export anew: `ballotbox-gateway export`\n"
    )
    shown(f"has no receipts for what waits here. Carry it to {CENTRE} first")


def test_carried_to_the_wrong_place(places, tmp_path, election):
    wrong = FieldGateway(tmp_path / "w", election, OTHER)
    wrong.configure("[http]\nport = 1\n")
    wrong.init()
    places.export()
    done = places.take(wrong)
    assert done.exit_code == 1
    assert done.stderr == (
        f"FAIL     {places.folder}: goes from {ORIGIN} to {CENTRE}. "
        f"Carry it there: this is {OTHER}, and it has taken nothing from it\n"
    )
    assert places.size(wrong) == 0
    shown(f"Carry it there: this is {OTHER}, and it has taken nothing from it")


def cut_short(places):
    data = places.leaves.read_bytes()
    places.leaves.write_bytes(data[:-100])
    shown("is cut short")
    return f"{places.leaves.name} is cut short: {len(data) - 100} of {len(data)} bytes"


def changed(places):
    data = bytearray(places.leaves.read_bytes())
    data[len(data) // 2] ^= 1
    places.leaves.write_bytes(data)
    return f"{places.leaves.name} {shown('was changed on its way')}"


def missing(places):
    places.leaves.unlink()
    return shown("is missing: the stick was copied in part")


def no_manifest(places):
    (places.folder / "manifest.json").unlink()
    return shown("has no manifest: it was copied in part")


def half_a_manifest(places):
    path = places.folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:50])
    return "is not JSON: it is damaged, or was copied in part"


def other_election(places):
    path = places.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"election": "00" * 32}))
    return "belongs to another election"


def leads_elsewhere(places):
    path = places.folder / "manifest.json"
    value = json.loads(path.read_text())
    value["files"][0]["name"] = "../../passwd"
    path.write_text(json.dumps(value))
    return "files: has a name that is none of a stretch"


@pytest.mark.accept
@pytest.mark.parametrize(
    "harm",
    [cut_short, changed, missing, no_manifest, half_a_manifest, other_election, leads_elsewhere],
)
def test_a_damaged_stick_is_told_takes_nothing_and_is_mended_by_exporting_again(places, harm):
    places.export()
    words = harm(places)
    done = places.take()
    assert done.exit_code == 1
    assert words in done.stderr
    assert NOTHING_LOST in done.stderr or "--election" in done.stderr
    assert done.stderr.count("\n") == 1
    assert places.size(places.centre) == 0
    places.export()
    assert places.take().exit_code == 0
    assert places.size(places.centre) == 7


@pytest.mark.accept
def test_a_stick_with_nothing_or_no_stick(places):
    done = places.take()
    assert done.stderr == (
        f"Error: {places.stick}: has nothing of a gateway on it. "
        f"Run `ballotbox-gateway export {places.stick}` at the gateway below\n"
    )
    places.stick.rmdir()
    done = places.export()
    assert done.stderr == (
        f"Error: {places.stick}: is not there. "
        "Plug the stick in, mount it, and name its directory\n"
    )


@pytest.mark.accept
def test_for_whom_must_be_known(places):
    done = places.export("--to", "example.org/nobody")
    assert "example.org/nobody: is no gateway of the register in use" in done.stderr
    done = places.centre.command("export", str(places.stick))
    assert "there is no [upstream] in the settings that says for whom. Give --to" in done.stderr


@pytest.mark.accept
def test_a_running_gateway_is_exported_from_and_imported_into_like_any_other(places):
    places.below.start()
    places.centre.start()
    assert places.export().exit_code == 0
    assert "leaves 0 to 7 taken in" in places.take().stdout
    assert places.take(places.below).stdout == (
        f"back     {CENTRE}: leaves 0 to 7 receipted, 0 still wait\n"
    )
    told = json.loads(places.below.command("status", "--json").stdout)["upstream"]
    assert (told["waiting"], told["oldest_s"], told["drain_s"]) == (0, None, 0)
    assert places.centre.stop() == places.below.stop() == 0
    assert None not in places.receipts()


def test_a_link_on_a_stick_leads_nowhere(places, tmp_path):
    places.export()
    target = tmp_path / "target"
    target.write_text("kept")
    name = "receipts-000000000000-000000000007.json.partial"
    (places.folder / name).symlink_to(target)
    assert places.take().exit_code == 0
    assert target.read_text() == "kept"


_ROOM = "Make room on the stick or take another one, and do it again: nothing is lost"


@pytest.fixture
def full(tmp_path):
    yield from mounted(tmp_path / "full")


@pytest.mark.accept
def test_a_full_stick_is_told_and_the_next_one_brings_everything(places, full):
    places.stick.rmdir()
    places.stick = full
    ballast = fill(full)
    done = places.export()
    assert done.exit_code == 1
    assert "no space left on device. " in done.stderr
    assert shown(_ROOM) in done.stderr
    ballast.unlink()
    assert places.export().exit_code == 0
    ballast = fill(full)
    done = places.take()
    assert done.exit_code == 1
    assert shown("taken in, receipts not written") in done.stdout
    assert shown("nothing is taken twice, and the receipts come again") in done.stderr
    assert places.size(places.centre) == 7
    ballast.unlink()
    assert places.take().exit_code == 0
    assert places.take(places.below).exit_code == 0
    assert None not in places.receipts()
