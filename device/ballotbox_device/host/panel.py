"""The front panel: one line in, some lines out, the last of them `ready`.

Whoever can write to the panel can vote. There is no paper behind it: a box with this panel is a
debug box and says so in every report, and no gateway counts it in an official election.
"""

from pathlib import Path

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import Event, RotationRequested
from ballotbox_device.core.outputs import Cleared, Output
from ballotbox_device.core.ports import Instant
from ballotbox_device.host.keys import next_key
from ballotbox_device.host.panel_input import HostAction, parse_line
from ballotbox_device.host.panel_output import Said, say, wrong
from ballotbox_device.host.problem import Problem
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_protocol.wire.trust import Trusted


class Panel:
    """The panel of a started box. `is_over` when the box was switched off or cleared."""

    def __init__(self, device: Device, trusted: Trusted, keys: Path) -> None:
        self._device = device
        self._trusted = trusted
        self._keys = keys
        self.is_over = False

    def told(self, outputs: list[Output]) -> list[Said]:
        """Return what the panel is told after these outputs of the box."""
        lines = [say(output) for output in outputs]
        self.is_over = self.is_over or any(isinstance(output, Cleared) for output in outputs)
        return lines if self.is_over else [*lines, self._ready()]

    def line(self, line: bytes, now: Instant) -> list[Said]:
        """Take one line. What is malformed changes nothing and is answered with an error."""
        try:
            asked = parse_line(line, self._trusted.election)
            event = self._rotation() if asked is HostAction.ROTATE_KEY else asked
        except InvalidField as error:
            return [wrong(error.field, error.problem), self._ready()]
        except Problem as problem:
            return [wrong(problem.where, f"{problem.what}. {problem.remedy}"), self._ready()]
        if isinstance(event, HostAction):
            self.is_over = True
            return []
        return self.told(self._device.on(event, now))

    def _rotation(self) -> Event:
        outgoing = self._device.outgoing
        last = decode_report(cose.parse(outgoing.report(outgoing.count - 1)).payload)
        following = last.epoch + 1 + (last.kind is ReportKind.KEY_ROTATION)
        key = next_key(self._keys, self._trusted.register, last.box, following)
        return RotationRequested(key)

    def _ready(self) -> Said:
        counters, state = self._device.counters, self._device.state
        return {
            "says": "ready",
            "state": state.name.lower(),
            "allowed": [action.name.lower() for action in self._device.allowed],
            "accepted": counters.accepted,
            "pending": counters.pending,
        }
