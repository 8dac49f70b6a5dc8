"""Do officers' tokens open what they are for, and does the file give none of them away?"""

import stat

import pytest

from ballotbox_gateway.adapters.token_file import new_token, officer_with, without_token
from ballotbox_gateway.problem import Problem


@pytest.fixture
def path(tmp_path):
    return tmp_path / "screen.tokens"


def test_a_token_is_its_officers_however_it_is_typed(path):
    aigul, bakyt = new_token(path, "Aigul"), new_token(path, "Bakyt uulu")
    assert aigul != bakyt
    assert officer_with(path, aigul) == "Aigul"
    assert officer_with(path, f" {bakyt.lower().replace('-', ' ')} ") == "Bakyt uulu"
    assert officer_with(path, aigul[:-1]) is None
    assert officer_with(path, "") is None


def test_a_new_token_ends_the_former_one_of_its_name_alone(path):
    former, other = new_token(path, "Aigul"), new_token(path, "Bakyt")
    newer = new_token(path, "Aigul")
    assert officer_with(path, former) is None
    assert officer_with(path, newer) == "Aigul"
    assert officer_with(path, other) == "Bakyt"
    without_token(path, "Aigul")
    assert officer_with(path, newer) is None
    assert officer_with(path, other) == "Bakyt"


def test_the_file_is_its_owners_and_holds_no_token(path):
    token = new_token(path, "Aigul")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token.replace("-", "") not in path.read_text().upper()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["", " Aigul", "A\nB", "x" * 65])
def test_a_name_that_would_spoil_the_file_is_refused(path, name):
    with pytest.raises(Problem, match="name: must be 1 to 64 printable characters"):
        new_token(path, name)
    assert not path.exists()


def test_who_has_no_token_cannot_lose_it(path):
    new_token(path, "Aigul")
    with pytest.raises(Problem, match=r"'Bakyt' has no token\. Write one of: Aigul"):
        without_token(path, "Bakyt")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, r"there is no such file\. Make it with `ballotbox-gateway screen token NAME`"),
        (b"\xff", "cannot be read as text"),
        (b"secret\n", r"is no file of tokens\. Put it away"),
    ],
)
def test_a_file_that_is_none_is_named_and_left_as_it_is(path, data, words):
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Problem, match=words) as caught:
        officer_with(path, "AAAA")
    assert caught.value.where == str(path)
    if data is not None:
        with pytest.raises(Problem, match=words):
            new_token(path, "Aigul")
        assert path.read_bytes() == data


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Problem, match="Name a file in a folder that is there"):
        new_token(tmp_path / "none" / "tokens", "Aigul")
