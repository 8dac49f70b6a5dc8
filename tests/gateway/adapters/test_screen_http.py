"""Do the doors of the screen show it to everybody, and let officers of this machine alone mark?"""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import urllib3

from ballotbox_gateway.adapters import screen_http
from ballotbox_gateway.adapters.token_file import new_token
from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_gateway.service.screen_board import STALE_S
from ballotbox_gateway.service.screen_site import FRESH_S
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.room_stage import Office, precinct, room

K = ReportKind
pool = urllib3.PoolManager(retries=False, timeout=30)


@pytest.fixture
def opened(tmp_path):
    path = tmp_path / "screen.tokens"
    token = new_token(path, "Aigul")
    with room(token_file=path) as made:
        made.token = token
        for kind in (K.BOOT, K.ZERO, K.OPEN):
            made.office.report(1, kind)
        made.office.report(1, K.TURNOUT, accept=41)
        yield made


def get(url, status=200, **headers):
    answer = pool.request("GET", url, headers=headers, redirect=False)
    assert answer.status == status, answer.data
    return answer


def page(url, status=200, **headers):
    return get(url, status, **headers).data.decode()


def post(url, status, origin=None, **fields):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if origin is not None:
        headers["Origin"] = origin
    answer = pool.request("POST", url, body=urlencode(fields), headers=headers, redirect=False)
    assert answer.status == status, answer.data
    return answer


def alarm_of(text):
    return re.search(r"seen\?alarm=([0-9a-f]{16})", text)[1]


def test_both_doors_show_the_same_boxes_and_the_banner(opened):
    for door in (opened.local, opened.phone):
        shown = page(f"{door}/room")
        assert ">REHEARSAL</strong>" in shown
        assert "<span>Open</span>" in shown
        assert "<dd>41</dd>" in shown
        assert "All is well" in shown
        assert page(f"{door}/room/election/live").strip() in shown
        for name in ("screen.css", "screen.js"):
            assert get(f"{door}/room/{name}").data
        assert "there is none of that name" in page(f"{door}/room/other", 400)
    assert get(f"{opened.phone}/", 307).headers["Location"] == "/room"


def test_an_official_election_has_no_banner(opened):
    opened.office.says["mode"] = "official"
    assert "banner" not in page(f"{opened.phone}/room")


