"""A calendar file is what RFC 5545 asks for: escaped, folded, with ends of lines."""

from datetime import UTC, datetime

from newsletter.web.desk.campaigns.calendar import calendar_file

NOON = datetime(2026, 12, 1, 14, tzinfo=UTC)


def test_a_long_title_is_folded_within_no_character() -> None:
    title = "Bibliothèque, musée; \\ théâtre\r\nBEGIN:VEVENT " + "é" * 60
    event = {"DTSTART": NOON, "SUMMARY": title}
    data = calendar_file("Example, Forum", [event])
    lines = data.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert lines[-1] == b""
    whole = data.decode().replace("\r\n ", "")
    assert whole.count("BEGIN:VEVENT\r\n") == 1
    said = f"SUMMARY:Bibliothèque\\, musée\\; \\\\ théâtre BEGIN:VEVENT {'é' * 60}\r\n"
    assert said in whole
    assert "DTSTART:20261201T140000Z\r\n" in whole
    assert "X-WR-CALNAME:Example\\, Forum\r\n" in whole
