"""Days of a box, most of them cut short by power and resumed, and the event logs of them."""

from functools import cache

from ballotbox_device.core.event_log import event_log
from ballotbox_device.core.poll import Action
from ballotbox_simulator.disk import KEPT, LOST
from tests.device.cut_days import cut_at, operations_of, resume, run
from tests.device.polling_place import PollingPlace

GENERATED = 1_796_500_000


def log_of(place):
    return event_log(place.disk.journal.read(), GENERATED)


def events_of(place):
    (device,) = log_of(place)["Device"]
    return device["Event"]


def opened():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    return place


@cache
def whole_day():
    place = PollingPlace()
    assert run(place) is None
    return place


@cache
def cut_days():
    """Days that went to their end after a power cut, at every third operation."""
    days = []
    for operation in range(0, operations_of(), 3):
        for outcomes in ((LOST, KEPT), (KEPT, LOST), (KEPT, KEPT)):
            place, step = cut_at(operation)
            place.disk.power_off(*outcomes)
            resume(place, step, to_the_end=True)
            days.append(place)
    return days


def days():
    return [whole_day(), *cut_days()]