def test_the_page_works_without_its_script_and_asks_for_nothing_elsewhere(opened):
    shown = page(f"{opened.phone}/room")
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in shown
    asked = re.findall(r'(?:href|src|action)="([^"#]+)"', shown)
    assert asked
    assert not [each for each in asked if not each.startswith("/room")]
    for path in ("/room", "/room/election/live", "/room/screen.css", "/room/other"):
        headers = pool.request("GET", opened.phone + path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"


def test_the_language_is_that_of_the_address_then_of_the_cookie_then_of_the_browser(opened):
    answer = get(f"{opened.phone}/room?lang=ky")
    assert '<html lang="ky">' in answer.data.decode()
    assert "эне тилинде сүйлөгөн адам али окуй элек" in answer.data.decode()
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("lang=ky;")
    assert "SameSite=strict" in cookie
    assert '<html lang="ky">' in page(f"{opened.phone}/room", Cookie="lang=ky")
    browser = {"Accept-Language": "ru-RU,ru;q=0.9"}
    assert '<html lang="ru">' in page(f"{opened.phone}/room", **browser)
    assert '<html lang="ky">' in page(f"{opened.phone}/room", Cookie="lang=ky", **browser)
    assert '<html lang="en">' in page(f"{opened.phone}/room?lang=%0d%0a")


def test_what_happens_is_shown_after_a_second(opened):
    assert "All is well" in page(f"{opened.phone}/room")
    opened.office.says["disk_full"] = True
    assert "All is well" in page(f"{opened.phone}/room/election/live")
    opened.seconds += FRESH_S
    assert "To do: 1" in page(f"{opened.phone}/room/election/live")


def test_many_phones_cost_the_gateway_one_look(opened):
    with ThreadPoolExecutor(8) as phones:
        answers = list(phones.map(lambda _: page(f"{opened.phone}/room/election/live"), range(40)))
    assert len(set(answers)) == 1
    assert opened.office.asked == 1


def test_a_phone_holds_no_place_at_the_door(opened):
    assert get(f"{opened.phone}/room/election/live").headers["Connection"] == "close"
    assert "Connection" not in get(f"{opened.local}/room/election/live").headers


def test_an_officer_of_this_machine_marks_an_alarm_with_a_token(opened):
    opened.office.says["disk_full"] = True
    shown = page(f"{opened.local}/room")
    alarm, seen = alarm_of(shown), f"{opened.local}/room/election/seen"
    assert "The disk is full" in page(f"{seen}?alarm={alarm}")
    wrong = post(seen, 403, opened.local, alarm=alarm, token="AAAA-BBBB-CCCC-DDDD")
    assert "This is no officer&#39;s token" in wrong.data.decode()
    assert "To do: 1" in page(f"{opened.local}/room")
    typed = opened.token.lower().replace("-", " ")
    assert post(seen, 303, opened.local, alarm=alarm, token=typed).headers["Location"] == (
        "/room/election"
    )
    opened.seconds += FRESH_S
    for door in (opened.local, opened.phone):
        assert "Seen by Aigul, " in page(f"{door}/room")
    assert "Everything to do has been seen" in page(f"{opened.local}/room")


def test_an_alarm_that_is_over_cannot_be_marked(opened):
    gone = post(
        f"{opened.local}/room/election/seen", 400, opened.local, alarm="0" * 16, token=opened.token
    )
    assert "alarm: is over, or has changed. Go back to the screen" in gone.data.decode()


def test_nothing_is_marked_from_another_site_or_by_the_door_for_phones(opened):
    opened.office.says["disk_full"] = True
    alarm = alarm_of(page(f"{opened.local}/room"))
    fields = {"alarm": alarm, "token": opened.token}
    seen = "/room/election/seen"
    told = post(opened.local + seen, 400, "http://elsewhere.example", **fields)
    assert "comes from another page" in told.data.decode()
    assert post(opened.local + seen, 400, None, **fields)
    assert page(f"{opened.local}/room", 400, Host="rebound.example")
    post(opened.phone + seen, 404, opened.phone, **fields)
    assert "seen?alarm" not in page(f"{opened.phone}/room")
    assert "To do: 1" in page(f"{opened.local}/room")
    assert pool.request("POST", f"{opened.phone}/room", redirect=False).status == 405


def test_a_body_that_is_too_long_is_refused(opened):
    seen = f"{opened.local}/room/election/seen"
    assert post(seen, 413, opened.local, token="A" * screen_http._BODY_MAX)


def test_without_tokens_nothing_can_be_marked():
    with room() as opened:
        opened.office.says["disk_full"] = True
        shown = page(f"{opened.local}/room")
        assert "The disk is full" in shown
        assert "seen?alarm" not in shown
        alarm = "0" * 16
        told = post(f"{opened.local}/room/election/seen", 400, opened.local, alarm=alarm)
        assert "Name a file in screen.token_file" in told.data.decode()


def test_elections_are_listed_apart(tmp_path):
    dress, day = Office(precinct()), Office(precinct())
    day.says |= {"election": "The day <b>itself</b>", "mode": "official"}
    with room({"dress": dress, "day": day}) as opened:
        listed = page(f"{opened.phone}/room?lang=ru")
        assert listed.index('href="/room/dress"') < listed.index('href="/room/day"')
        assert "The day &lt;b&gt;itself" in listed
        assert listed.count("<strong>РЕПЕТИЦИЯ</strong>") == 1
        assert "banner" in page(f"{opened.phone}/room/dress")
        assert "banner" not in page(f"{opened.phone}/room/day")


def test_what_a_gateway_says_of_others_is_only_text(opened):
    opened.office.says["roads_down"] = ["<script>alert(1)</script> {election}"]
    shown = page(f"{opened.phone}/room")
    assert "<script>alert" not in shown
    assert "No connection: &lt;script&gt;alert(1)&lt;/script&gt; {election}" in shown


def test_a_ledger_that_cannot_be_read_leaves_the_last_board_and_says_that_it_is_old(opened):
    assert "<dd>41</dd>" in page(f"{opened.phone}/room")

    def sick():
        raise LedgerFailure("gone")

    opened.office.screen = sick
    opened.office.now += STALE_S
    opened.seconds += FRESH_S
    assert "What is shown is old" not in page(f"{opened.phone}/room/election/live")
    opened.office.now += 1
    opened.seconds += FRESH_S
    assert "What is shown is old" in page(f"{opened.phone}/room/election/live")
    assert "<dd>41</dd>" in page(f"{opened.phone}/room")


def test_a_gateway_that_never_answered_says_so():
    with room() as opened:

        def sick():
            raise LedgerFailure("gone")

        opened.office.screen = sick
        told = page(f"{opened.phone}/room", 503)
        assert "the ledger cannot store anything now" in told
