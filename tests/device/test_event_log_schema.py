"""Are event logs and their documentation as the published schema says, and fit each other?"""

import jsonschema
import pytest

from ballotbox_device.core.event_log import event_documentation
from tests.device.logged_days import GENERATED, days, log_of, opened
from tests.device.nist_schemas import EVENTS, checker
from tests.device.polling_place import PollingPlace, identity_of


def test_the_logs_are_as_the_schema_says(shared):
    schema = checker(shared, EVENTS)
    for place in days():
        schema.validate(log_of(place))


def documentation():
    return event_documentation(identity_of(PollingPlace().authority).firmware, GENERATED)


def test_the_documentation_is_as_the_schema_says(shared):
    checker(shared, EVENTS).validate(documentation())


def test_the_documentation_explains_what_the_logs_say_of_the_same_firmware():
    explained = documentation()
    ids = {each["Id"] for each in explained["EventIdDescription"]}
    types = {each["Type"] for each in explained["EventTypeDescription"]}
    for place in days():
        log = log_of(place)
        assert {event["Id"] for event in log["Device"][0]["Event"]} <= ids
        assert {event["Type"] for event in log["Device"][0]["Event"]} <= types
        assert log["Device"][0]["Version"] == explained["DeviceVersion"]
    assert explained["GeneratedDate"] == "2026-12-05"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event.pop("TimeStamp"),
        lambda event: event.update(TimeStamp="noon"),
        lambda event: event.update(Sequence=1),
        lambda event: event.update(Disposition="good"),
        lambda event: event.update(Choice="A"),
    ],
)
def test_the_schema_refuses_what_is_spoilt(shared, spoil):
    log = log_of(opened())
    spoil(log["Device"][0]["Event"][0])
    with pytest.raises(jsonschema.ValidationError):
        checker(shared, EVENTS).validate(log)
