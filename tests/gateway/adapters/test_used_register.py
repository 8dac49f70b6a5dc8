"""Is a register that undoes the one used last refused after a restart, too?"""

from contextlib import closing
from dataclasses import replace

import pytest

from ballotbox_gateway.adapters.trust_files import load_identity
from ballotbox_gateway.adapters.used_register import remember_register, require_follows
from ballotbox_gateway.cli.asking import asking
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.opening import create_ledger, open_existing, size_of_whole
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.election.register_changes import close_box, next_version
from ballotbox_simulator.authority import with_register
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import ORIGIN, authority
from tests.gateway.service.test_room import config

REGISTER = authority().trusted.register
BOX = REGISTER.boxes[0].box
CLOSED = close_box(next_version(REGISTER), BOX, Closure(ClosedAs.REVOKED, ()))


@pytest.fixture
def settings(tmp_path):
    return config(tmp_path)


def refused(settings, register):
    with pytest.raises(Problem) as caught:
        require_follows(settings, register)
    return str(caught.value)


def test_before_the_first_start_every_register_will_do(settings):
    require_follows(settings, REGISTER)


def test_the_same_and_a_later_one_follow(settings):
    remember_register(settings, CLOSED)
    require_follows(settings, CLOSED)
    require_follows(settings, next_version(CLOSED))


def test_an_end_undone_and_another_of_the_same_version_do_not(settings):
    remember_register(settings, REGISTER)
    remember_register(settings, CLOSED)
    assert "which version 2 closed: have it made from" in refused(
        settings, replace(REGISTER, version=3)
    )
    assert "is not the version 2 in use" in refused(settings, replace(REGISTER, version=2))


def test_an_end_put_off_or_a_lost_entry_is_refused_after_a_restart_too(settings):
    here = origin_id(ORIGIN)
    ended = close_box(next_version(REGISTER), BOX, Closure(ClosedAs.REVOKED, ((here, 12),)))
    remember_register(settings, ended)

    def with_end(reason, *positions):
        closed = Closure(reason, positions)
        boxes = (replace(e, closed=closed) if e.box == BOX else e for e in ended.boxes)
        return replace(ended, version=3, boxes=tuple(boxes))

    undone = f"undoes the end of box {BOX.hex()}, which version 2 closed"
    assert undone in refused(settings, with_end(ClosedAs.REVOKED, (here, 13)))
    elsewhere = (origin_id("elsewhere"), 1)
    assert undone in refused(settings, with_end(ClosedAs.REVOKED, (here, 12), elsewhere))
    assert undone in refused(settings, with_end(ClosedAs.UNUSED, (here, 12)))
    require_follows(settings, with_end(ClosedAs.REPLACED, (here, 11)))
    lost = replace(ended, version=3, boxes=ended.boxes[1:])
    assert "has lost an entry of box" in refused(settings, lost)


def test_a_lower_version_and_another_election_are_for_others_to_refuse(settings):
    remember_register(settings, CLOSED)
    require_follows(settings, REGISTER)
    require_follows(settings, replace(REGISTER, version=3, election=bytes(32)))


def test_what_cannot_be_kept_or_read_is_told_and_stops_nothing(settings, tmp_path, caplog):
    kept = tmp_path / "ledger.sqlite.register"
    kept.write_bytes(b"\x00")
    require_follows(settings, REGISTER)
    assert "so registers are compared by version" in caplog.text
    kept.unlink()
    kept.mkdir()
    remember_register(settings, REGISTER)
    assert "the register in use is not kept" in caplog.text


@pytest.mark.parametrize("command", ["check", "rule"])
def test_what_a_stopped_gateway_s_command_used_is_kept_as_well(tmp_path, command):
    given = authority()
    gateway = FieldGateway(tmp_path / "g", given, ORIGIN)
    gateway.configure('[mqtt]\nhost = "127.0.0.1"\nport = 1\n')
    gateway.init()
    register = gateway.folder / "register.cose"
    settings = load_installation(gateway.config).one(None)
    register.write_bytes(with_register(given, CLOSED).register)
    if command == "check":
        gateway.command("check")
    else:
        with asking(settings) as ask:
            ask(ask="rule", ruling="AAAA")
    register.write_bytes(with_register(given, replace(REGISTER, version=3)).register)
    with pytest.raises(Problem, match="which version 2 closed"), asking(settings):
        pass


def test_a_command_beside_other_processes_makes_none_of_them_use_a_newer_register(
    tmp_path, cluster, new_schema
):
    given, schema = authority(), new_schema().schema_name
    gateway = FieldGateway(tmp_path / "g", given, ORIGIN)
    mqtt = '[mqtt]\nhost = "127.0.0.1"\nport = 1\n'
    gateway.configure(cluster.table(schema), mqtt, ledger_file=None, control_socket="c.socket")
    settings = load_installation(gateway.config).one(None)
    create_ledger(settings, given.trusted)
    newer = with_register(given, CLOSED)
    (gateway.folder / "register.cose").write_bytes(newer.register)
    assert size_of_whole(settings, newer.trusted, load_identity(settings, newer.trusted)) == 0
    with asking(settings) as ask, pytest.raises(Problem, match="used by no process of this log"):
        ask(ask="rule", ruling="AAAA")
    with closing(open_existing(settings)) as ledger:
        assert ledger.binding().register_version == REGISTER.version
    assert not list(gateway.folder.rglob("*.register"))
