"""What a gateway has noticed about its broker that a person must look at, counted since the start.

A broker may pass every message on and still be used against us: somebody takes our name over, or
leaves messages behind. MQTT 5 names the first, not every broker does (mosquitto 2.0 closes without
a word), so connections that end soon after they began are counted as well.
"""

from typing import Final

from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.backoff import HEALTHY_S
from ballotbox_gateway.adapters.mqtt_words import (
    TAKEN_OVER,
    retained_remark,
    takeover_remark,
)

#: So many connections cut short in a row are no accident of a network or of a broker's restart.
_ALARMING: Final = 3


class BrokerWatch:
    """Notes of one broker's behaviour. `session` is the name we go by there."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._retained = 0
        self._retained_on = ""
        self._taken_over = self._in_a_row = 0
        self._alarmed = False

    def kept(self, topic: str) -> bool:
        """Note a retained message; tell whether it is the first."""
        self._retained += 1
        self._retained_on = topic
        return self._retained == 1

    def ended(self, code: ReasonCode, seconds: float) -> bool:
        """Note that the broker ended a connection; tell whether this raises the alarm."""
        named = code.value == TAKEN_OVER
        self._in_a_row = self._in_a_row + 1 if seconds < HEALTHY_S else 0
        self._taken_over += named or seconds < HEALTHY_S
        alarmed = self._alarmed
        self._alarmed = alarmed or named or self._in_a_row >= _ALARMING
        return self._alarmed and not alarmed

    @property
    def remarks(self) -> list[str]:
        """One line for each thing that a person must look at."""
        remarks = []
        if self._alarmed:
            remarks.append(takeover_remark(self._taken_over, self._session))
        if self._retained:
            remarks.append(retained_remark(self._retained, self._retained_on))
        return remarks
