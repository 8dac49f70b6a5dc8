"""What a message says beside its payload, in words that logs and terminals may show.

Strangers choose what is in a topic.
"""

from paho.mqtt.client import MQTTMessage

from ballotbox_protocol.election.identifiers import BoxId


def topic_in(message: MQTTMessage) -> bytes:
    """Return the topic, or nothing when it is not UTF-8."""
    try:
        return message.topic.encode()
    except UnicodeDecodeError:
        return b""


def text_of(topic: bytes) -> str:
    """Return the topic, or an empty text when it is not UTF-8."""
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return ""


def is_kept(message: MQTTMessage) -> bool:
    """Tell whether the broker had kept the message (retain flag) instead of passing it on."""
    return bool(message.retain)


def printable(topic: str) -> str:
    """Return a topic as logs and terminals may show it."""
    return ascii(topic)[1:-1] if topic else "topic that is not UTF-8"


def box_in(topic: str) -> BoxId:
    """Return the box that a topic names; empty bytes, which no report claims, when it names none.

    The subscription's pattern vouches for the levels around it.
    """
    levels = topic.split("/")
    try:
        return BoxId(bytes.fromhex(levels[3]))
    except (IndexError, ValueError):
        return BoxId(b"")
