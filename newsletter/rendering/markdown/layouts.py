"""The layout of blocks, put around them once their text is clean.

What authors wrote may hold no table for layout and no comment for Outlook, so neither passes the
allow-list. Elements of our own, which no Markdown can make, stand for them until here.
"""

import re

_TABLE = (
    '<table role="presentation" class="{}"{} cellpadding="0" cellspacing="0" border="0"><tbody><tr>'
)
_END = "</tr></tbody></table>\n"
_WHOLE = ' width="100%"'
_GHOST = "<!--[if mso]>{}<![endif]-->"
_HALF = '<td width="254" valign="top">'

_AROUND = {
    "<x-button>": _TABLE.format("button", "") + '<td class="press-here" align="center">',
    "</x-button>": f"</td>{_END}",
    "<x-video>": _TABLE.format("video", _WHOLE) + '<td class="poster">',
    "<x-play>": '</td></tr><tr><td class="press-here play">',
    "</x-play>": "",
    "</x-video>": f"</td>{_END}",
    "<x-columns>": _TABLE.format("columns", _WHOLE)
    + '<td class="pair">'
    + _GHOST.format(f'<table role="presentation" width="100%"><tbody><tr>{_HALF}'),
    "</x-columns>": _GHOST.format("</td></tr></tbody></table>") + f"</td>{_END}",
    "<x-column>": '<div class="half">',
    "</x-column>": "</div>",
}
_BETWEEN = re.compile(r"</x-column>\s*<x-column>")
_HEADS = re.compile(r'<thead class="heads">(.*?)</thead>', re.DOTALL)
_ANY = re.compile("|".join(map(re.escape, _AROUND)))


def laid_out(html: str) -> str:
    """The HTML of a text with the layout of its blocks."""
    parted = _BETWEEN.sub(
        "</div>" + _GHOST.format(f'</td><td width="20"></td>{_HALF}') + '<div class="half second">',
        html,
    )
    return _HEADS.sub(_heads, _ANY.sub(lambda found: _AROUND[found.group()], parted))


def _heads(found: re.Match[str]) -> str:
    """The heads of a wide table twice: Word cannot show again what is hidden from telephones."""
    return (
        f'<!--[if !mso]><!--><thead class="heads">{found[1]}</thead><!--<![endif]-->'
        f"<!--[if mso]><thead>{found[1]}</thead><![endif]-->"
    )
