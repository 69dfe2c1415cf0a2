"""QR codes, as SVG that needs neither a style nor a script."""

from base64 import b64encode
from io import BytesIO


def picture(said: str) -> str:
    """A ``data:`` address for ``<img src>``: black on white, in light and in dark."""
    import segno

    out = BytesIO()
    code = segno.make(said, error="m", micro=False)
    code.save(
        out, kind="svg", scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return f"data:image/svg+xml;base64,{b64encode(out.getvalue()).decode()}"
