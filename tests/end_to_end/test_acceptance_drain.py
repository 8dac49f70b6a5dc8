"""Acceptance 5: does everything reach the centre once after it was away at the peak?

The reports of forty boxes, in a soak of 400, come while the centre is down, as many as come at the
peak; then it comes, is killed with -9 in the middle of the drain, and comes again.
"""

import json
import time

import pytest

from ballotbox_gateway.adapters.control_socket import ControlClient
from ballotbox_simulator.authority import Plan, make_authority
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.field_gateway import FieldGateway
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.test_two_gateways import await_delivery
from tests.gateway.scripted import CENTRE, ORIGIN, ScriptedBox, report_id
from tests.patience import PATIENCE_S
from tests.scale import at_scale

pytestmark = pytest.mark.accept

BOXES = at_scale(40, 400)
#: The more there is to carry, the longer it may take.
IN_TIME_S = PATIENCE_S * BOXES / 20
TURNOUTS = 27
#: The centre dies after a batch is stored and before its answer is sent, once.
DIES = """
import os, pathlib
from ballotbox_gateway.service import gateway
died = pathlib.Path({died!r})
take_in = gateway.Gateway.take_in
def taking(self, batch):
    outcome = take_in(self, batch)
    if batch.stop > {after} and not died.exists():
        died.touch()
        os.kill(os.getpid(), 9)
    return outcome
gateway.Gateway.take_in = taking
"""


@pytest.fixture(scope="module")
def forty():
    return make_authority(Plan(seed=5, boxes=BOXES, origins=(ORIGIN, CENTRE)))


@pytest.fixture
def both(tmp_path, forty, mqtt_table):
    gateway = FieldGateway(tmp_path / "g", forty, ORIGIN)
    centre = FieldGateway(tmp_path / "c", forty, CENTRE)
    port = free_port()
    gateway.configure(
        mqtt_table,
        f'[upstream]\nurl = "http://127.0.0.1:{port}"\norigin = "{CENTRE}"\nbatch_leaves = 100\n',
    )
    centre.configure(f"[http]\nport = {port}\n")
    gateway.init()
    centre.init()
    yield gateway, centre
    gateway.kill()
    centre.kill()


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def waiting(gateway):
    with ControlClient(gateway.ledger.parent / "control.socket") as client:
        return client.ask({"ask": "status"})["upstream"]["waiting"]


def test_a_centre_away_at_the_peak_has_everything_once_soon_after_it_comes_back(
    both, forty, broker, tmp_path, record_property
):
    """Acceptance 5: upstream down at the peak, then drained; repeats upstream are idempotent."""
    gateway, centre = both
    boxes = [ScriptedBox(forty, number + 1) for number in range(BOXES)]
    for box in boxes:
        box.day(TURNOUTS)
    total = sum(len(box.said) for box in boxes)
    with gateway.running(), MqttBox(broker, forty) as road:
        gateway.await_line("connected, listening on")
        for box in boxes:
            road.say(box.box, *box.said)
        road.await_receipts((report_id(each) for box in boxes for each in box.said), IN_TIME_S)
        gateway.await_line("the upper gateway refuses the connection")
        assert waiting(gateway) == total
        died = tmp_path / "died"
        began = time.monotonic()
        centre.start(before=DIES.format(died=str(died), after=total // 2))
        centre.await_line("(ended)")
        assert died.exists()
        stored = status(centre)["log"]["size"]
        assert waiting(gateway) > total - stored
        centre.wait()
        centre.start()
        await_delivery(gateway, IN_TIME_S)
        seconds = time.monotonic() - began
        record_property("time to drain", f"{seconds:.1f} s for {total} leaves, a kill -9 included")
        above, below = status(centre), status(gateway)
        assert (above["log"]["size"], below["log"]["size"]) == (total, total)
        assert above["counts"]["leaves"] == {"IN_ORDER": total}
        assert above["boxes"]["with_final"] == BOXES
