"""Does an office treat the road from the gateways below as one of its roads?"""

from types import SimpleNamespace

from ballotbox_gateway.adapters.roads import CarrierState
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.forks import Forks
from ballotbox_gateway.service.office import Office


class Road:
    """A road with a fault."""

    def __init__(self, name, problem=None):
        self.name = name
        self.state, self.trouble = CarrierState.DOWN, "away"
        self.watch = SimpleNamespace(remarks=[])
        self.problem = problem
        self.renewed = 0

    def renew(self):
        self.renewed += 1
        if self.problem is not None:
            raise self.problem
        return True


def office(mqtt, below):
    made = Office.__new__(Office)
    made.config = SimpleNamespace(upstream=None)
    made.reception = SimpleNamespace(mqtt=mqtt, carriers=[mqtt], holds={}, fresh=())
    made.trusted = made._follower = None
    dry = SimpleNamespace(dry=frozenset())
    made._below, made._forks = below, Forks()
    made._quotas = SimpleNamespace(boxes=dry, gateways=dry, aside=dry)
    made.read = []
    made._certificates = SimpleNamespace(status=list, read=made.read.append)
    made._watch = SimpleNamespace(look=lambda *_: {})
    return made


def test_the_screen_shows_either_road_that_is_down():
    roads = Road("boxes"), Road("gateways below")
    assert office(*roads).screen()["roads_down"] == ["boxes", "gateways below"]
    roads[1].state, roads[1].trouble = CarrierState.UP, ""
    assert office(*roads).screen()["roads_down"] == ["boxes"]


def test_a_gateway_below_that_is_over_either_quota_is_named_once():
    one = office(Road("boxes"), Road("gateways below"))
    spent = SimpleNamespace(dry=frozenset({b"a.example/b"}))
    for quotas in ({"gateways": spent}, {"aside": spent}, {"gateways": spent, "aside": spent}):
        plain = SimpleNamespace(dry=frozenset())
        one._quotas = SimpleNamespace(
            **({"boxes": plain, "gateways": plain, "aside": plain} | quotas)
        )
        assert one.screen()["over_quota"] == ["gateway a.example/b"]


def test_a_bad_file_of_one_road_leaves_the_other_its_new_ones(caplog):
    roads = Road("boxes", Problem("key", "is none", "Mend it")), Road("gateways below")
    one = office(*roads)
    one.renew_broker()
    office(*reversed(roads)).renew_broker()
    assert [road.renewed for road in roads] == [2, 2]
    assert caplog.text.count("stays as it is: key: is none. Mend it") == 2
    # The former certificate stays in use where the new files would not do.
    assert one.read == ["below.tls"]
