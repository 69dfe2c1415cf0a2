"""Collect the desk's messages into its source catalogue: ``python -m tools.desk_words``.

They are in the templates, in calls of ``say``, and in tables whose values pages show. They are in
American English. The catalogue of British English has those that are spelled in another way there.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from itertools import chain, product
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from newsletter.config.settings import Settings
from newsletter.config.shape import Shape
from newsletter.domain.campaigns.notices import NoticeKind
from newsletter.domain.campaigns.state import STATE_ROWS, Act, State
from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import SuppressionReason
from newsletter.domain.subscribers.signup import Method
from newsletter.domain.themes import Theme
from newsletter.domain.wording import without_commands
from newsletter.rendering.sentences import translate_source
from newsletter.subscriber_files.exports import EXPORT_FORMATS, Skip
from newsletter.tables import load_table

ROOT = Path(__file__).parent.parent
WORDS = ROOT / "templates/desk/words"
SCRIPTS = ROOT / "newsletter/web/browser/src"
Message = str | tuple[str, str]


def _explanations(shape: Shape) -> Iterator[str]:
    """Yield what the page of all settings says about each of them."""
    for name, child in (*shape.keys.items(), *((kind, one) for kind, one in shape.kinds.items())):
        if child.description and name in shape.keys:
            yield child.description.replace("`", "")
        for part in (child, child.items):
            if part.keys or part.kinds:
                yield from _explanations(part)


TABLES: Mapping[str, Iterable[Message]] = {
    "newsletter/config/settings.py": _explanations(Shape(type=Settings)),
    "newsletter/domain/campaigns/notices.py": (one.value for one in NoticeKind),
    "newsletter/domain/campaigns/state.py": (
        *(one.value for one in State),
        *(one.label for one in Act),
        *(
            text
            for row in STATE_ROWS.values()
            for text in (row.next_act, row.without_actors)
            if text
        ),
        "correct it",
    ),
    "newsletter/domain/delivery/transactional.py": (one.value for one in MessageState),
    "newsletter/domain/staff/role.py": (one.value for one in Role),
    "newsletter/domain/themes.py": (one.value for one in Theme),
    "newsletter/domain/subscribers/audience.py": (one.value for one in SuppressionReason),
    "newsletter/domain/subscribers/signup.py": (one.value for one in Method),
    "newsletter/pipeline/campaigns/control.py": ("pause", "resume", "cancel"),
    "newsletter/credentials/passkeys.yaml": load_table(
        "newsletter.credentials", "passkeys.yaml"
    ).values(),
    "newsletter/domain/delivery/batch.py": (one.value for one in Resolution),
    "newsletter/formats/hints.yaml": load_table("newsletter.formats", "hints.yaml").values(),
    "newsletter/providers/ses/errors.yaml": load_table(
        "newsletter.providers.ses", "errors.yaml"
    ).values(),
    "newsletter/subscriber_files/exports.py": (one.value for one in Skip),
    "newsletter/subscriber_files/exports.yaml": (
        one.note for one in EXPORT_FORMATS.values() if one.note
    ),
    "newsletter/pipeline/history.yaml": (
        text
        for some in load_table("newsletter.pipeline", "history.yaml").values()
        for one in (some.values() if isinstance(some, dict) else [some])
        for text in ([one] if isinstance(one, str) else one)
    ),
    "newsletter/web/desk/words.yaml": (
        # figures are said of one and of many
        (text, text) if table == "figures" else text
        for table, some in load_table("newsletter.web.desk", "words.yaml").items()
        for text in (some.values() if isinstance(some, dict) else some)
    ),
}
_SAYERS = {
    "say": slice(2),
    "duration_rule": slice(1, 2),
    "enclosed": slice(1),
    "invalid": slice(1),
    "_name_others": slice(1),
    "not_empty": slice(1),
    "pattern_rule": slice(1, 2),
    "refuse": slice(1, 2),
    "failed": slice(1, 3),
    "fault": slice(2, 3),
    "unusable": slice(1, 2),
}
"""Function → its arguments that are patterns: singular and plural for ``say``."""
_GAP = re.compile(r"\{[^{}]*\}")
_IMPORTS_SAY = re.compile(
    r"from newsletter\.do[\w.]+ import (?:\([^)]*|[^\n(]*)"
    r"\b(?:say|enclosed|duration_rule|failed|invalid|pattern_rule|not_empty|unusable)\b|\ndef say\("
)
_SAID_IN_SCRIPT = re.compile(r'\bsay\(\s*"([^"]+)"(?:,\s*"([^"]+)")?')
_DATED = datetime(2026, 11, 30, tzinfo=UTC)
"""Not the time of writing, which would change the file each time."""


@cache
def messages() -> Sequence[tuple[Message, str]]:
    """Return each message and its file; a pair is singular and plural."""
    return tuple(_collect())


def _collect() -> Iterator[tuple[Message, str]]:
    for file in sorted((ROOT / "templates/desk").glob("*.html.j2")):
        place, text, found = str(file.relative_to(ROOT)), file.read_text(), _Collector()
        translate_source(text, found)
        found += _said_in_template(text, place)
        yield from ((message, place) for message in found)
    for file in sorted(
        [*(ROOT / "templates").glob("news.*"), *(ROOT / "templates").glob("report.*")]
    ):
        place = str(file.relative_to(ROOT))
        yield from ((message, place) for message in _said_in_template(file.read_text(), place))
    for module in sorted((ROOT / "newsletter").rglob("*.py")):
        text = module.read_text()
        if _IMPORTS_SAY.search(text):
            place = str(module.relative_to(ROOT))
            is_refusal = place.startswith(("newsletter/pipeline/", "newsletter/subscriber_files/"))
            for message in _said_in(ast.parse(text)):
                yield (_on_a_page(message) if is_refusal else message), place
    for script in sorted(SCRIPTS.rglob("*.js")):
        place = str(script.relative_to(ROOT))
        for said in _SAID_IN_SCRIPT.findall(script.read_text()):
            yield from ((one, place) for one in _messages_of([text for text in said if text]))
    for place, texts in TABLES.items():
        yield from ((text, place) for text in texts)


def _on_a_page(message: Message) -> Message:
    """Return a refusal without the commands that only the command line tells."""
    if isinstance(message, str) and ("'newsletter " in message or " --" in message):
        return without_commands(message)
    return message


class _Collector(list[Message]):
    """The messages that a template asks for."""

    def __call__(self, message: str) -> str:
        self.append(message)
        return message


def _said_in_template(source: str, place: str) -> Iterator[Message]:
    tree = Environment(autoescape=True).parse(source, filename=place)
    found = extract_from_ast(tree, ("say",), babel_style=False)
    for _, _, texts in found:
        yield from _messages_of([text for text in texts or () if text])


def _said_in(tree: ast.Module) -> Iterator[Message]:
    """Yield the patterns that functions are given: literals, or names of literals nearby."""
    constants = _named(tree.body)
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    own = [{**constants, **_named(ast.walk(function))} for function in functions]
    pairs = zip(functions, own, strict=True)
    names = {node: named for function, named in pairs for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (rule := _SAYERS.get(_name_of(node.func))):
            named = names.get(node, constants)
            said = [texts for one in node.args[rule] if (texts := _texts(one, named))]
            groups = product(*said) if _name_of(node.func) == "say" else zip(chain(*said))
            yield from chain.from_iterable(map(_messages_of, groups))


def _named(nodes: Iterable[ast.AST]) -> Mapping[str, Sequence[str]]:
    """Return name → the literals that are assigned to it."""
    named: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for one in node.targets:
                if isinstance(one, ast.Name):
                    named[one.id].append(str(node.value.value))
    return named


def _name_of(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _texts(node: ast.expr, named: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return what the argument may be: a literal, or all that its name is given."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    return named.get(node.id, ()) if isinstance(node, ast.Name) else ()


def _messages_of(texts: Sequence[str]) -> Iterator[Message]:
    """Yield a message, unless it is one gap, which each language fills in its own way."""
    if texts and not _GAP.fullmatch(texts[0]):
        yield (texts[0], texts[1]) if texts[1:] else texts[0]


BRITISH = {
    "authorization": "authorisation",
    "authorized": "authorised",
    "canceled": "cancelled",
    "canceling": "cancelling",
    "center": "centre",
    "color": "colour",
    "colors": "colours",
    "gray": "grey",
    "organization": "organisation",
    "organizations": "organisations",
    "recognize": "recognise",
    "recognized": "recognised",
    "recognizes": "recognises",
}
"""Word in American English → in British English."""
_AMERICAN = re.compile(rf"\{{[^{{}}]*\}}|\b(?:{'|'.join(BRITISH)})\b", re.IGNORECASE)


def in_british(text: str) -> str:
    """Return a message in British English. Gaps keep their names."""

    def spell(found: re.Match[str]) -> str:
        word = BRITISH.get(found[0].lower(), found[0])
        return word.capitalize() if found[0].istitle() else word

    return _AMERICAN.sub(spell, text)


def source() -> bytes:
    """Return the source catalogue, in the order of the files."""
    catalog = Catalog(
        project="newsletter", header_comment="# The desk, in English. Made by `make words`."
    )
    for message, place in messages():
        catalog.add(message, locations=[(place, 1)])
    return _file(catalog)


def british() -> bytes:
    """Return the catalogue of British English: the messages that differ."""
    comment = "# The desk, in British English where it differs. Made by `make words`."
    catalog = Catalog(project="newsletter", locale="en_GB", header_comment=comment)
    for message, place in messages():
        texts = [message] if isinstance(message, str) else [*message]
        if (said := [*map(in_british, texts)]) != texts:
            string = tuple(said) if isinstance(message, tuple) else said[0]
            catalog.add(message, string, locations=[(place, 1)])
    return _file(catalog)


def _file(catalog: Catalog) -> bytes:
    catalog.creation_date = catalog.revision_date = _DATED
    out = BytesIO()
    write_po(out, catalog, width=100, include_lineno=False)
    return out.getvalue()


if __name__ == "__main__":
    WORDS.mkdir(exist_ok=True)
    (WORDS / "words.pot").write_bytes(source())
    (WORDS / "en-GB.po").write_bytes(british())
