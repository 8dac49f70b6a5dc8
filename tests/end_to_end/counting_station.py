"""A gateway's counts by hand as two officers make them, and the printed codes read again."""

import re
from contextlib import chdir
from html import unescape

import zxingcpp
from click.testing import CliRunner
from PIL import Image, ImageDraw

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.cli import main
from tests.house_law import TEXT

#: A door is needed, though nothing comes by it here.
SERIAL = '[[serial]]\nport = "socket://127.0.0.1:9"'
#: Of the district in precinct 1, whose four options share 100 ballots.
LINES = {"1": "105", "1a": "5"}
VOTES = ("60", "30", "10", "0")


class Station:
    """What officers do at a gateway."""

    def __init__(self, gateway, officers) -> None:
        self.gateway = gateway
        self.officers = officers

    def said(self, *words, typed=None, code=0):
        with chdir(self.gateway.folder):
            done = CliRunner().invoke(main, ["hand-count", *words], input=typed)
        assert done.exit_code == code, (done.output, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def form(self, contest="1", **changes):
        """Write a form and fill it in."""
        path = self.gateway.folder / "count.toml"
        self.said("form", "1", "--contest", contest, "-o", "count.toml")
        values = iter([*(LINES | changes).values()][:2] + list(changes.get("votes", VOTES)))
        text = re.sub(r'= ""', lambda _: f"= {next(values)}", path.read_text())
        path.write_text(text)
        return path

    def enter(self, *words, code=0):
        return self.said("enter", "count.toml", *words, *self.officers, code=code)


def counting_station(gateway, election, folder) -> Station:
    """A gateway that knows the house law, and the words for two officers without passphrases."""
    (gateway.folder / "house.toml").write_text(TEXT)
    gateway.configure('laws = ["house.toml"]', SERIAL)
    gateway.init()
    words = []
    for number in range(2):
        key = folder / f"officer{number}.key"
        write_key(key, election.officer_keys[number], None)
        words += ["--officer-key", str(key)]
    return Station(gateway, words)


def printed(station, *words):
    station.said("print", "1", "-o", "count.html", *words)
    return (station.gateway.folder / "count.html").read_text("utf-8")


def parts_in(page: str) -> list[str]:
    """The texts of the codes, read from the drawings of one copy by a foreign reader."""
    found = dict.fromkeys(re.findall(r"<svg.*?</svg>", page))
    texts = []
    for drawing in found:
        image = _raster(drawing)
        (code,) = zxingcpp.read_barcodes(image)
        texts.append(code.text)
    return texts


def _raster(drawing: str):
    """The modules of a drawing, as a picture."""
    path = unescape(re.search(r' d="([^"]+)"', drawing)[1])
    steps = re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path)
    size, x, y = 160, 0.0, 0.0
    image = Image.new("L", (size * 4, size * 4), 255)
    pen = ImageDraw.Draw(image)
    for kind, first, second in steps:
        if kind == "h":
            length = float(first)
            pen.rectangle((x * 4, (y - 0.5) * 4, (x + length) * 4 - 1, (y + 0.5) * 4 - 1), fill=0)
            x += length
        elif kind == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    return image
