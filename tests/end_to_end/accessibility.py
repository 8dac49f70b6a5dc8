"""What axe-core, an accessibility checker from npm, finds wrong with an open page."""

import json

#: What a checker must find nothing of: the success criteria of WCAG 2.2, and good practice.
CHECKED = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page, axe):
    """Return the rules that a page breaks, and where; `axe` is the source of the checker."""
    page.evaluate(axe)
    options = json.dumps({"runOnly": CHECKED})
    found = page.evaluate(f"axe.run(document, {options})")["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]
