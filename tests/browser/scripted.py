"""Small pages that follow what the desk's scripts expect, under the desk's strict policy."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, FileSystemLoader

import newsletter
from newsletter.domain.statements.draft import DraftText
from tests.node import node

ROOT = Path(__file__).parents[2]
STATIC = Path(newsletter.__file__).parent / "web/static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:;"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline';"
    " frame-ancestors 'self'"
)
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Desk</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/desk.css"><link rel="stylesheet" href="/editor.css">
<script type="module" src="/static/desk.js"></script></head>
<body><main id="main"><h1>Desk</h1>{}</main></body></html>"""
TOOLS = Environment(loader=FileSystemLoader(ROOT / "templates/desk"), autoescape=True)
"""The desk's own toolbar, by its template."""
PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
Answers = Callable[[Any], tuple[int, Any]]


@dataclass
class Site:
    """A server with one page, which records the posted forms."""

    page: str = ""
    answers: dict[str, Answers] = field(default_factory=dict)
    posted: list[tuple[str, Any]] = field(default_factory=list)

    def reset(self) -> None:
        self.page, self.answers, self.posted = "", {}, []

    def form(
        self,
        body: str,
        *,
        attributes: str = "",
        more: str = "",
        templates: Sequence[DraftText] = (),
    ) -> None:
        """The form of a text, as the desk has it."""
        blocks = [SimpleNamespace(version=SimpleNamespace(text=one)) for one in templates]
        tools = TOOLS.get_template("tools.html.j2").render(blocks=blocks)
        self.page = f"""<form id="text" method="post" action="/sent" {attributes}>
{tools}<button type="button" data-mode="markdown" hidden>Edit as Markdown</button>
<button type="button" data-mode="visual" hidden>Edit visually</button>
<div class="field"><label for="title">Title</label>
<input id="title" name="title" value="A title"></div>
<div class="paper" data-paper><label for="body">Text</label>
<textarea id="body" name="body" data-editor="visual" data-paste="/paste"
 data-pictures="/pictures" data-import="/import">
{body}</textarea></div>
<p data-saved class="muted"></p><p data-others></p>
<button class="primary">Submit for review</button></form>{more}"""

    def to(self, path: str) -> list[Any]:
        return [body for asked, body in self.posted if asked == path]


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2].partition("?")[0]
        if self.path.startswith("/static/"):
            return self.answer(200, (STATIC / name).read_bytes(), "text/javascript")
        if name.endswith(".css"):
            css = ROOT / "templates/desk" / name
            return self.answer(200, css.read_bytes(), "text/css")
        if name.endswith(".gif"):
            return self.answer(200, PIXEL, "image/gif")
        if self.path in self.site.answers:
            return self.reply(None)
        page = "<p>Sign in</p>" if self.path.startswith("/desk/") else self.site.page
        return self.answer(200, PAGE.format(page).encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        body: Any = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] == "application/json":
            body = json.loads(body)
        self.site.posted.append((self.path, body))
        self.reply(body)

    def reply(self, body: Any) -> None:
        status, value = self.site.answers.get(self.path, lambda _: (200, {}))(body)
        if isinstance(value, str):
            return self.answer(status, value.encode(), "text/html; charset=utf-8", MAIL_POLICY)
        return self.answer(status, json.dumps(value).encode(), "application/json")

    def answer(self, status: int, data: bytes, kind: str, policy: str = POLICY) -> None:
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Security-Policy", policy)]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[tuple[Site, str]]:
    """A site of one page on loopback, and its address."""
    node()
    assert (STATIC / "desk.js").is_file(), "the scripts are not built (make setup)"
    site = Site()
    handler = type("OfOurs", (Handler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield site, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Draft:
    """The server's side of a text: its versions, and refused saves."""

    def __init__(self) -> None:
        self.versions: list[Any] = [{"title": ["A title"], "body": ["One\n"]}]
        self.refused = 0
        self.own = False
        self.address = ""

    def save(self, asked: Any) -> tuple[int, Any]:
        if int(asked["base"]) != len(self.versions):
            self.refused += 1
            fields = {name: value[0] for name, value in self.versions[-1].items()}
            now = "2026-12-01T14:02:00Z"
            return 409, {
                "version": len(self.versions),
                "by": "Ben",
                "own": self.own,
                "saved_at": now,
                "fields": fields,
            }
        self.versions.append(asked["fields"])
        return 200, {
            "version": len(self.versions),
            "saved_at": "2026-12-01T14:02:00Z",
            "others": ["Ben"],
            "told": {"title": {"words": f"It is called {asked['fields']['title'][0]}."}},
        }


def editor(page: Any) -> Any:
    found = page.locator(".editor-text")
    found.wait_for()
    return found


def at_the_end(page: Any) -> None:
    """Put the cursor behind the last letter, and let the editor hear of it."""
    editor(page).click()
    page.keyboard.press("Control+End")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))")


def markdown(page: Any) -> str:
    page.evaluate("new Promise(done => setTimeout(done, 250))")  # by the clock of the page
    return str(page.locator("#body").input_value())


def copy(page: Any, html: str, plain: str = "") -> None:
    """Paste the clipboard of another program at the cursor."""
    page.evaluate(
        """([html, plain]) => {
        const data = new DataTransfer();
        data.setData("text/html", html);
        data.setData("text/plain", plain);
        document.activeElement.dispatchEvent(
          new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        [html, plain],
    )
