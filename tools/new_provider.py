"""Writes the files of a new provider: ``python -m tools.new_provider NAME``.

They are those of ``tools/postbox``, under the new name: a provider that works, though none that
exists. At the head of each are the questions for its documents, from the table of
docs/adding-a-provider.md. tests/test_docs.py fails while one of them is there: its author removes
the line with the answer.
"""

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = "postbox"
OPEN = "LOOK " + "UP"
"""The beginning of an open question; in two parts, as this file holds none."""
_COMMON = "tests/answers/resend.yaml"
_WIDTH = 100


def page() -> str:
    return (ROOT / "docs" / "adding-a-provider.md").read_text("utf-8")


def example() -> Mapping[str, str]:
    """File of the example → its text."""
    folder = ROOT / "tools" / EXAMPLE
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".py", ".yaml"}
    }


def questions(text: str, file: str) -> Iterator[str]:
    """Return the facts to look up for a file, by the last column of the page's table."""
    for question, decides, files in re.findall(
        r"(?m)^\| ([^|]+\?) \| ([^|]+) \| ([^|]+) \|$", text
    ):
        if any(re.search(rf"(?:^|/){re.escape(one)}$", file) for one in files.split(", ")):
            yield f"{question} It decides: {decides.replace('`', '')}."


def files(name: str) -> Mapping[str, str]:
    """File → its text, for a provider of this name."""
    text = page()
    return {
        file.replace(EXAMPLE, name): _named(
            _headed(code, questions(text, file)) + _rest(file), name
        )
        for file, code in example().items()
    }


def fault(name: str) -> str:
    """Why there can be no provider of this name; "" where there can be one."""
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        return f"{name!r} is no name: write small letters and digits, like NAME=postbox"
    if (ROOT / "newsletter" / "providers" / name).exists():
        return f"there is a provider {name} already; look into newsletter/providers/{name}"
    return ""


def write(name: str, checkout: Path) -> list[str]:
    """Write them into a checkout; returns their names."""
    made = files(name)
    for file, text in made.items():
        (checkout / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout / file).write_text(text, "utf-8")
    _tidy(checkout, [file for file in made if file.endswith(".py")])
    return list(made)


def _tidy(checkout: Path, code: list[str]) -> None:
    """Another name sorts and breaks lines elsewhere."""
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--select", "I", "--fix"], ["format"]):
        subprocess.run([*ruff, *command, "--quiet", "--no-cache", *code], cwd=checkout, check=True)


def _headed(code: str, asked: Iterator[str]) -> str:
    lines = [
        line
        for one in asked
        for line in textwrap.wrap(
            f"{OPEN}: {one}", _WIDTH, initial_indent="# ", subsequent_indent="#   "
        )
    ]
    return "".join(f"{line}\n" for line in lines) + code


def _rest(file: str) -> str:
    """The rows of an answers table that no provider owns: all begin with the same."""
    if not file.startswith("tests/answers/"):
        return ""
    own, _, table = (ROOT / _COMMON).read_text("utf-8").partition("verdicts: |\n")
    names = set(re.findall(r'(?m)^  "(.+?)":', own))
    rows = table.splitlines(keepends=True)
    return "".join(row for row in rows if row.partition("|")[0].strip() not in names)


def _named(text: str, name: str) -> str:
    named = text.replace(EXAMPLE, name).replace(EXAMPLE.capitalize(), name.capitalize())
    return named.replace(EXAMPLE.upper(), name.upper())


def main(name: str) -> str:
    """Write them here; return a message, or end with the fault of the name."""
    if wrong := fault(name):
        raise SystemExit(wrong)
    written = "\n".join(write(name, ROOT))
    return (
        f"{written}\nwritten. Next: answer each line '# {OPEN}: …' and take it away, as "
        "docs/adding-a-provider.md says. To see what is left: git grep --untracked '# " + OPEN + "'"
    )


if __name__ == "__main__":
    print(main(sys.argv[1] if len(sys.argv) > 1 else ""))
