"""Do the chapters for operators, the incident guide and the card say what the gateway says?"""

import json
import re

import pytest
from click.testing import CliRunner

from ballotbox_gateway.cli import first_settings, main
from ballotbox_gateway.cli.status import _lines
from ballotbox_gateway.service.incident_guide import incident_guide, urgency
from ballotbox_gateway.service.metrics import health
from ballotbox_gateway.service.reasons import STEPS
from ballotbox_protocol.wire.verdict import Reason


@pytest.fixture
def manual(repository):
    return (repository / "gateway" / "OPERATING.md").read_text()


def console(manual, command):
    """What the manual shows below a command."""
    (shown,) = re.findall(
        rf"```console\n\$ {command}\n(There.*?|log.*?|\{{.*?)```", manual, re.DOTALL
    )
    return shown


def test_the_questions_of_init_are_those_of_the_manual(manual, gateway, election, monkeypatch):
    monkeypatch.setattr(first_settings, "at_terminal", lambda: True)
    monkeypatch.chdir(gateway.folder)
    shown = console(manual, "ballotbox-gateway init")
    typed = f"{election.root}\n" + "\n" * 20
    said = CliRunner().invoke(main, ["init"], input=typed).output
    asked = [line.strip() for line in said.partition("\nroot = ")[0].splitlines() if line.strip()]
    for line in filter(str.strip, shown.splitlines()):
        question = line.partition(": rehearsal:")[0].strip()
        assert asked.pop(0).startswith(question), (question, asked)
    assert asked == []


def test_health_and_doctor_answer_as_shown(manual, gateway):
    state = {"origin": gateway.origin, "mode": "rehearsal", "convicted_by": []}
    assert json.dumps(health([state])[1]) == console(manual, "curl \\S+/health").strip()
    gateway.configure('[mqtt]\nhost = "127.0.0.1"\nport = 1\n')
    gateway.init()
    said = gateway.command("doctor").output
    time = re.compile(r"doctor-\d{8}T\d{6}Z\.json")
    assert time.sub("", console(manual, "ballotbox-gateway doctor")) in time.sub("", said)


def test_the_incident_guide_has_every_reason_as_the_code_makes_it(repository):
    guide = (repository / "docs" / "incidents.md").read_text()
    assert incident_guide() in guide
    against = {reason for reasons in STEPS.values() for reason in reasons}
    assert [f"| {int(each)} | `{each.name}`" in guide for each in sorted(against)].count(False) == 0
    assert urgency(Reason.GAP_BEFORE) == "wait"
    assert urgency(Reason.HELD_FORK) == "**at once**"


def test_the_card_names_what_a_status_shows_in_three_languages(repository):
    card = (repository / "docs" / "poll-worker-card.md").read_text()
    state = {
        "origin": "o", "mode": "rehearsal", "election": "e", "register_version": 1, "counts": {},
        "log": {"size": 1, "root": "00"}, "disk_full": "no room",
        "signer_away": "key k: DeviceRemoved",
        "certificates": [{"table": "http", "trouble": "ends soon", "remedy": "Have a new one"}],
        "boxes": {
            "by_state": {}, "expected": 1, "silent": 0, "with_final": 0, "waiting": [],
            "disputed": ["00"], "over_registered": [],
        },
        "convicted_by": [{"size": 1, "root": "00"}],
    }  # fmt: skip
    said = "\n".join(_lines(state))
    for word in ("REHEARSAL", "DISK FULL", "NOT TAKING IN", "CERTIFICATE", "disputed", "CONVICTED"):
        assert word in said
        assert card.count(f"`{word}`") == 3, word
    assert card.count("---\n\n#") == 2


def test_the_page_of_mistakes_has_those_that_are_tried_and_no_other(repository):
    tried = (repository / "tests" / "end_to_end" / "test_mistakes.py").read_text()
    titles = re.findall(r'noted\(\s*"([^"]+)"', tried)
    page = (repository / "docs" / "mistakes.md").read_text("utf-8")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == titles
    assert len(titles) >= 10
