"""Is what can be wrong with a security module told in words, and does a lost one come back?"""

from contextlib import closing

import pkcs11
import pytest
from click.testing import CliRunner
from pkcs11 import Attribute, ObjectClass

from ballotbox_gateway.adapters.pin import pin_from_file
from ballotbox_gateway.adapters.pkcs11_signer import Pkcs11Signer, make_key
from ballotbox_gateway.cli import main
from ballotbox_gateway.core.ports import SignerAway
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire import cose
from tests.security_module import PIN, TOKEN, module_in

pytestmark = pytest.mark.accept


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        made = module_in(tmp_path_factory.mktemp("module"), patch.setenv)
        make_key(made.library, TOKEN, "gateway", pin_from_file(made.pin_file))
        yield made


def told(*words):
    done = CliRunner().invoke(main, ["keys", "module", *map(str, words)])
    return done.exit_code, done.stdout + done.stderr


def test_the_command_shows_the_key_that_it_made(module):
    pin = "--pin-file", module.pin_file
    code, made = told(module.library, TOKEN, "second", *pin, "--make")
    assert (code, made.splitlines()[0]) == (0, "key     second of token ballotbox")
    assert told(module.library, TOKEN, "second", *pin) == (0, made)
    code, shown = told(module.library, TOKEN, "second", *pin, "--make")
    remedy = "Choose another label, or show that key: leave out --make"
    assert shown == f"Error: token ballotbox: has a key 'second' already. {remedy}\n"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("/no/such.so", TOKEN, "gateway"), "the module does not work"),
        (("{library}", "other", "gateway"), "the module has: ballotbox"),
        (("{library}", TOKEN, "absent"), "has no Ed25519 key 'absent'. Correct pkcs11.key"),
    ],
)
def test_a_wrong_name_is_told_with_what_there_is(module, words, shown):
    words = [word.format(library=module.library) for word in words]
    code, told_ = told(*words, "--pin-file", module.pin_file)
    assert code == 1
    assert shown in told_
    assert PIN not in told_
    assert len(told_.splitlines()) == 1


@pytest.fixture
def signer(module):
    with closing(
        Pkcs11Signer(module.library, TOKEN, "gateway", pin_from_file(module.pin_file))
    ) as opened:
        yield opened


def test_a_key_whose_session_was_ended_signs_at_once(signer):
    signer._session.close()
    assert cose.verify(b"leaf", signer.sign(b"leaf"), signer.public)


def test_another_key_in_the_place_of_the_one_at_the_start_signs_nothing(module, signer):
    make_key(module.library, TOKEN, "other", pin_from_file(module.pin_file))
    signer._place = module.library, TOKEN, "other"
    signer.close()
    for _ in range(2):
        with pytest.raises(SignerAway, match="has another key than at the start"):
            signer.sign(b"leaf")


def test_a_private_key_that_is_not_the_listed_one_is_told_before_it_signs(module):
    pin = pin_from_file(module.pin_file)
    for label in ("torn", "strange"):
        make_key(module.library, TOKEN, label, pin)
    private = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    token = pkcs11.lib(str(module.library)).get_token(token_label=TOKEN)
    with token.open(user_pin=PIN, rw=True) as session:
        next(iter(session.get_objects(private | {Attribute.LABEL: "torn"}))).destroy()
        strange = next(iter(session.get_objects(private | {Attribute.LABEL: "strange"})))
        strange[Attribute.LABEL] = "torn"
    with pytest.raises(Problem, match="key torn of token ballotbox: signs with another private"):
        Pkcs11Signer(module.library, TOKEN, "torn", pin)


def test_a_wrong_pin_is_tried_once_and_traced(module, signer, tmp_path):
    wrong = tmp_path / "pin"
    wrong.write_text("1234567\n")
    wrong.chmod(0o600)
    signer.close()
    with pytest.raises(Problem, match=f"refuses the PIN .*It came from {wrong}"):
        Pkcs11Signer(module.library, TOKEN, "gateway", pin_from_file(wrong))
    signer._pin = pin_from_file(wrong)
    with pytest.raises(SignerAway, match="PinIncorrect"):
        signer.sign(b"leaf")
    with pytest.raises(SignerAway, match="refused its PIN"):
        signer.sign(b"leaf")
