"""What a gateway listens to at a broker: all boxes, or those of the shards that it holds.

A box publishes with its shard or without it, as it was set up, and any gateway hears both. Where
several processes share a log, each subscribes to its shards; boxes that say no shard are shared out
by the broker (MQTT 5.0 section 4.8.2, shared subscriptions).
"""

import os
from collections.abc import Collection, Sequence
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.mqtt_client import session_name
from ballotbox_gateway.adapters.mqtt_words import subscription_trouble
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.election.register import origin_id

_AT_LEAST_ONCE: Final = 1


def session_of(settings: Mqtt, origin: str, *, shared: bool) -> str:
    """Return the client id of a gateway, or of one of several processes.

    The session of one of several ends with the connection: another process hears its boxes then,
    and what came in between is sent again. So each start may have a name of its own.
    """
    name = session_name(settings, origin)
    return f"{name}-{os.urandom(4).hex()}" if shared and settings.client_id is None else name


class Subscriptions:
    """The topic filters of one gateway, or of one of the processes that share a log."""

    def __init__(self, election: ElectionDigest, origin: str, *, shared: bool) -> None:
        self._up = f"bbx/1/{election[:8].hex()}/+/up"
        self._group = f"$share/{origin_id(origin).hex()}/" if shared else ""
        self._shared = shared
        self._shards: frozenset[int] = frozenset()
        #: Why boxes that say a shard are heard by another process only, else an empty text.
        self.deaf = ""

    @property
    def filters(self) -> list[str]:
        """All that is to be subscribed to; the first one every broker must grant."""
        sharded = map(self._of, sorted(self._shards)) if self._shared else [f"{self._up}/+"]
        return [f"{self._group}{self._up}", *sharded]

    def _of(self, shard: int) -> str:
        return f"{self._up}/{shard:02x}"

    def ask(self, client: Client) -> None:
        """Subscribe to everything, on a new connection."""
        self.deaf = ""
        client.subscribe([(each, _AT_LEAST_ONCE) for each in self.filters])

    def refused(self, codes: Sequence[ReasonCode]) -> str:
        """Return what the broker refuses by these codes, with the remedy, or an empty text."""
        code = next((each for each in codes if each.is_failure), None)
        told = "" if code is None else subscription_trouble(f"{self._up}/+", code)
        if told and self._shared:
            self.deaf = told
        return told

    def hold(self, shards: Collection[int], client: Client | None) -> None:
        """Listen to these shards from now on, and tell the broker where a client is connected."""
        before, self._shards = self._shards, frozenset(shards)
        added, dropped = sorted(self._shards - before), sorted(before - self._shards)
        if client is not None and added:
            client.subscribe([(self._of(each), _AT_LEAST_ONCE) for each in added])
        if client is not None and dropped:
            client.unsubscribe([self._of(each) for each in dropped])
