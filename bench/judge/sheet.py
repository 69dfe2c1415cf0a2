"""A contact sheet for people: one page on which many mails are seen side by side."""

import html as markup
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.judge import browser
from bench.judge.mail import Mail

_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title><style>
body {{margin: 24px; background: #777; color: #fff; font: 15px/22px sans-serif}}
section {{display: flex; align-items: flex-start; gap: 12px; overflow-x: auto; padding: 0 0 32px}}
figure {{margin: 0}} img {{display: block; width: {width}px}}
</style></head><body>
{rows}</body></html>
"""
_ROW = "<h2>{name}</h2>\n<section>\n{figures}</section>\n"
_FIGURE = (
    '<figure><figcaption>{label}</figcaption><a href="{file}"><img src="{file}" alt="{label}"'
    ' loading="lazy"></a></figure>\n'
)
_WIDTH = 360


def write_sheet(folder: Path, makers: Mapping[str, Iterable[Mail]]) -> Path:
    """Photograph each mail in each look, and write the page that shows them; returns it.

    A row is one mail in one look where there are several makers, else one mail in all looks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[str]] = {}
    with browser.eyes() as eyes:
        for maker, mails in makers.items():
            for mail in mails:
                for look, picture in eyes.pictures(mail.html):
                    file = f"{mail.name}.{look}.{maker}.png".lower().replace(" ", "-")
                    (folder / file).write_bytes(picture)
                    row, label = (f"{mail.name}, {look}", maker)
                    if len(makers) == 1:
                        row, label = mail.name, look
                    rows.setdefault(row, []).append(_figure(label, file))
    page = folder / "index.html"
    shown = "".join(
        _ROW.format(name=markup.escape(name), figures="".join(figures))
        for name, figures in rows.items()
    )
    page.write_text(_PAGE.format(rows=shown, width=_WIDTH), encoding="utf-8")
    return page


def _figure(label: str, file: str) -> str:
    return _FIGURE.format(label=markup.escape(label), file=markup.escape(file))
