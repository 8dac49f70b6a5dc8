"""The ways back to boxes behind a broker, by the topics that they publish on."""

from collections.abc import Callable, Collection

from ballotbox_gateway.adapters.mqtt_topics import box_in, printable, text_of
from ballotbox_gateway.core.correspondence import Route
from ballotbox_gateway.core.outcome import Road, RoadKind
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest
from ballotbox_protocol.wire.message import Message, sharded_topic_of, topic_of


class Routes:
    """Remembers the ways to boxes of the register, and to no others.

    publish: hands a message to the broker, under a topic.
    """

    def __init__(self, election: ElectionDigest, publish: Callable[[bytes, Message], None]) -> None:
        self._election = election
        self._publish = publish
        self._boxes: frozenset[BoxId] = frozenset()
        self._known: dict[bytes, Route] = {}

    def serve(self, boxes: Collection[BoxId]) -> None:
        """Remember the way back to these boxes from now on."""
        self._boxes = frozenset(boxes)
        self._known = {
            topic: route for topic, route in self._known.items() if route.road.box in self._boxes
        }

    def from_topic(self, topic: bytes) -> Route:
        """Return the way back to whoever published on this topic."""
        return self._known.get(topic) or self._new(topic)

    def to_box(self, box: BoxId) -> Route:
        """Return the way to a box that may or may not listen."""
        return self.from_topic(topic_of(self._election, box, "up").encode())

    def _new(self, topic: bytes) -> Route:
        text, election = text_of(topic), self._election
        box = box_in(text)
        down = topic_of(election, box, "down").encode()
        road = Road(RoadKind.MQTT, printable(text), box)
        route = Route(road, lambda message: self._publish(down, message))
        # It publishes with its shard or without it; a stranger's topics would fill the memory.
        own = topic_of(election, box, "up"), sharded_topic_of(election, box)
        if box in self._boxes and text in own:
            self._known[topic] = route
        return route
