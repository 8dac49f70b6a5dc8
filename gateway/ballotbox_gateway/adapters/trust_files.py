"""The election a gateway serves and who it is there, read from the files its settings name."""

from pathlib import Path

from ballotbox_gateway.adapters.key_files import (
    Passphrase,
    is_unprotected,
    passphrase_from_file,
    passphrase_from_variable,
    read_key,
)
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.outcome import Identity
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire.trust import (
    Distrust,
    RootKey,
    Trusted,
    open_definition,
    open_register,
    parse_root,
)


def load_trusted(config: Config, at_least: int = 1) -> Trusted:
    """Return the election and register that the root key vouches for; raises Problem.

    `at_least` is the lowest register version that may be used.
    """
    return trusted_from(
        parse_root(config.root), config.election_file, config.register_file, at_least
    )


def trusted_from(
    root: RootKey, election_file: Path, register_file: Path, at_least: int = 1
) -> Trusted:
    """Return the election and register in two files, verified from `root`; raises Problem."""
    signed = read_document(election_file, "election_file")
    try:
        election, digest = open_definition(signed, root)
    except Distrust as error:
        remedy = "Get the file again from the authority, and compare the root key with its notice"
        raise Problem(str(election_file), str(error), remedy) from error
    signed_register = read_document(register_file, "register_file")
    try:
        register = open_register(signed_register, election, digest, at_least)
    except Distrust as error:
        remedy = "Get the newest register of this election from the authority"
        raise Problem(str(register_file), str(error), remedy) from error
    return Trusted(election, digest, register)


def load_identity(config: Config, trusted: Trusted) -> Identity:
    """Return who this gateway is, after checking it against the register; raises Problem."""
    key = read_key(config.key_file, _passphrase(config), trusted.election.mode)
    listed = trusted.register.gateway_keys.get(config.origin)
    version = trusted.register.version
    if listed is None:
        what = f"origin {config.origin!r} is not in register version {version}"
        raise Problem(str(config.register_file), what, "Correct `origin`, or have it entered")
    if listed != key.public:
        what = f"holds another key than register version {version} lists for {config.origin!r}"
        remedy = f"Use the key file of {listed.hex()[:16]}…, or have the new key entered"
        raise Problem(str(config.key_file), what, remedy)
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


def _passphrase(config: Config) -> Passphrase | None:
    if is_unprotected(config.key_file):
        return None
    if config.passphrase_file:
        return passphrase_from_file(config.passphrase_file)
    if config.passphrase_variable:
        return passphrase_from_variable(config.passphrase_variable)
    return None
