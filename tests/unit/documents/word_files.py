"""Word files for tests, with no more in them than Word needs to open them."""

import io
import zipfile
from xml.sax.saxutils import escape

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_P = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_XMLNS = (
    f'xmlns:w="{_W}" xmlns:r="{_R}" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
_STYLES = {
    "Title": "Title",
    "Heading1": "heading 1",
    "Heading2": "heading 2",
    "Quote": "Quote",
    "ListParagraph": "List Paragraph",
    "Unseen": "Unseen",
    "UnseenToo": "Unseen too",
}
_LOOKS = {"Unseen": "<w:rPr><w:vanish/></w:rPr>", "UnseenToo": '<w:basedOn w:val="Unseen"/>'}


def run(text: str, *, bold: bool = False, italic: bool = False) -> str:
    marks = ("<w:b/>" if bold else "") + ("<w:i/>" if italic else "")
    return f'<w:r><w:rPr>{marks}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(*runs: str, style: str = "", numbered: str = "", level: int = 0) -> str:
    looks = f'<w:pStyle w:val="{style}"/>' if style else ""
    if numbered:
        looks += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{numbered}"/></w:numPr>'
    return f"<w:p><w:pPr>{looks}</w:pPr>{''.join(runs)}</w:p>"


def table(*rows: tuple[str, ...]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def link(identity: str, *runs: str) -> str:
    return f'<w:hyperlink r:id="{identity}">{"".join(runs)}</w:hyperlink>'


def picture(description: str) -> str:
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="a" descr="{escape(description)}"/>'
        '<a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:embed="rIdPicture"/>'
        "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def docx(
    *body: str,
    links: dict[str, str] | None = None,
    footnotes: tuple[str, ...] = (),
    header: str = "",
    extra: dict[str, bytes] | None = None,
    document: str = "",
    media: bytes = b"no picture",
) -> bytes:
    """A Word file of these paragraphs. Lists have the numbers 1 (bullets) and 2 (figures)."""
    notes = "".join(
        f'<w:footnote w:id="{n}">{paragraph(run(text))}</w:footnote>'
        for n, text in enumerate(footnotes, start=1)
    )
    relations = "".join(
        f'<Relationship Id="{key}" Type="{_R}/hyperlink" Target="{escape(target)}" '
        'TargetMode="External"/>'
        for key, target in (links or {}).items()
    )
    for key, kind, target in (
        ("rIdStyles", "styles", "styles.xml"),
        ("rIdNumbers", "numbering", "numbering.xml"),
        ("rIdNotes", "footnotes", "footnotes.xml"),
        ("rIdPicture", "image", "media/a.png"),
    ):
        relations += f'<Relationship Id="{key}" Type="{_R}/{kind}" Target="{target}"/>'
    parts = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="png" ContentType="image/png"/>'
            f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>'
            "</Types>"
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{_P}"><Relationship Id="r" Type="{_R}/officeDocument" '
            'Target="word/document.xml"/></Relationships>'
        ),
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_P}">{relations}</Relationships>',
        "word/document.xml": document
        or f"<w:document {_XMLNS}><w:body>{''.join(body)}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {_XMLNS}>{''.join(map(_style, _STYLES))}</w:styles>",
        "word/numbering.xml": _numbering(),
        "word/footnotes.xml": f"<w:footnotes {_XMLNS}>{notes}</w:footnotes>",
    }
    if header:
        parts["word/header1.xml"] = f"<w:hdr {_XMLNS}>{paragraph(run(header))}</w:hdr>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, data in ({"word/media/a.png": media} | (extra or {})).items():
            archive.writestr(name, data)
    return packed.getvalue()


def _style(identity: str) -> str:
    said = f'<w:name w:val="{_STYLES[identity]}"/>{_LOOKS.get(identity, "")}'
    return f'<w:style w:type="paragraph" w:styleId="{identity}">{said}</w:style>'


def _numbering() -> str:
    kinds = {"1": "bullet", "2": "decimal"}
    levels = {
        key: "".join(f'<w:lvl w:ilvl="{n}"><w:numFmt w:val="{kind}"/></w:lvl>' for n in range(3))
        for key, kind in kinds.items()
    }
    abstract = "".join(
        f'<w:abstractNum w:abstractNumId="{key}">{text}</w:abstractNum>'
        for key, text in levels.items()
    )
    numbers = "".join(
        f'<w:num w:numId="{key}"><w:abstractNumId w:val="{key}"/></w:num>' for key in kinds
    )
    return f"<w:numbering {_XMLNS}>{abstract}{numbers}</w:numbering>"
