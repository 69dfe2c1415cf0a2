"""Forms: what a page shows again of what somebody typed, and clients that go away."""

import asyncio
from collections.abc import Iterable, Mapping

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message
from urllib3.filepost import encode_multipart_formdata

from newsletter.domain.wording import one_line
from newsletter.web.http.forms import BodyMemory, Posted, Upload, parse_form, read_form
from tests.rows import rows


def test_a_field_that_comes_twice_counts_once() -> None:
    assert Posted(fields={"name": ["a", "b"]}).first("name") == "a"
    assert Posted().first("name") == ""


@rows(
    ("typed", "shown"),
    [
        (" Ana ", "Ana"),
        ("a\r\nb\x00c", "a b c"),
        ("a\ud800", "a"),
        ("x" * 400, "x" * 300),
        ("لينا 👩", "لينا 👩"),
    ],
)
def test_what_was_typed_is_shown_again_as_a_line(typed: str, shown: str) -> None:
    assert one_line(typed) == shown
    one_line(typed).encode()


def test_a_client_that_goes_away_amid_its_form_is_no_crash() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(HTTPException) as caught:
        asyncio.run(read_form(request))
    assert caught.value.status_code == 400


MULTIPART = "multipart/form-data; boundary=b"
PLAIN = "application/x-www-form-urlencoded"


def multipart(*parts: tuple[str, bytes], end: bytes = b"--b--\r\n") -> bytes:
    """The parts by what follows ``form-data``."""
    return (
        b"".join(
            f"--b\r\nContent-Disposition: form-data{names}\r\n\r\n".encode() + data + b"\r\n"
            for names, data in parts
        )
        + end
    )


@rows(
    ("kind", "body", "fields"),
    [
        (PLAIN, b"a=1&b=%C3%A9+x&a=2&c", {"a": ["1", "2"], "b": ["é x"], "c": [""]}),
        (f"{PLAIN}; charset=utf-8", "a=é".encode(), {"a": ["é"]}),
        (PLAIN, b"a=%FF", {"a": ["\ufffd"]}),
        (PLAIN, b"", {}),
        (MULTIPART, multipart(('; name="a"', b"1\r\n2")), {"a": ["1\r\n2"]}),
        (MULTIPART, b"before\r\n" + multipart(("; name=a", b"")), {"a": [""]}),
        (f'{MULTIPART[:-1]}"b"', multipart(('; name="é"', b"\xc3\xa9")), {"é": ["é"]}),
        (MULTIPART, multipart(end=b"--b--"), {}),
        ("application/json", b'{"a": 1}', {}),
        ("", b"a=1", {}),
    ],
)
def test_a_form_is_read_by_its_content_type(
    kind: str, body: bytes, fields: Mapping[str, list[str]]
) -> None:
    assert parse_form(kind, body, max_fields=9).fields == fields


@rows(
    ("names", "file"),
    [
        ('; name="f"; filename="a.docx"', "a.docx"),
        ('; name="f"; filename=""', ""),
        ('; name="f"; filename="%22b%22.txt"', "%22b%22.txt"),
        ('; name="f"; filename="наше; слово.odt"', "наше; слово.odt"),
        ("; name=f; filename*=UTF-8''na%C3%AFve.pdf", "naïve.pdf"),
    ],
)
def test_a_file_keeps_its_name_and_its_bytes(names: str, file: str) -> None:
    data = bytes(range(256)) + b"\r\n--a\r\n\r\n--"
    posted = parse_form(MULTIPART, multipart((names, data)), max_fields=1, max_files=1)
    assert posted.files == {"f": [Upload(name=file, data=data)]}


@rows(
    ("kind", "body"),
    [
        (PLAIN, b"&" * (4 << 20)),
        (PLAIN, b"a=1&" * 10),
        (MULTIPART, multipart(*[("; name=a", b"")] * 12)),
        (MULTIPART, multipart(*[('; name=a; filename="f"', b"")] * 2)),
        (MULTIPART, multipart(("; name=a", b""), end=b"")),
        (MULTIPART, multipart(("", b""))),
        (MULTIPART, multipart(("; name=a;" + " " * 5_000, b""))),
        (MULTIPART, multipart(("; name=a; filename*=idna''b..", b""))),
        (MULTIPART, b"--b\r\nno head\r\n--b--"),
        (MULTIPART, b"x" * 1_000_000),
        ("multipart/form-data", multipart(("; name=a", b""))),
    ],
)
def test_a_form_that_is_none_or_too_much_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(HTTPException) as caught:
        parse_form(kind, body, max_fields=9, max_files=1)
    assert caught.value.status_code == 400


def test_what_another_program_writes_is_read_as_it_was() -> None:
    text = 'é "quoted" \\ %22\r\n\r\n--b--'
    written = {"a": text, "b[]": "", "f": ("naïve name.docx", bytes(range(256)), "text/plain")}
    body, kind = encode_multipart_formdata(written)
    posted = parse_form(kind, body, max_fields=2, max_files=1)
    assert posted.fields == {"a": [text], "b[]": [""]}
    assert posted.files == {"f": [Upload(name="naïve name.docx", data=bytes(range(256)))]}


KB = 1 << 10


def arriving(parts: Iterable[bytes]) -> Request:
    """A body that arrives in these parts, of which the last never comes."""
    left = iter(parts)

    async def receive() -> Message:
        for part in left:
            return {"type": "http.request", "body": part, "more_body": True}
        await asyncio.sleep(3_600)
        raise AssertionError

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def take(memory: BodyMemory, sender: str, size: int) -> "asyncio.Task[None]":
    """A body of so many bytes that never ends, as far as memory takes it."""

    async def read() -> None:
        parts = [bytes(KB)] * (size // KB)
        async with memory.body(arriving(parts), sender=sender, max_bytes=1_000 * KB):
            pass

    task = asyncio.create_task(read())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


def test_bodies_that_do_not_end_take_no_more_memory_than_there_is_for_them() -> None:
    async def attack() -> None:
        memory = BodyMemory(total=100 * KB, per_sender=40 * KB)
        mine = [await take(memory, "here", 28 * KB) for _ in range(5)]
        assert [task.done() for task in mine] == [False, False, True, True, True]
        for task in mine[2:]:
            with pytest.raises(HTTPException) as caught:
                await task
            assert caught.value.status_code == 503
        others = [await take(memory, f"there {number}", 28 * KB) for number in range(5)]
        assert [task.done() for task in others] == [False, False, False, True, True]
        small = [await take(memory, "here", 8 * KB) for _ in range(20)]
        assert not any(task.done() for task in small)
        for task in [*mine[:2], *others[:3], *small]:
            task.cancel()
        await asyncio.wait([*mine, *others, *small])
        again = await take(memory, "here", 48 * KB)
        assert not again.done()
        again.cancel()
        assert all(task.done() and task.exception() for task in others[3:])

    asyncio.run(attack())
