"""The election a gateway serves and who it is there, read from the files its settings name."""

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from ballotbox_gateway.adapters.key_files import (
    Passphrase,
    is_unprotected,
    passphrase_from_file,
    passphrase_from_variable,
    read_key,
)
from ballotbox_gateway.adapters.pin import Pin, pin_of
from ballotbox_gateway.adapters.used_register import require_follows
from ballotbox_gateway.config import Config, SecurityModule
from ballotbox_gateway.core.outcome import Identity
from ballotbox_gateway.core.signer import Signer
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import ElectionDigest, PublicKey
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire.trust import (
    Distrust,
    Root,
    Trusted,
    open_definition,
    open_register,
    parse_root,
)


def load_trusted(config: Config, at_least: int = 1) -> Trusted:
    """Return the election and register that the root key vouches for; raises Problem.

    `at_least` is the lowest register version that may be used; a register that undoes what the one
    used last says is refused as well.
    """
    root = parse_root(config.root)
    trusted = trusted_from(root, config.election_file, config.register_file, at_least)
    require_follows(config, trusted.register)
    return trusted


def trusted_from(
    root: Root, election_file: Path, register_file: Path, at_least: int = 1
) -> Trusted:
    """Return the election and register in two files, verified from `root`; raises Problem."""
    signed = read_document(election_file, "election_file")
    try:
        election, digest = open_definition(signed, root)
    except Distrust as error:
        remedy = "Get the file again from the authority, and compare the root key with its notice"
        raise Problem(str(election_file), str(error), remedy) from error
    return Trusted(election, digest, register_in(register_file, election, digest, at_least))


def register_in(
    register_file: Path, election: Election, digest: ElectionDigest, at_least: int = 1
) -> Register:
    """Return the register in a file, signed for this election; raises Problem."""
    signed_register = read_document(register_file, "register_file")
    try:
        return open_register(signed_register, election, digest, at_least)
    except Distrust as error:
        remedy = "Get the newest register of this election from the authority"
        raise Problem(str(register_file), str(error), remedy) from error


def load_identity(config: Config, trusted: Trusted) -> Identity:
    """Return who this gateway is, after checking it against the register; raises Problem."""
    key = _signer(config, trusted)
    listed = trusted.register.gateway_keys.get(config.origin)
    version = trusted.register.version
    if listed is None:
        what = f"origin {config.origin!r} is not in register version {version}"
        raise Problem(str(config.register_file), what, "Correct `origin`, or have it entered")
    if listed != key.public:
        what = f"holds another key than register version {version} lists for {config.origin!r}"
        remedy = f"Use the key file of {listed.hex()[:16]}…, or have the new key entered"
        raise Problem(str(config.pkcs11 or config.key_file), what, remedy)
    return Identity(config.origin, key)


def read_document(path: Path, field: str) -> bytes:
    """Return the bytes of a signed document; raises Problem naming the setting `field`."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Problem(str(path), "there is no such file", f"Correct `{field}`") from error
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        raise Problem(str(path), what, f"Make the file of `{field}` readable") from error


def _signer(config: Config, trusted: Trusted) -> Signer:
    if config.key_file is not None:
        passphrase = _passphrase(config, config.key_file)
        return read_key(config.key_file, passphrase, trusted.election.mode)
    if config.pkcs11 is None:
        raise Problem("key_file", "is missing", "Name the gateway's key")
    return _module_signer(config.pkcs11)


def _module_signer(settings: SecurityModule) -> Signer:
    _require_library()
    from ballotbox_gateway.adapters.pkcs11_signer import Pkcs11Signer

    pin = pin_of(settings.pin_file, settings.pin_variable)
    return Pkcs11Signer(settings.module, settings.token, settings.key, pin)


def module_key(library: Path, token: str, label: str, pin: Pin, *, make: bool) -> PublicKey:
    """Return the public part of a key in a security module, made now if so asked.

    Raises Problem, also where the library that reaches modules is not installed.
    """
    _require_library()
    from ballotbox_gateway.adapters.pkcs11_signer import Pkcs11Signer, make_key

    if make:
        return make_key(library, token, label, pin)
    with closing(Pkcs11Signer(library, token, label, pin)) as signer:
        return signer.public


def _require_library() -> None:
    if find_spec("pkcs11") is None:
        remedy = "Install the extra: pip install 'ballotbox-kit[gateway,hsm]'"
        raise Problem("pkcs11", "needs the library python-pkcs11", remedy)


def _passphrase(config: Config, key_file: Path) -> Passphrase | None:
    if is_unprotected(key_file):
        return None
    if config.passphrase_file:
        return passphrase_from_file(config.passphrase_file)
    if config.passphrase_variable:
        return passphrase_from_variable(config.passphrase_variable)
    return None
