"""What an MQTT connection's failure means, in words for the person who can mend it."""

import socket
import ssl
from typing import Final

from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.certificate_words import verification_remedy

#: MQTT 5: another client came with our client id.
TAKEN_OVER: Final = 0x8E
UNHEARD: Final = (
    "closes before it greets us: it may not trust our certificate. Correct mqtt.tls, or see its log"
)
_OTHER_CLIENT: Final = (
    "Stop it, or give one of you another mqtt.client_id; a certificate may have been copied"
)


def about_below(words: str) -> str:
    """Return words about the broker of the boxes as ones about that of the gateways below."""
    return words.replace("mqtt.", "below.").replace("the mqtt table", "the below table")


def connection_trouble(error: OSError) -> str:
    """Return why the broker could not be reached, and the remedy."""
    match error:
        case ConnectionRefusedError():
            return "refuses the connection. Start the broker, or correct mqtt.host and mqtt.port"
        case socket.gaierror():
            return "cannot be found by that name. Correct mqtt.host, or the name service"
        case ssl.SSLCertVerificationError():
            remedy = verification_remedy(error, "mqtt.tls.ca_file", "mqtt.host")
            return f"shows a certificate that fails: {error.verify_message}. {remedy}"
        case ssl.SSLError():
            return f"does not speak TLS with us: {error.reason}. Correct mqtt.port or mqtt.tls"
        case TimeoutError():
            return "does not answer. Check the network and mqtt.host"
        case _:
            words = (error.strerror or str(error)).lower()
            return f"cannot be reached: {words}. Check the network, mqtt.host and mqtt.port"


def refusal_trouble(code: ReasonCode) -> str:
    """Return why the broker refused the CONNECT, and the remedy."""
    name = str(code).lower()
    if code.value in (0x86, 0x87):
        return f"refuses us: {name}. Correct mqtt.username and mqtt.password_file"
    if code.value in (0x84, 0x01):
        return f"refuses us: {name}. Set mqtt.protocol to the version it speaks"
    return f"refuses us: {name}. Its log says why"


def end_trouble(code: ReasonCode, session: str, *, unheard_over_tls: bool) -> str:
    """Return why the broker ended a connection, as far as it said."""
    if code.value == TAKEN_OVER:
        return f"gave our name {session} to another client. {_OTHER_CLIENT}"
    if unheard_over_tls:
        return UNHEARD
    return f"ended the connection: {str(code).lower()}. Connecting again"


def takeover_remark(count: int, session: str) -> str:
    """Return that others have come with our name, and the remedy."""
    return (
        f"our connection was ended {count} times soon after it began: another client may take "
        f"our name {session} over. {_OTHER_CLIENT}"
    )


def retained_remark(count: int, topic: str) -> str:
    """Return that somebody keeps messages on the broker, and the remedy."""
    return (
        f"{count} retained messages not taken, the last on {topic}. "
        "Clear them, and set retain_available false"
    )


def subscription_trouble(topic: str, code: ReasonCode) -> str:
    """Return that the broker does not let us read, and the remedy."""
    return f"refuses the subscription to {topic}: {str(code).lower()}. Allow it in the broker's ACL"


def answer_trouble(topic: str, code: ReasonCode) -> str:
    """Return that the broker does not let us answer, and the remedy."""
    return f"refuses answers on {topic}: {str(code).lower()}. Allow them in the broker's ACL"
