"""From three officers with one key each to a gateway that serves: what do they type and read?"""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_gateway.adapters.key_files import public_part
from ballotbox_gateway.cli import main
from tests.gateway.scripted import ORIGIN

GATEWAY = "11c7a8aa7af4a625cf54f35714c68407a458d05e5c4144b3230a2f2496019dee"
OFFICERS = {"asanova": "A. Asanova", "bakirov": "B. Bakirov", "chynara": "C. Chynara uulu"}
SIGNERS = re.compile(r"^register_signers = .*$", re.MULTILINE)


def told(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exception is None or done.exit_code in (1, 2), done.exception
    return done.exit_code, done.stdout + done.stderr


def well(*words):
    code, shown = told(*words)
    assert code == 0, shown
    return shown


def fault(*words):
    code, shown = told(*words)
    assert code == 1, shown
    assert len(shown.splitlines()) == 1, shown
    return shown


@pytest.fixture
def table(tmp_path, repository, monkeypatch):
    """Three officers' folders, each with a key that no other folder has, and the drafter's own."""
    monkeypatch.chdir(tmp_path)
    for name, known_as in OFFICERS.items():
        Path(name).mkdir()
        well("keys", "new", f"{name}/own.key", "--unprotected")
        card = f"{name}.card"
        well("ceremony", "card", "--key", f"{name}/own.key", "--name", known_as, "-o", card)
    examples = repository / "docs" / "examples"
    source = (examples / "election.toml").read_text()
    Path("election.toml").write_text(SIGNERS.sub("", source))
    shutil.copy(examples / "register.toml", tmp_path)
    return tmp_path


def drafted(needed=2, names=tuple(OFFICERS), more=()):
    cards = [word for name in names for word in ("--card", f"{name}.card")]
    words = ("election.toml", *cards, "--needed", needed, "-o", "e.draft", *more)
    return told("ceremony", "draft", *words)


def signed(name, draft, output, *more):
    words = ("ceremony", "sign", draft, "--key", f"{name}/own.key", "-o", output, *more)
    return told(*words)


def of(shown, field):
    return next(line.split(maxsplit=1)[1] for line in shown.splitlines() if line.startswith(field))


def made(*names):
    """The definition signed by these officers; returns root and fingerprint."""
    code, shown = drafted()
    assert code == 0, shown
    for name in names:
        assert signed(name, "e.draft", f"e.{name}")[0] == 0
    well("ceremony", "join", *(f"e.{name}" for name in names), "-o", "election.cose")
    return of(shown, "root"), of(shown, "fingerprint")


def under(root):
    return "--election", "election.cose", "--root", root


def test_two_of_three_make_the_root_and_the_register_and_all_tools_show_one_fingerprint(table):
    root, fingerprint = made("chynara", "asanova")
    assert root.startswith("rehearsal:shared:")
    assert re.fullmatch(r"([0-9A-Z]{6} ){3}[0-9A-Z]{6}", fingerprint)
    well("keys", "new", "gateway.key", "--unprotected")
    text = Path("register.toml").read_text()
    Path("register.toml").write_text(text.replace(GATEWAY, public_part(Path("gateway.key")).hex()))
    well("register", "draft", "register.toml", *under(root), "-o", "r.draft")
    said = well("ceremony", "show", "r.draft", *under(root))
    assert re.search(r"^officer +[0-9a-f]{16}… .* in ", said, re.MULTILINE)
    for name in ("asanova", "bakirov"):
        assert signed(name, "r.draft", f"r.{name}", *under(root))[0] == 0
    joined = well("ceremony", "join", "r.bakirov", "r.asanova", *under(root), "-o", "register.cose")
    assert of(joined, "fingerprint") == fingerprint
    assert "signed by    A. Asanova, B. Bakirov\n" in joined
    shown = well("register", "show", "register.cose", *under(root))
    assert of(shown, "fingerprint") == fingerprint
    assert "epoch 0 replaced from leaf 120 of rehearsal.example/precinct, leaf 480 of" in shown
    Path("gateway.toml").write_text(
        f'root = "{root}"\nelection_file = "election.cose"\nregister_file = "register.cose"\n'
        f'origin = "{ORIGIN}"\nkey_file = "gateway.key"\nledger_file = "ledger.sqlite"\n'
        '[[serial]]\nport = "/dev/no-such-port"\n'
    )
    well("init")
    assert f"ok    fingerprint: {fingerprint}, as on the poster\n" in told("check")[1]


def test_the_officers_read_who_signed_and_who_is_to_go(table):
    _, shown = drafted()
    assert shown.splitlines()[-4:] == [
        "-            A. Asanova",
        "-            B. Bakirov",
        "-            C. Chynara uulu",
        "2 of 3 must sign: 2 to go",
    ]
    _, shown = signed("bakirov", "e.draft", "e.1")
    assert shown.splitlines()[-3:-1] == ["signed       B. Bakirov", "-            C. Chynara uulu"]
    assert shown.endswith("2 of 3 must sign: 1 to go\n")
    _, shown = signed("asanova", "e.1", "e.2")
    assert shown.endswith("complete with `ballotbox-gateway ceremony join`\n")
    assert well("ceremony", "show", "e.2") == shown


def test_nobody_completes_alone_and_nobody_counts_twice(table):
    drafted()
    signed("asanova", "e.draft", "e.a")
    alone = fault("ceremony", "join", "e.a", "-o", "election.cose")
    assert "1 of 2 signatures are there" in alone
    assert alone.endswith(
        "`ballotbox-gateway ceremony sign` adds one of: B. Bakirov, C. Chynara uulu\n"
    )
    signed("asanova", "e.draft", "e.again")
    twice = fault("ceremony", "join", "e.a", "e.again", "-o", "election.cose")
    assert "1 of 2 signatures are there" in twice
    code, shown = signed("asanova", "e.a", "e.aa")
    assert code == 1
    assert "A. Asanova has signed this already. One person counts once" in shown
    assert not Path("election.cose").exists()
    assert not Path("e.aa").exists()


def test_a_stranger_s_key_and_a_changed_draft_are_refused(table):
    drafted()
    Path("stranger").mkdir()
    well("keys", "new", "stranger/own.key", "--unprotected")
    code, shown = signed("stranger", "e.draft", "e.s")
    assert code == 1
    assert "--key: is of nobody who may sign this. Those who may: A. Asanova, B. Bakirov" in shown
    signed("asanova", "e.draft", "e.a")
    text = Path("election.toml").read_text()
    Path("election.toml").write_text(text.replace("votes_allowed = 3", "votes_allowed = 2"))
    _, other = drafted()
    signed("bakirov", "e.draft", "e.b")
    shown = fault("ceremony", "join", "e.a", "e.b", "-o", "election.cose")
    assert shown.startswith(
        "Error: e.b: says something else than the first. All must sign the same"
    )
    poster = of(well("ceremony", "show", "e.a"), "fingerprint")
    assert of(other, "fingerprint") != poster
    shown = fault("ceremony", "show", "e.b", "--fingerprint", poster)
    assert "is that of another election" in shown
    assert shown.endswith("Do not sign: ask who drafted it\n")
    assert "was mistyped" in fault(
        "ceremony", "show", "e.a", "--fingerprint", poster[1] + poster[1:]
    )
    well("ceremony", "show", "e.a", "--fingerprint", poster.lower())


def test_a_ceremony_that_would_be_one_person_s_is_refused(table):
    for needed, names, where in (
        (1, tuple(OFFICERS), "--needed: must be from 2"),
        (4, tuple(OFFICERS), "election.toml: signers_needed: must be from 1"),
        (2, ("asanova", "asanova"), "election.toml: register_signers: two entries share the key"),
    ):
        code, shown = drafted(needed, names)
        assert code == 1, shown
        assert where in shown
    Path("bakirov.card").write_bytes(Path("bakirov.card").read_bytes()[:-1] + b"\x00")
    _, shown = drafted()
    assert "bakirov.card: is no key card (card: the signature does not verify)" in shown
    assert not Path("e.draft").exists()


def test_one_signer_s_register_is_refused_where_two_must(table):
    root, _ = made("asanova", "bakirov")
    words = (
        "register",
        "sign",
        "register.toml",
        *under(root),
        "--key",
        "asanova/own.key",
        "-o",
        "r",
    )
    shown = fault(*words)
    assert "2 signers must sign its registers. Use `ballotbox-gateway register draft`" in shown
    well("register", "draft", "register.toml", *under(root), "-o", "r.draft")
    assert "is a register. Give --election and --root" in fault("ceremony", "show", "r.draft")
    assert "is --root the right one?" in fault(
        "ceremony", "show", "r.draft", *under("rehearsal:shared:" + "0" * 64)
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'register_signers = ["{GATEWAY}"]\n', "register_signers: are not the holders"),
        ("signers_needed = 1\n", "signers_needed: is 1, fewer than --needed 2"),
    ],
)
def test_registers_go_to_others_than_the_holders_only_where_it_is_said_and_shown(table, line, said):
    _, shown = drafted()
    holders = "signed by 2 of 3: A. Asanova, B. Bakirov, C. Chynara uulu"
    assert of(shown, "registers") == holders
    source = Path("election.toml")
    source.write_text(line + source.read_text())
    code, shown = drafted()
    assert code == 1
    assert said in shown
    _, shown = drafted(more=("--other-signers",))
    assert of(shown, "registers").startswith("signed by 1 of ")
    assert ("(holds no part of the root)" in shown) == ("register_signers" in line)
    assert well("ceremony", "show", "e.draft") == shown
