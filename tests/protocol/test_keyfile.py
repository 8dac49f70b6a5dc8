"""Does a key file give its key back to whoever knows the passphrase, and to nobody else?"""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.keyfile import (
    NONCE_SIZE,
    SALT_SIZE,
    UNPROTECTED,
    KeyFileError,
    PrivateKey,
    open_key,
    open_unprotected,
    seal_key,
)

KEY = PrivateKey.from_seed(bytes(range(32)))
PASSPHRASE = "correct horse é 水"
SALT, NONCE = bytes(range(SALT_SIZE)), bytes(range(NONCE_SIZE))
SEALED = seal_key(KEY, PASSPHRASE, SALT, NONCE)
HEADER, PUBLIC, BODY = SEALED.splitlines()


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_a_key_signs_what_its_public_half_verifies(seed: bytes, message: bytes) -> None:
    key = PrivateKey.from_seed(seed)
    assert cose.check_public_key(key.public)
    assert cose.verify(message, key.sign(message), key.public)


def test_a_key_comes_back_with_its_passphrase() -> None:
    assert open_key(SEALED, PASSPHRASE) == KEY
    assert open_key(SEALED.replace("\n", "\r\n"), PASSPHRASE) == KEY


def test_the_passphrase_may_be_typed_in_another_unicode_form() -> None:
    assert open_key(SEALED, "correct horse e\u0301 水") == KEY


def test_a_passphrase_that_is_not_text_is_a_wrong_one() -> None:
    with pytest.raises(KeyFileError, match="wrong passphrase"):
        open_key(SEALED, "\udcff")


def test_a_key_file_is_readable_text_that_shows_the_public_key_alone() -> None:
    assert HEADER == "ballotbox key v1"
    assert f"public {KEY.public.hex()}" == PUBLIC
    assert KEY.seed not in base64.b64decode(BODY)
    assert KEY.seed.hex() not in repr(KEY)
    assert str(KEY.seed) not in repr(KEY)
    assert KEY.public.hex() in repr(KEY)


def with_body(blob: bytes) -> str:
    return f"{HEADER}\n{PUBLIC}\n{base64.b64encode(blob).decode()}\n"


BLOB = base64.b64decode(BODY)
DAMAGED = {
    "empty": ("", "three lines"),
    "another file": (
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n",
        "three lines",
    ),
    "another version": (SEALED.replace("v1", "v2"), "three lines"),
    "a line missing": (f"{HEADER}\n{PUBLIC}\n", "three lines"),
    "a line more": (f"{SEALED}x\n", "three lines"),
    "no public key": (SEALED.replace("public ", ""), "three lines"),
    "another public key": (SEALED.replace(PUBLIC, f"public {bytes(32).hex()}"), "line 2"),
    "not base64": (f"{HEADER}\n{PUBLIC}\n{BODY[:-1]}!\n", "line 3 of the key file is not base64"),
    "not ASCII": (f"{HEADER}\n{PUBLIC}\né{BODY[1:]}\n", "line 3 of the key file is not base64"),
    "cut inside base64": (f"{HEADER}\n{PUBLIC}\n{BODY[:-3]}\n", "line 3"),
    "nothing sealed": (with_body(b""), "wrong passphrase, or the key file is damaged"),
    "half a salt": (with_body(BLOB[: SALT_SIZE // 2]), "damaged"),
    "salt alone": (with_body(SALT), "damaged"),
    "cut short": (with_body(BLOB[:-1]), "damaged"),
    "a flipped bit in the salt": (with_body(bytes([BLOB[0] ^ 1]) + BLOB[1:]), "damaged"),
    "a flipped bit at the end": (with_body(BLOB[:-1] + bytes([BLOB[-1] ^ 1])), "damaged"),
}


@pytest.mark.parametrize(("text", "problem"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(KeyFileError, match=problem):
        open_key(text, PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "correct horse", PASSPHRASE + " "])
def test_another_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(KeyFileError, match="wrong passphrase"):
        open_key(SEALED, passphrase)


OPEN = f"{UNPROTECTED}\npublic {KEY.public.hex()}\nseed {KEY.seed.hex()}\n"


def test_an_unprotected_file_gives_its_key_to_everybody() -> None:
    assert open_unprotected(OPEN) == KEY


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (UNPROTECTED, "has no seed of 64 hexadecimal digits in line 3"),
        (OPEN.replace("seed ", "seed x"), "has no seed of 64 hexadecimal digits in line 3"),
        (OPEN[:-3], "has no seed of 64 hexadecimal digits in line 3"),
        (OPEN.replace("public ", "public 0"), "names another public key in its second line"),
    ],
)
def test_a_damaged_unprotected_file_says_where(text: str, words: str) -> None:
    with pytest.raises(KeyFileError, match=words):
        open_unprotected(text)
