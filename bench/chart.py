"""Bar charts as SVG, with figures that can be read without colours, by day and by night."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

_WIDTH, _ROW, _TOP, _NAMES, _FIGURES = 720, 28, 44, 250, 90
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#24292f}.bar{fill:#0b5cad}.other{fill:#8c959f}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#58a6ff}.other{fill:#6e7681}}"
)


def draw(path: Path, title: str, bars: Sequence[tuple[str, float, str]], *, ours: str) -> None:
    """Write a chart of (name, length, figure). The bars whose name contains ``ours`` stand out."""
    longest = max(length for _, length, _ in bars)
    height = _TOP + _ROW * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text x="0" y="20" font-weight="600">{escape(title)}</text>',
    ]
    for place, (name, length, figure) in enumerate(bars):
        y, width = _TOP + _ROW * place, max(1, (_WIDTH - _NAMES - _FIGURES) * length / longest)
        kind = "bar" if ours in name else "other"
        parts += [
            f'<text x="0" y="{y + 15}">{escape(name)}</text>',
            f'<rect class="{kind}" x="{_NAMES}" y="{y}" width="{width:.0f}" height="20" rx="2"/>',
            f'<text x="{_NAMES + width + 8:.0f}" y="{y + 15}">{escape(figure)}</text>',
        ]
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
