"""What an MQTT connection's failure means, in words for the person who can mend it."""

import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode


def connection_trouble(error: OSError) -> str:
    """Return why the broker could not be reached, and the remedy."""
    match error:
        case ConnectionRefusedError():
            return "refuses the connection. Start the broker, or correct mqtt.host and mqtt.port"
        case socket.gaierror():
            return "cannot be found by that name. Correct mqtt.host, or the name service"
        case ssl.SSLCertVerificationError():
            return f"shows a certificate that fails: {error.verify_message}. Correct mqtt.tls"
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


def subscription_trouble(topic: str, code: ReasonCode) -> str:
    """Return that the broker does not let us read, and the remedy."""
    return f"refuses the subscription to {topic}: {str(code).lower()}. Allow it in the broker's ACL"


def answer_trouble(topic: str, code: ReasonCode) -> str:
    """Return that the broker does not let us answer, and the remedy."""
    return f"refuses answers on {topic}: {str(code).lower()}. Allow them in the broker's ACL"
