"""A box's end of the MQTT road, as small as it can be: says reports, keeps what is answered."""

import threading
from collections.abc import Iterable
from typing import Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from ballotbox_protocol.wire.leaf import Leaf, decode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind, parse_message, topic_of
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.live.broker import Broker
from tests.patience import PATIENCE_S, wait_until


class MqttBox:
    """One connection that speaks for any number of boxes; a context."""

    def __init__(self, broker: Broker, authority: Authority, name: str = "boxes") -> None:
        self._broker = broker
        self._trusted = authority.trusted
        self._changed = threading.Condition()
        self._online = threading.Event()
        #: Newest receipt per report id, refusals per report id, and everything else by kind.
        self.receipts: dict[bytes, tuple[Leaf, VerifiedReceipt]] = {}
        self.raw: dict[bytes, bytes] = {}
        self.others: list[tuple[str, Message]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics("down"), 1)
        self._client.on_subscribe = lambda *_: self._online.set()
        self._client.on_message = lambda _client, _data, message: self._take(message)

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        assert self._online.wait(PATIENCE_S), "no broker"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # Left to the garbage collector, its pair of sockets may be found unclosed at the exit.
        self._client._reset_sockets()

    def _topics(self, direction: str) -> str:
        return f"bbx/1/{self._trusted.digest[:8].hex()}/+/{direction}"

    def send(self, box: bytes, message: Message, *, retain: bool = False) -> None:
        topic = topic_of(self._trusted.digest, box, "up")
        self._client.publish(topic, message.to_bytes(), 1, retain)

    def say(self, box: bytes, *reports: bytes) -> None:
        for report in reports:
            self.send(box, Message(MessageKind.REPORT, report))

    def _take(self, mqtt_message: object) -> None:
        message = parse_message(bytes(mqtt_message.payload))  # type: ignore[attr-defined]
        with self._changed:
            if message is not None and message.kind is MessageKind.RECEIPT:
                receipt = Receipt.from_bytes(message.payload)
                verified = verify_receipt(receipt, self._trusted.register.gateway_keys)
                assert isinstance(verified, VerifiedReceipt), verified
                leaf = decode_leaf(verified.leaf)
                self.receipts[leaf.report] = leaf, verified
                self.raw[leaf.report] = message.payload
            elif message is not None:
                self.others.append((mqtt_message.topic, message))  # type: ignore[attr-defined]
            self._changed.notify_all()

    def await_receipts(self, reports: Iterable[bytes], patience_s: float = PATIENCE_S) -> None:
        wanted = set(reports)

        def all_there() -> bool:
            return wanted <= self.receipts.keys()

        wait_until(self._changed, all_there, f"{len(wanted)} receipts", patience_s)

    def await_count(self, count: int) -> None:
        """Wait until at least `count` reports are receipted."""
        wait_until(self._changed, lambda: len(self.receipts) >= count, f"{count} receipts")

    @property
    def messages(self) -> list[Message]:
        """Everything but receipts, in order."""
        with self._changed:
            return [message for _, message in self.others]

    def await_other(self, kind: MessageKind) -> Message:
        def found() -> list[Message]:
            return [message for _, message in self.others if message.kind is kind]

        wait_until(self._changed, lambda: bool(found()), kind.name)
        return found()[-1]
