"""The front panel: one line in, some lines out, the last of them `ready`.

Whoever can write to the panel can vote. There is no paper behind it: a box with this panel is a
debug box and says so in every report, and no gateway counts it in an official election.
"""

from pathlib import Path

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import Event, RotationRequested
from ballotbox_device.core.outputs import Cleared, Output
from ballotbox_device.core.poll import allowed
from ballotbox_device.core.ports import Instant
from ballotbox_device.host.keys import new_key, store_key
from ballotbox_device.host.panel_input import HostAction, parse_line
from ballotbox_device.host.panel_output import Said, misunderstood, say
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import InvalidField


class Panel:
    """The panel of a started box. `is_over` when the box was switched off or cleared."""

    def __init__(self, device: Device, election: Election, keys: Path) -> None:
        self._device = device
        self._election = election
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
            asked = parse_line(line, self._election)
        except InvalidField as error:
            return [misunderstood(error), self._ready()]
        return self.told(self._do(asked, now))

    def _do(self, asked: Event | HostAction, now: Instant) -> list[Output]:
        if asked is HostAction.SWITCH_OFF:
            self.is_over = True
            return []
        if asked is HostAction.ROTATE_KEY:
            key = new_key()
            # Stored before the box may sign a report that names it.
            store_key(self._keys, key)
            asked = RotationRequested(key)
        return self._device.on(asked, now)

    def _ready(self) -> Said:
        counters, state = self._device.counters, self._device.state
        return {
            "says": "ready",
            "state": state.name.lower(),
            "allowed": [action.name.lower() for action in allowed(state)],
            "accepted": counters.accepted,
            "pending": counters.pending,
        }
