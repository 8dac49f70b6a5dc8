"""A key in a security module (PKCS#11 3.0, CKM_EDDSA): it signs there and never leaves.

A wrong PIN is tried once: modules lock themselves after a few.
"""

from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, PKCS11Error
from pkcs11.util.ec import encode_named_curve_parameters

from ballotbox_gateway.adapters.pin import Pin
from ballotbox_gateway.core.ports import SignerAway
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import PublicKey
from ballotbox_protocol.election.register import KEY_SIZE
from ballotbox_protocol.wire import cose

_ED25519: Final = "1.3.101.112"  # RFC 8410
#: An OCTET STRING of 32 bytes, as CKA_EC_POINT has it (PKCS#11 3.0, 6.3.5).
_POINT_HEAD: Final = b"\x04\x20"
#: What is signed to see whether the two parts of a key belong together; it is no checkpoint.
_PROBE: Final = b"ballotbox: does this key sign for its public part?"
_PIN_REFUSED: Final = (
    pkcs11.PinIncorrect,
    pkcs11.PinLocked,
    pkcs11.PinExpired,
    pkcs11.PinInvalid,
    pkcs11.PinLenRange,
)


class Pkcs11Signer:
    """The key `label` of the token `token` that the library `module` reaches."""

    def __init__(self, module: Path, token: str, label: str, pin: Pin) -> None:
        """Log in and find the key; raises Problem that names the setting to correct."""
        self._place = module, token, label
        self._pin = pin
        self._locked_out = False
        self._session: Any = None
        self._key: Any = None
        try:
            self.public = self._open()
        except PKCS11Error as error:
            self.close()
            raise _problem(module, token, error, pin) from error
        except Problem:
            self.close()
            raise

    def sign(self, data: bytes) -> bytes:
        """Return the signature that the module makes, logging in again if it was away."""
        try:
            return self._sign(data)
        except (PKCS11Error, Problem) as error:
            self._locked_out = self._locked_out or isinstance(error, _PIN_REFUSED)
            self.close()
            raise SignerAway(
                f"key {self._place[2]} of token {self._place[1]}: {_said(error)}"
            ) from (error)

    def _sign(self, data: bytes) -> bytes:
        if self._key is not None:
            try:
                return _signature(self._key, data)
            except PKCS11Error as error:
                if isinstance(error, _PIN_REFUSED):
                    raise
                # Whoever logs out, or takes the token out for a moment, ends all sessions.
                self.close()
        if self._open() != self.public:
            what, remedy = "has another key than at the start", "Bring back the one it had"
            raise Problem(f"token {self._place[1]}", what, remedy)
        return _signature(self._key, data)

    def _open(self) -> PublicKey:
        """Log in, and return the public key that the module's private key really signs for."""
        module, token, label = self._place
        if self._locked_out:
            raise Problem(f"token {token}", "refused its PIN", "Start again with the right one")
        self._session = _log_in(_find_token(module, token), self._pin)
        public = _public(self._session, token, label)
        self._key = _one(self._session, token, label, ObjectClass.PRIVATE_KEY)
        if not cose.verify(_PROBE, _signature(self._key, _PROBE), public):
            what = "signs with another private key than its public part says"
            raise Problem(f"key {label} of token {token}", what, "Remove it and make one anew")
        return public

    def close(self) -> None:
        """Log out; the next signature logs in again."""
        session, self._session, self._key = self._session, None, None
        if session is not None:
            # It may be gone with its token.
            with suppress(PKCS11Error):
                session.close()


def make_key(module: Path, token: str, label: str, pin: Pin) -> PublicKey:
    """Make an Ed25519 key in the module and return its public part.

    Raises Problem, also when the token has a key of that label: two would be told apart by nothing.
    """
    try:
        with closing(_log_in(_find_token(module, token), pin, write=True)) as session:
            return _made(session, token, label)
    except PKCS11Error as error:
        raise _problem(module, token, error, pin) from error


def _made(session: Any, token: str, label: str) -> PublicKey:  # noqa: ANN401
    if any(True for _ in session.get_objects({Attribute.LABEL: label})):
        remedy = "Choose another label, or show that key: leave out --make"
        raise Problem(f"token {token}", f"has a key {label!r} already", remedy)
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(_ED25519)}
    domain = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
    domain.generate_keypair(mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, label=label, store=True)
    return _public(session, token, label)


def _find_token(module: Path, token: str) -> Any:  # noqa: ANN401 - the library types them loosely
    library = pkcs11.lib(str(module))
    try:
        return library.get_token(token_label=token)
    except pkcs11.NoSuchToken as error:
        there = ", ".join(each.label for each in library.get_tokens() if each.label) or "none"
        remedy = f"Plug it in, or correct pkcs11.token; the module has: {there}"
        raise Problem(f"token {token}", "is not there", remedy) from error


def _log_in(token: Any, pin: Pin, *, write: bool = False) -> Any:  # noqa: ANN401
    try:
        return token.open(user_pin=pin.text, rw=write)
    except pkcs11.UserAlreadyLoggedIn:
        # One log-in serves all sessions of a process (PKCS#11 5.6.1).
        return token.open(rw=write)


def _signature(key: Any, data: bytes) -> bytes:  # noqa: ANN401
    return bytes(key.sign(data, mechanism=Mechanism.EDDSA))


def _public(session: Any, token: str, label: str) -> PublicKey:  # noqa: ANN401
    point = _one(session, token, label, ObjectClass.PUBLIC_KEY)[Attribute.EC_POINT]
    # Some modules give the bare point.
    key = (
        point[-KEY_SIZE:] if point in (_POINT_HEAD + point[-KEY_SIZE:], point[-KEY_SIZE:]) else b""
    )
    if len(key) != KEY_SIZE:
        raise Problem(f"key {label} of token {token}", "is no Ed25519 key", "Correct pkcs11.key")
    return PublicKey(key)


def _one(session: Any, token: str, label: str, kind: ObjectClass) -> Any:  # noqa: ANN401
    try:
        return session.get_key(object_class=kind, label=label, key_type=KeyType.EC_EDWARDS)
    except pkcs11.NoSuchKey as error:
        remedy = "Correct pkcs11.key, or make one: `ballotbox-gateway keys module … --make`"
        raise Problem(f"token {token}", f"has no Ed25519 key {label!r}", remedy) from error
    except pkcs11.MultipleObjectsReturned as error:
        remedy = "Remove all but the one whose public part the register lists"
        raise Problem(f"token {token}", f"has several keys {label!r}", remedy) from error


def _problem(module: Path, token: str, error: PKCS11Error, pin: Pin) -> Problem:
    if isinstance(error, _PIN_REFUSED):
        remedy = f"It came from {pin.source}: correct it before the token locks itself"
        return Problem(f"token {token}", f"refuses the PIN ({_said(error)})", remedy)
    remedy = "Correct pkcs11.module, and see that its own settings are there"
    return Problem(str(module), f"the module does not work: {_said(error)}", remedy)


def _said(error: Exception) -> str:
    name = type(error).__name__
    return (
        f"{name}: {error}" if str(error) and not isinstance(error, Problem) else str(error) or name
    )
