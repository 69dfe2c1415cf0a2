"""Fills ``${NAME}`` in text that has already been parsed: no value can add keys or close quotes."""

import re
from collections.abc import Mapping

_GAP = re.compile(
    r"(?P<literal>\$\$\{)"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>[^}]*))?\}"
    r"|(?P<malformed>\$\{)"
)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Fill ``${NAME}`` and ``${NAME:-default}``; ``$${`` becomes ``${``.

    As in a shell, the default also stands in for a variable that is empty. Values are not
    expanded again. Raises ValueError, naming each variable that is not set.
    """
    wrong: list[str] = []

    def fill(gap: re.Match[str]) -> str:
        if gap["literal"]:
            return "${"
        if gap["malformed"]:
            wrong.append("holds a ${ that is not ${NAME}; for the two signs themselves write $${")
            return ""
        name = gap["name"]
        if gap["fallback"]:
            return environ.get(name) or gap["default"]
        if name not in environ:
            wrong.append(
                f"the environment variable {name} is not set; set it, "
                f"or write a value to use without it: ${{{name}:-value}}"
            )
        return environ.get(name, "")

    expanded = _GAP.sub(fill, text)
    if wrong:
        raise ValueError("; ".join(dict.fromkeys(wrong)))
    return expanded
