"""The pages of a site, as the tests read them."""

from html.parser import HTMLParser

from ballotbox_tabulation.site.writer import write_site
from tests.tabulation.site_material import files_of, site_of

_VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Reads a page strictly: what is opened is closed, ids are unique, references stay inside."""

    def __init__(self, data):
        super().__init__(convert_charrefs=True)
        self.stack, self.ids, self.references, self.tags, self.words = [], [], [], [], []
        self.feed(data.decode())
        self.close()
        assert self.stack == []
        assert len(set(self.ids)) == len(self.ids)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.tags.append((tag, told))
        self.ids += [told["id"]] if "id" in told else []
        self.references += [told[name] for name in ("href", "src") if name in told]
        for name in ("aria-labelledby",):
            self.references += [f"#{each}" for each in told.get(name, "").split()]
        assert not [name for name in told if name.startswith("on") or name == "action"]
        if tag not in _VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def written(result, folder, proofs=None, **changes):
    write_site(site_of(result, **changes), folder, proofs)
    return {name: Page(data) for name, data in files_of(folder).items() if name.endswith(".html")}


def station(pages, number, code="en"):
    return pages[f"{code}/station/0/{number}.html"].text
