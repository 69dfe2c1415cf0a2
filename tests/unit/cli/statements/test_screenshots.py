"""Screenshots: what Chromium is asked for, said by a program that speaks its protocol."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.cli.statements.screenshots import BrowserFailed, Sitting, started, take
from newsletter.rendering.preview import Screenshot

PROGRAM = """
import json, os, sys
results = json.load(open(sys.argv[1] + "/results"))
log = open(sys.argv[1] + "/log", "a")
read = b""
while chunk := os.read(3, 65536):
    read += chunk
    while b"\\0" in read:
        raw, _, read = read.partition(b"\\0")
        call = json.loads(raw)
        print(raw.decode(), file=log, flush=True)
        answer = {"id": call["id"], "result": results.get(call["method"], {})}
        os.write(4, json.dumps(answer).encode() + b"\\0")
"""
SITTING = Sitting(name="light", title="Light", html="<p>Words</p>", width=375)


class Chromium:
    """A stand-in that answers each method with a fixed result and keeps what it was told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.results: dict[str, Any] = {
            "Target.createTarget": {"targetId": "t"},
            "Target.attachToTarget": {"sessionId": "s"},
            "Page.getFrameTree": {"frameTree": {"frame": {"id": "f"}}},
            "Runtime.evaluate": {"result": {"value": []}},
            "Page.getLayoutMetrics": {"cssContentSize": {"height": 1234.4}},
            "Page.captureScreenshot": {"data": base64.b64encode(b"a picture").decode()},
        }

    def take(self, *sittings: Sitting) -> list[tuple[Screenshot, bytes]]:
        """Take them with a browser that gives these results."""
        (self._folder / "results").write_text(json.dumps(self.results))
        (self._folder / "program.py").write_text(PROGRAM)
        path = self._folder / "chromium"
        path.write_text(f"#!/bin/sh\nexec python3 {self._folder}/program.py {self._folder}\n")
        path.chmod(0o755)
        with started(str(path), hosts=(), seconds=30) as browser:
            return list(take(browser, sittings))

    def told(self, method: str) -> Iterator[dict[str, Any]]:
        """The parameters of each call of this method."""
        for line in (self._folder / "log").read_text().splitlines():
            call = json.loads(line)
            if call["method"] == method:
                yield call["params"]

    def sizes(self) -> list[tuple[int, int, float]]:
        """Width, height and sharpness of the screens it was given."""
        return [
            (one["width"], one["height"], one["deviceScaleFactor"])
            for one in self.told("Emulation.setDeviceMetricsOverride")
        ]


@pytest.fixture
def chromium(tmp_path: Path) -> Chromium:
    return Chromium(tmp_path)


@pytest.mark.slow("starts a process")
def test_the_screen_becomes_as_high_as_the_mail(chromium: Chromium) -> None:
    [(shot, png)] = chromium.take(SITTING)
    assert shot == Screenshot(title="Light", file="light.png", width=375, height=1234)
    assert png == b"a picture"
    assert chromium.sizes() == [(375, 100, 2.0), (375, 1234, 2.0)]
    assert [one["html"] for one in chromium.told("Page.setDocumentContent")] == ["<p>Words</p>"]


@pytest.mark.slow("starts a process")
def test_each_is_taken_on_a_page_of_its_own_in_its_own_scheme(chromium: Chromium) -> None:
    dark = Sitting(name="dark", title="Dark", html="<p>Words</p>", width=700, dark=True)
    shots = chromium.take(SITTING, dark)
    assert [shot.file for shot, _ in shots] == ["light.png", "dark.png"]
    asked = [one["features"][0]["value"] for one in chromium.told("Emulation.setEmulatedMedia")]
    assert asked == ["light", "dark"]
    assert len(list(chromium.told("Target.createTarget"))) == 2
    assert len(list(chromium.told("Target.closeTarget"))) == 2


@pytest.mark.slow("starts a process")
@pytest.mark.parametrize(
    ("height", "taken", "sharpness", "cut"),
    [
        (8_000, 8_000, 2.0, False),
        (8_001, 8_001, 1.0, False),
        (16_000, 16_000, 1.0, False),
        (16_001, 16_000, 1.0, True),
        (0, 1, 2.0, False),
    ],
)
def test_what_is_too_long_is_less_sharp_and_then_cut(
    chromium: Chromium, height: int, taken: int, sharpness: float, cut: bool
) -> None:
    chromium.results["Page.getLayoutMetrics"] = {"cssContentSize": {"height": height}}
    [(shot, _)] = chromium.take(SITTING)
    assert (shot.height, shot.cut) == (taken, cut)
    assert chromium.sizes()[-1] == (375, taken, sharpness)


@pytest.mark.slow("starts a process")
def test_pictures_that_did_not_come_are_named(chromium: Chromium) -> None:
    chromium.results["Runtime.evaluate"] = {"result": {"value": ["https://a.example/1.jpg"]}}
    [(shot, _)] = chromium.take(SITTING)
    assert shot.missing == ("https://a.example/1.jpg",)
    chromium.results["Runtime.evaluate"] = {"result": {"type": "undefined"}}
    [(shot, _)] = chromium.take(SITTING)
    assert shot.missing == ()


@pytest.mark.slow("starts a process")
def test_an_empty_picture_is_none(chromium: Chromium) -> None:
    chromium.results["Page.captureScreenshot"] = {"data": ""}
    with pytest.raises(BrowserFailed, match="it made no picture of Light"):
        chromium.take(SITTING)
