"""Recognise blocks for which Markdown has no mark, by how authors write them.

A paragraph that is one bold link is a button. A quotation that ends with a dash and a name has an
author. A list of links to files is a list of downloads (docs/decisions/0023-blocks.md). Other
programs show ordinary Markdown.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from markdown_it.token import Token

from newsletter.rendering.markdown.faults import image_size
from newsletter.rendering.markdown.tables import bold_tokens, paragraph_of, tables_in, text_of
from newsletter.tables import load_table

_MIN_LEAD_WIDTH = 600
_LONG_WORD_CHARS = 30
"""Letters of a word that fit on a button on every telephone."""
_MAX_PULL_QUOTE_CHARS = 240
"""The longest quotation that is set large, in characters."""
_TEXT_VARIATION = "\ufe0e"
"""A character that keeps telephones from showing the sign before it as a picture."""
_MIN_PROSE_CHARS = 60
"""The shortest cell that makes its table two columns of text, in characters."""

_BREAKS = {"softbreak", "hardbreak"}
_DASH_PATTERN = re.compile(r"(?:—|–|―|-{2,3})[ \u00a0]?(?=[^\s—–-])")
_FILE_SIZE_PATTERN = re.compile(r" ?[(\[]([^()\[\]]{1,60})[)\]]\.?$")
_TABLES = load_table("newsletter.rendering.markdown", "blocks.yaml")
_FILE_SUFFIX_PATTERN = re.compile(rf"\.({'|'.join(_TABLES['files'])})$", re.IGNORECASE)
_VIDEO_FILE_PATTERN = re.compile(r"\.(?:mp4|mov|webm|m4v)$", re.IGNORECASE)
_CREDIT_PATTERN = re.compile(
    r"(?:(?<=^)|(?<=[.!?…”»\")] )|(?<= [|–—] )|(?<=\())"
    rf"(?:(?:{'|'.join(_TABLES['credits'])})\b[^.]{{0,20}}?(?::|\bby\b|\bof\b|\bde\b|/)"
    r"|©|\(c\)).{1,120}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Span:
    """The tokens of a block, with those that open and close it."""

    tokens: tuple[Token, ...]

    @property
    def kind(self) -> str:
        return self.tokens[0].type.removesuffix("_open")

    @property
    def line(self) -> list[Token]:
        """Return the inline tokens of a block that is one run of text, else []."""
        if len(self.tokens) != 3 or self.tokens[1].type != "inline":
            return []
        return self.tokens[1].children or []


def recognise_blocks(
    tokens: Sequence[Token], video_label: str, *, is_rtl: bool = False
) -> list[Token]:
    """Return the tokens with the recognised blocks in place of what the author wrote.

    ``video_label`` labels a video without a title. ``is_rtl`` text runs from right to left.
    """
    result: list[Token] = []
    for number, span in enumerate(split_blocks(tokens)):
        rule = _BLOCK_RULES.get(span.kind)
        replacement = rule(span) if rule else None
        if replacement is None and span.kind == "paragraph":
            replacement = _video(span, video_label, is_rtl=is_rtl)
            replacement = _standfirst(span) if replacement is None and number == 0 else replacement
        result += span.tokens if replacement is None else replacement
    return list(_with_figures(list(_split_paragraphs(result))))


def split_blocks(tokens: Sequence[Token]) -> Iterator[Span]:
    pending: list[Token] = []
    depth = 0
    for token in tokens:
        pending.append(token)
        depth += token.nesting
        if depth == 0:
            yield Span(tokens=tuple(pending))
            pending = []
    if pending:  # a block that never closes stays as it is
        yield Span(tokens=tuple(pending))


def _types(children: Sequence[Token]) -> list[str]:
    return [child.type for child in children if child.type != "text" or child.content.strip()]


def _wrap(kind: str, content: Sequence[Token], **attributes: str) -> list[Token]:
    """Wrap tokens in a block that ``to_html`` writes as a layout of its own."""
    opening = Token(f"{kind}_open", f"x-{kind}", 1, block=True, attrs=dict(attributes))
    return [opening, *content, Token(f"{kind}_close", f"x-{kind}", -1, block=True)]


def _with_class(token: Token, kind: str) -> Token:
    return token.copy(attrs={**token.attrs, "class": kind})


# --- one rule for each kind of block; None if the text is not such a block ---


def _button(span: Span) -> list[Token] | None:
    """Recognise a paragraph that is one bold link."""
    types = _types(span.line)
    ends = {*types[:2], *types[-2:]}
    if len(types) < 4 or ends != {"strong_open", "link_open", "link_close", "strong_close"}:
        return None
    if types.count("link_open") != 1 or "image" in types or _BREAKS & set(types):
        return None
    if any(len(word) > _LONG_WORD_CHARS for word in text_of(span.tokens[1]).split()):
        return None
    children = [child for child in span.line if not child.type.startswith("strong_")]
    return _wrap("button", [span.tokens[1].copy(children=children)])


def _video(span: Span, video_label: str, *, is_rtl: bool) -> list[Token] | None:
    """Recognise a lone picture that links to a video."""
    children = [child for child in span.line if child.type != "text" or child.content.strip()]
    if _types(children) != ["link_open", "image", "link_close"]:
        return None
    if not _is_video_url(str(children[0].attrs["href"])):
        return None
    title = str(children[1].attrs.get("title", ""))
    words = (
        f"{'◀' if is_rtl else '▶'}{_TEXT_VARIATION} {title or video_label or children[1].content}"
    )
    label_tokens = [children[0], Token("text", "", 0, content=words), children[2]]
    inline = span.tokens[1].copy(children=list(children))
    label = span.tokens[1].copy(children=label_tokens, content="")
    return _wrap("video", [inline, *_wrap("play", [label])])


def _is_video_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    ours = any(host == one or host.endswith(f".{one}") for one in _TABLES["video_hosts"])
    return ours or bool(_VIDEO_FILE_PATTERN.search(parts.path))


def _split_paragraphs(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens with each picture of a paragraph in a paragraph of its own."""
    opening = Token("", "", 0)
    for token in tokens:
        opening = token if token.type == "paragraph_open" else opening
        pieces = _split_at_pictures(token) if token.type == "inline" else []
        if opening.nesting and len(pieces) > 1:
            closing = Token("paragraph_close", "p", -1, block=True, hidden=opening.hidden)
            first, *others = pieces
            yield token.copy(children=first)
            for piece in others:
                yield from (closing, opening.copy(), token.copy(children=piece, content=""))
        else:
            yield token
        opening = Token("", "", 0) if token.type == "paragraph_close" else opening


