"""A box in memory behind a panel, and the sheet it is fed."""

import json
from dataclasses import replace

from ballotbox_device.core.device import Device
from ballotbox_device.core.habits import PLAIN
from ballotbox_device.core.identity import Firmware, Identity
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.host.keys import new_key
from ballotbox_device.host.panel import Panel
from ballotbox_device.host.panel_output import line_of
from ballotbox_device.host.system import SystemEntropy
from ballotbox_simulator.authority import FIRMWARE, with_register
from ballotbox_simulator.disk import BoxDisk
from tests.device.host.box_on_a_road import authority, instant
from tests.device.host.box_process import find, tokens

ELECTION = authority().trusted.election
FIRST = {"style": "HOME", "sheet": 0, "marks": [[0], [1]]}


class Box:
    """A box in memory behind a panel."""

    def __init__(self, keys, policy=None, habits=PLAIN):
        # A second key is registered beside the one that signs, as `new-key` has it prepared.
        self.second = new_key()
        register = authority().trusted.register
        entry = replace(register.boxes[0], key=self.second.public, epoch=2)
        boxes = (*register.boxes, entry)
        vested = with_register(authority(), replace(register, boxes=boxes))
        box = vested.boxes[0]
        self.disk = BoxDisk()
        identity = Identity(box, vested.box_keys[box], Firmware(FIRMWARE, 1), debug=True)
        rules = ElectionRules.of(vested.trusted)
        if policy is not None:
            election = replace(vested.trusted.election, policy=policy)
            rules = replace(rules, trusted=replace(vested.trusted, election=election))
        self.device = Device(identity, rules, self.disk.memory, SystemEntropy(), habits)
        self.panel = Panel(self.device, vested.trusted, keys)
        self.panel.told(self.device.start(instant()))

    def send(self, line):
        said = self.panel.line(line, instant())
        # What is said must survive the wire to the panel.
        return [json.loads(line_of(each)) for each in said]

    def do(self, **fields):
        return self.send(json.dumps(fields).encode())

    def act(self, *words):
        for word in words:
            said = self.do(do=word)
            if needed := find(said, "consent_needed"):
                said = self.do(do="consent", signatures=tokens(authority(), needed))
        return said

    def feed(self, **sheet):
        self.do(do="insert", **(FIRST | sheet))
        return self.do(do="dropped")


def ready(state, allowed, accepted=0, pending=0):
    return {
        "says": "ready", "state": state, "allowed": allowed,
        "accepted": accepted, "pending": pending,
    }  # fmt: skip
