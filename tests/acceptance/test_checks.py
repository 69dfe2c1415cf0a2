"""Checks before sending: their findings, which of them stop a start, and how a person overrides."""

from tests.acceptance.workspace import EDITOR, Workspace

UNFINISHED = "The Forum resigned on [DATE].\n\n[Here](https://forum.example) is why."
WHY = "The date is set by the council tonight"


def test_all_there_is_to_say_stands_with_its_line_and_severity(workspace: Workspace) -> None:
    workspace.write("news", UNFINISHED)

    said = workspace.do("statement", "check", "news", code=4).stderr.splitlines()

    assert any(line.startswith("statements/news.md:5: warning placeholder: ") for line in said)
    assert any(line.startswith("statements/news.md:7: warning link-text: ") for line in said)
    assert any(line.startswith("statements/news.md: advice summary: ") for line in said)
    rows = workspace.do("statement", "check", "news", "--json", code=4).json()
    assert len(rows) == len(said)
    [placeholder] = [row for row in rows if row["code"] == "placeholder"]
    assert placeholder["place"] == "statements/news.md:5"
    assert (placeholder["line"], placeholder["severity"]) == (5, "warning")
    assert "[DATE]" in placeholder["message"]


def test_without_a_name_all_that_waits_is_checked_and_no_advice_given(workspace: Workspace) -> None:
    workspace.write("good")
    assert "nothing wrong with 1 statements" in workspace.do("statement", "check").stderr
    workspace.write("news", UNFINISHED)
    said = workspace.do("statement", "check", code=4).stderr
    assert "warning placeholder" in said
    assert "advice" not in said
    assert "advice" in workspace.do("statement", "check", "good").stderr
    workspace.do("statement", "approve", "news", "--by", EDITOR, "--despite", WHY)
    workspace.do("statement", "check")
    assert "warning" in workspace.do("statement", "check", "news").stderr


def test_a_mark_of_another_program_is_blocking_whatever_the_reason(workspace: Workspace) -> None:
    workspace.write("news", "Dear friends,\n\ndear *|FNAME|*, hello.")
    where = "statements/news.md:7: "
    blocking = workspace.do("statement", "check", "news", code=3).stderr
    assert f"{where}blocking merge-mark: readers would see '*|FNAME|*'" in blocking
    refused = workspace.do("statement", "approve", "news", "--by", EDITOR, "--despite", "x", code=4)
    assert where in refused.stderr
    assert "cannot be rendered" in refused.stderr