def _split_at_pictures(line: Token) -> list[list[Token]]:
    pieces: list[list[Token]] = [[]]
    depth = 0
    for child in line.children or []:
        depth += child.nesting
        # a picture in a link or in emphasis stays there
        if child.type == "image" and depth == 0:
            pieces += [[child], []]
        elif pieces[-1] or child.type not in _BREAKS:
            pieces[-1].append(child)
    return [piece for piece in map(_trim, pieces) if _types(piece)]


def _trim(piece: list[Token]) -> list[Token]:
    """Remove the blanks and line breaks next to a picture."""
    while piece and (piece[-1].type in _BREAKS or not _types(piece[-1:])):
        piece = piece[:-1]
    if piece and piece[0].type == "text":
        piece = [piece[0].copy(content=piece[0].content.lstrip()), *piece[1:]]
    if piece and piece[-1].type == "text":
        piece = [*piece[:-1], piece[-1].copy(content=piece[-1].content.rstrip())]
    return piece


def _with_figures(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens with captions, and with a class that keeps Word from cropping pictures."""
    captions: list[Token] = []
    for index, token in enumerate(tokens):
        if token.type == "paragraph_open":
            captions = _caption(tokens[index + 1])
            has_image = any(child.type == "image" for child in tokens[index + 1].children or ())
            kind = "figure" if captions else "pic" if has_image else ""
            yield _with_class(token, kind) if kind and "class" not in token.attrs else token
            continue
        yield token
        if token.type == "paragraph_close":
            yield from captions
            captions = []


def _caption(line: Token) -> list[Token]:
    children = line.children or []
    if [child.type for child in children] != ["image"]:
        return []
    title = str(children[0].attrs.get("title", ""))
    return paragraph_of(list(_caption_tokens(title)), "caption") if title else []


def _caption_tokens(title: str) -> Iterator[Token]:
    found = _CREDIT_PATTERN.search(title)
    words = title[: found.start()] if found else title
    if words.strip(" |–—("):
        yield Token("text", "", 0, content=words)
    if found:
        yield Token("credit", "", 0, content=found.group())


def _standfirst(span: Span) -> list[Token] | None:
    """Recognise a first paragraph in italics."""
    types = _types(span.line)
    if types[:1] != ["em_open"] or types[-1:] != ["em_close"] or types.count("em_open") != 1:
        return None
    if "image" in types:
        return None
    children = [child for child in span.line if not child.type.startswith("em_")]
    line = span.tokens[1].copy(children=children)
    return [_with_class(span.tokens[0], "standfirst"), line, span.tokens[2]]


def _quotation(span: Span) -> list[Token] | None:
    """Recognise a quotation whose last line begins with a dash: its author."""
    if len(span.tokens) < 5:
        return None
    *body, paragraph, line, close, end = span.tokens
    if (line.type, paragraph.type) != ("inline", "paragraph_open") or paragraph.level != 1:
        return None
    children = line.children or []
    last_break = max((n for n, child in enumerate(children) if child.type in _BREAKS), default=-1)
    name = children[last_break + 1 :]
    if not name or name[0].type != "text" or not _DASH_PATTERN.match(name[0].content):
        return None
    words, name_start = children[: max(last_break, 0)], name[0].copy()
    # a name without words is no quotation
    if not words and len(body) < 2:
        return None
    name_start.content = "— " + _DASH_PATTERN.sub("", name[0].content, count=1)
    above, _, below = line.content.rpartition("\n")
    first_line, after = line.map or [0, 1]
    # the search for faults reads the content
    quote_line = line.copy(children=words, content=above)
    # faults of the name give its line
    source_line = line.copy(content=below, map=[max(first_line, after - 1), after])
    quote_tokens = [*body, paragraph, quote_line, close] if words else body
    length = sum(len(text_of(token)) for token in quote_tokens if token.type == "inline")
    kind = "pull" if length <= _MAX_PULL_QUOTE_CHARS else "quoted"
    return [
        _with_class(quote_tokens[0], kind),
        *quote_tokens[1:],
        *paragraph_of([name_start, *name[1:]], "by", source_line),
        end,
    ]


def _downloads(span: Span) -> list[Token] | None:
    """Recognise a list of links to files, optionally with kind and size in brackets."""
    items = [token for token in span.tokens if token.type == "list_item_open" and token.level == 1]
    lines = [token for token in span.tokens if token.type == "inline"]
    files = [_file(token.children or []) for token in lines]
    if len(items) != len(lines) or any(file is None for file in files):
        return None
    file_tokens = iter(files)
    children = [
        token.copy(children=next(file_tokens)) if token.type == "inline" else token.copy()
        for token in span.tokens
    ]
    for token in children:
        if "list" in token.type:  # a list without bullets, as that of notes is
            token.tag = "div"
        if token.type == "list_item_open":
            token.attrSet("role", "listitem")
    children[0].attrs = {"class": "downloads", "role": "list"}
    return children


def _file(children: Sequence[Token]) -> list[Token] | None:
    types = _types(children)
    if types[:1] != ["link_open"] or types.count("link_open") != 1 or "image" in types:
        return None
    link = list(children[: [child.type for child in children].index("link_close") + 1])
    description = "".join(child.content for child in children[len(link) :])
    size = _FILE_SIZE_PATTERN.fullmatch(description)
    kind = _FILE_SUFFIX_PATTERN.search(urlsplit(str(link[0].attrs["href"])).path)
    if kind is None or (description.strip() and size is None):
        return None
    # with other tokens than words after the link, the item is a sentence
    if _types(children[len(link) :]) not in ([], ["text"]):
        return None
    label = size[1] if size else kind[1].upper()
    note = Token("kind", "", 0, content=label)
    note.meta["sized"] = any(map(str.isdigit, label))
    first, _, others = label.partition(", ")  # the badge says the kind already
    note.meta["details"] = others if first.upper() == kind[1].upper() else label
    return [Token("badge", "", 0, meta={"kind": kind[1].upper()}), *link, note]


def _columns(span: Span) -> list[Token] | None:
    """Recognise a table of one row with two columns of text."""
    table = next(tables_in(span.tokens))
    if len(table.rows) != 2 or len(table.rows[0]) != 2:
        return None
    if not any(len(cell.text) >= _MIN_PROSE_CHARS or cell.pictures for cell in table.rows[1]):
        return None
    result: list[Token] = []
    for head, cell in zip(*table.rows, strict=True):
        token = span.tokens[head.at]
        bold = bold_tokens(token.children or [])
        heading = paragraph_of(bold, "head", token) if head.text else []
        result += _wrap("column", [*heading, *_stack_picture(span.tokens[cell.at])])
    return _wrap("columns", result)


def _stack_picture(token: Token) -> list[Token]:
    """Return a cell's paragraphs, with a picture that begins the cell above its text."""
    children = list(token.children or [])
    if not children or children[0].type != "image":
        return paragraph_of(children, "", token)
    rest = children[1:]
    if rest and rest[0].type == "text":
        rest[0] = rest[0].copy()
        rest[0].content = rest[0].content.lstrip()
    above = paragraph_of(children[:1], "figure", token)
    return above + (paragraph_of(rest, "", token) if _types(rest) else [])


def _end_mark(span: Span) -> list[Token] | None:
    """Recognise a heading of nothing but ``#``: the end of a press release."""
    heading = span.tokens[0]
    if (
        len(span.tokens) != 3
        or heading.markup not in {"#", "###"}
        or text_of(span.tokens[1]).strip("# ")
    ):
        return None
    return _end_paragraph("###", heading)


def _end_paragraph(mark: str, source: Token | None = None) -> list[Token]:
    tokens = paragraph_of([Token("text", "", 0, content=mark)], "end", source)
    tokens[0].attrSet("role", "separator")  # screen readers would say "number number number"
    return tokens


def add_end_mark(tokens: Sequence[Token], mark: str) -> list[Token]:
    """Return the tokens with the mark before the notes, unless the text ends with one."""
    types = [token.type for token in tokens]
    end = types.index("footnote_block_open") if "footnote_block_open" in types else len(types)
    texts = [text_of(token) for token in tokens[:end] if token.type == "inline"]
    has_own = next(filter(None, reversed(texts)), "") in {mark, "###"}
    added = [] if has_own or not mark else _end_paragraph(mark)
    return [*tokens[:end], *added, *tokens[end:]]


_BLOCK_RULES: dict[str, Callable[[Span], list[Token] | None]] = {
    "paragraph": _button,
    "blockquote": _quotation,
    "bullet_list": _downloads,
    "table": _columns,
    "heading": _end_mark,
}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A text in up to three parts: above the lead picture, the lead picture, and the rest."""

    above: list[Token]
    lead: list[Token]
    rest: list[Token]


def in_parts(tokens: Sequence[Token], width: int) -> Parts:
    """Separate a wide picture, with its caption, at the beginning of a text.

    A standfirst may come before the picture. The picture gets the ``width`` in pixels. Without
    such a picture, the whole text is the rest.
    """
    found = [list(span.tokens) for span in split_blocks(tokens)]
    above = 1 if found and found[0][0].attrs.get("class") == "standfirst" else 0
    if len(found) <= above or not _is_lead(found[above]):
        return Parts(above=[], lead=[], rest=list(tokens))
    opening, line, closing = found[above]
    (image,) = line.children or []
    rest = found[above + 1 :]
    captions = rest.pop(0) if rest and rest[0][0].attrs.get("class") == "caption" else []
    wide = line.copy(children=[image.copy(meta={**image.meta, "width": width})])
    return Parts(
        above=[token for span in found[:above] for token in span],
        lead=[_with_class(opening, "edge"), wide, closing, *captions],
        rest=[token for span in rest for token in span],
    )


def _is_lead(tokens: Sequence[Token]) -> bool:
    line = Span(tokens=tuple(tokens)).line
    if [child.type for child in line] != ["image"]:
        return False
    size = image_size(line[0])
    return size is not None and size[0] >= _MIN_LEAD_WIDTH and size[1] <= size[0] * 0.8
