"""Does somebody who knows a station by its name alone find its page, without a script?"""

import random
import re
from pathlib import Path

import pytest

from ballotbox_tabulation.site.names import in_order_of_names, initial
from ballotbox_tabulation.site.writer import write_site
from tests.tabulation.site_material import many_districts, site_of

#: In the order in which a reader of Kyrgyz or Russian looks for them; numbers come first.
ORDERED = (
    "7-мектеп",
    "12-мектеп",
    "Ак-Суу",  # noqa: RUF001
    "«Ак-Тилек»",
    "Еловка",
    "Ёлочка",
    "Жети-Өгүз",
    "Нарын",
    "Ңарын",
    "Орто-Сай",
    "Өзгөн",
    "Рабочий городок",
    "Узген",
    "Үч-Коргон",
)


def stations(names: tuple[str, ...]) -> list[dict]:
    return [{"number": number, "name": name} for number, name in enumerate(names, 1)]


def test_names_stand_where_a_reader_looks_for_them() -> None:
    shuffled = random.Random(1).sample(ORDERED, len(ORDERED))
    assert [each["name"] for each in in_order_of_names(stations(tuple(shuffled)))] == [*ORDERED]
    schools = stations(("School 10", "school 2", "School 2"))
    assert [each["number"] for each in in_order_of_names(schools)] == [2, 3, 1]


@pytest.mark.parametrize(
    ("name", "letter"),
    [("«Ак-Тилек»", "А"), ("өзгөн", "Ө"), ("12-мектеп", "0–9"), ("School", "S"), ("…", "–")],  # noqa: RUF001
)
def test_a_name_is_looked_for_under_its_first_letter(name: str, letter: str) -> None:
    assert initial(name) == letter


def test_each_station_is_two_links_from_the_list_of_letters(tmp_path: Path) -> None:
    result = many_districts(1, 130)
    names = [f"{letter}-{n:02}" for letter in "БӨВ" for n in range(50)][:130]
    for each, name in zip(result["precincts"], random.Random(2).sample(names, 130), strict=True):
        each["name"] = name
    write_site(site_of(result), tmp_path / "out")
    for code in ("en", "ky", "ru"):
        home = tmp_path / "out" / code
        page = (home / "stations.html").read_text()
        letters = dict(re.findall(r'<a href="(name/\d+\.html#station-\d+)">(\w)</a>', page))
        assert list(letters.values()) == ["Б", "В", "Ө"]  # noqa: RUF001
        found = {}
        for reference in re.findall(r'<a href="(name/\d+\.html)">', page):
            rows = re.findall(
                r'<tr id="station-(\d+)"><th scope="row"><a href="\.\./(\S+)">\d+ (\S+)</a>',
                (home / reference).read_text(),
            )
            found |= {name: (number, target) for number, target, name in rows}
        assert list(found) == sorted(names, key=lambda each: ("БВӨ".index(each[0]), each))
        for each in result["precincts"]:
            number, target = found[each["name"]]
            assert number == str(each["number"])
            assert each["name"] in (home / target).read_text()
        for reference, letter in letters.items():
            path, _, place = reference.partition("#")
            row = re.search(rf'id="{place}".*?\d+ (\S+)</a>', (home / path).read_text())
            assert row is not None
            assert row[1] == f"{letter}-00"
