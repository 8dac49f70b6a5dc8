"""The notice on a page that stays up because a newer one was refused."""

import re
from html import escape
from typing import Final

#: Around a notice, so that the next one takes its place.
_BEGIN: Final = "<!-- notice -->"
_END: Final = "<!-- end of notice -->"
_OLD: Final = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}\n?", re.DOTALL)
_BODY: Final = re.compile(r"<body[^>]*>\n?")
_STYLE: Final = (
    "margin:0;padding:.7rem 1rem;background:#fff4de;color:#1c2530;border-bottom:3px solid"
)


def with_notice(page: str, words: str) -> str:
    """Return the page with these words at its top, in place of those that stood there before."""
    bare = _OLD.sub("", page)
    notice = f'{_BEGIN}<p role="status" style="{_STYLE} #8a4b00">{escape(words)}</p>{_END}\n'
    return _BODY.sub(lambda found: found[0] + notice, bare, count=1)
