"""Links as Slack, WhatsApp and X preview them, drawn side by side.

As of 2026, Slack shows the site, title, description and picture; WhatsApp the picture
above two lines of title and of description, and the host; X the picture with the title over it, or
a small square beside the title.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment

from bench.judge import browser
from bench.judge.archive.rules import card_of

_PAGE = Environment(autoescape=True).from_string("""\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Link previews</title><style>
body {margin: 24px; background: #e8e8e8; font: 15px/20px "Helvetica Neue", Arial, sans-serif}
section {display: flex; gap: 24px; align-items: flex-start; margin-bottom: 28px}
section > div {background: #fff; overflow: hidden}
img {display: block; object-fit: cover; background: #ddd}
p {margin: 0} .two {display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical;
overflow: hidden}
.slack {width: 420px; padding: 4px 12px; border-left: 4px solid #ddd}
.slack .name {font-weight: 700} .slack .title {color: #1264a3; font-weight: 700}
.slack img {width: 360px; height: 200px; margin-top: 8px; border-radius: 8px}
.slack img.small, .whatsapp img.small {width: 80px; height: 80px}
.whatsapp {width: 330px; border-radius: 8px; background: #d9fdd3 !important; padding: 4px}
.whatsapp img {width: 330px; height: 172px} .whatsapp .words {padding: 8px; background: #cdf1c8}
.whatsapp .title {font-weight: 600} .whatsapp .grey, .x .grey {color: #667781; font-size: 13px}
.x {width: 504px; border: 1px solid #cfd9de; border-radius: 16px; position: relative}
.x.large img {width: 504px; height: 264px} .x .over {position: absolute; left: 12px; bottom: 12px;
background: rgba(0,0,0,.77); color: #fff; border-radius: 4px; padding: 0 4px; max-width: 470px;
white-space: nowrap; overflow: hidden; text-overflow: ellipsis; font-size: 13px}
.x.summary {display: flex; width: 504px} .x.summary img {width: 130px; height: 130px; flex: none}
.x.summary .words {padding: 12px; align-self: center; min-width: 0}
</style></head><body>
{% for path, card in cards.items() %}
{% set large, alt = card["twitter:card"] == "summary_large_image", card["og:image:alt"] %}
{% set picture, title, about = card["og:image"], card["og:title"], card["og:description"] %}
{% set small = "" if large else "small" %}
<h2>/{{ path }}</h2>
<section>
<div class="slack" dir="auto"><p class="name">{{ card["og:site_name"] }}</p>
<p class="title">{{ title }}</p><p>{{ about }}</p>
{% if picture %}<img class="{{ small }}" src="{{ picture }}" alt="{{ alt }}">{% endif %}</div>
<div class="whatsapp" dir="auto">{% if picture %}
<img class="{{ small }}" src="{{ picture }}" alt="{{ alt }}">{% endif %}
<div class="words"><p class="title two">{{ title }}</p><p class="grey two">{{ about }}</p>
<p class="grey">{{ host }}</p></div></div>
<div class="x {{ "large" if large else "summary" }}">
{% if picture %}<img src="{{ picture }}" alt="{{ alt }}">{% endif %}
{% if large %}<p class="over" dir="auto">{{ title }}</p>{% else %}
<div class="words" dir="auto"><p class="grey">{{ host }}</p><p class="two">{{ title }}</p>
<p class="grey two">{{ about }}</p></div>{% endif %}</div>
</section>
{% endfor %}</body></html>
""")


def write_sheet(folder: Path, base: str, pages: Mapping[str, str]) -> Path:
    """Draw the previews of pages in one HTML file, photograph it, and return the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    cards = {path: card_of(text) for path, text in pages.items()}
    page = _PAGE.render(cards=cards, host=urlsplit(base).hostname)
    (folder / "previews.html").write_text(page, "utf-8")
    with browser.eyes() as eyes:
        (folder / "previews.png").write_bytes(eyes.photograph(page, width=1400))
    return folder / "previews.png"
