"""axe-core, which finds what readers stumble over who see, hear or move otherwise than most."""

from pathlib import Path
from typing import Any

import pytest

from newsletter.config import environment

_SCRIPT = Path(__file__).parents[2] / "newsletter/web/browser/node_modules/axe-core/axe.min.js"
_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_OF_COLOUR = ["color-contrast", "link-in-text-block"]
_FRUGAL = '{resultTypes: ["violations"], selectors: false, preload: {assets: ["media"]}}'
"""Only results that a test reads are computed: no passes, no paths, no style sheets."""
_RUN = f"""options => axe.run(document, {{...{_FRUGAL}, ...options}}).then(
  found => found.violations.flatMap(
    rule => rule.nodes.map(node => `${{rule.id}}: ${{node.html.slice(0, 120)}}`)))"""


def require_axe() -> str:
    """The script. Skips where it is missing, but fails in CI."""
    if _SCRIPT.is_file():
        return _SCRIPT.read_text("utf-8")
    missing = "axe-core is not installed (make setup-dev)"
    if environment().get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def violations(page: Any, *, advice: bool = True) -> list[str]:
    """Every rule that the page breaks, each with the element: ``[]`` is what we want.

    Without ``advice`` only the rules of WCAG 2.2 AA: a mail on a page has no landmarks. It works
    under a strict policy, which nothing loosens for it, and needs script in the browser.
    """
    page.evaluate(require_axe())
    options = {} if advice else {"runOnly": {"type": "tag", "values": _WCAG}}
    found: list[str] = page.evaluate(_RUN, options)
    return found


def violations_in_both(page: Any, *, advice: bool = True) -> dict[str, list[str]]:
    """Light or dark → every rule that the page breaks in it. Of those without colour once.

    The page stays dark.
    """
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    light = violations(page, advice=advice)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = page.evaluate(_RUN, {"runOnly": {"type": "rule", "values": _OF_COLOUR}})
    return {scheme: found for scheme, found in (("light", light), ("dark", dark)) if found}
