"""Do all keys of a gateway sign alike? One suite, on the key in a file and on that in a module."""

import itertools
from contextlib import closing, contextmanager

import pytest

from ballotbox_gateway.adapters.key_files import new_key, read_key, write_key
from ballotbox_protocol.wire import cose
from tests.security_module import TOKEN, module_in

NUMBERS = itertools.count()


@contextmanager
def in_file(tmp_path, request):
    del request
    write_key(tmp_path / "gateway.key", new_key(), None)
    yield read_key(tmp_path / "gateway.key", None, None)


@contextmanager
def in_module(tmp_path, request):
    del tmp_path
    from ballotbox_gateway.adapters.pin import pin_from_file
    from ballotbox_gateway.adapters.pkcs11_signer import Pkcs11Signer, make_key

    module, label = request.getfixturevalue("module"), f"gateway {next(NUMBERS)}"
    place = module.library, TOKEN, label, pin_from_file(module.pin_file)
    public = make_key(*place)
    # Closed: a log-in left over serves whoever opens the token next in this process.
    with closing(Pkcs11Signer(*place)) as signer:
        assert signer.public == public
        yield signer


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield module_in(tmp_path_factory.mktemp("module"), patch.setenv)


@pytest.fixture(params=[in_file, pytest.param(in_module, marks=pytest.mark.accept)])
def signer(request, tmp_path):
    with request.param(tmp_path, request) as opened:
        yield opened


def test_the_public_key_passes_enrolment(signer):
    assert cose.check_public_key(signer.public)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65_536])
def test_a_signature_has_64_bytes_and_verifies_under_the_public_key_alone(signer, size):
    data = bytes(size)
    signature = signer.sign(data)
    assert len(signature) == cose.SIGNATURE_SIZE
    assert cose.verify(data, signature, signer.public)
    assert not cose.verify(data + b"x", signature, signer.public)


def test_the_same_bytes_get_the_same_signature(signer):
    # RFC 8032: nothing of a signature is random, so a crash between two leaves no second one.
    assert signer.sign(b"leaf") == signer.sign(b"leaf")


def test_nothing_of_the_private_key_is_printed(signer):
    seed = getattr(signer, "seed", b"\xff" * 32)
    assert seed.hex() not in repr(signer)
    assert repr(seed) not in repr(signer)
