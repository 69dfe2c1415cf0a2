"""Writes docs/configuration.md: ``python -m tools.reference.settings``."""

import sys
from collections.abc import Iterator

from newsletter.config.settings import Settings
from newsletter.config.shape import Shape, as_yaml
from newsletter.providers.common.options import ProviderOptions

_INTRODUCTION = """\
<!-- Generated from the settings by `python -m tools.reference.settings`. -->
# Configuration

`newsletter.yaml` configures a workspace; `newsletter.example.yaml` shows everything with comments.
`newsletter config validate` lists all faults at once:

```
newsletter.yaml:12:3 provider.kind: 'mailgunn' is not a kind we know; did you mean mailgun?
```

## How values are written

- **Text** that YAML takes for something else needs quotes: `"no"`, `"012"`, `"2024-05-01"`.
- **Durations** are a whole number and a unit: `30s`, `5m`, `2h` or `1d`.
- **Paths** are relative to the workspace, the directory of `newsletter.yaml`.
- **Environment:** `${NAME}` becomes the value of a variable that must be set. `${NAME:-text}`
  becomes the text if the variable is unset or empty. `$${` becomes `${`. A variable's value cannot
  add keys.
- **Secrets:** each key marked *secret* has a second one that ends in `_file` and names a file with
  only the secret in it. `newsletter config show` masks secrets.
- **Aliases** (`*name`) and tags (`!name`) of YAML are refused.

Editors complete and check the file by its JSON Schema:
`newsletter config schema > newsletter.schema.json`.
"""


def document() -> str:
    """The whole page, in Markdown."""
    root = Shape(type=Settings)
    groups = {key: shape for key, shape in root.keys.items() if shape.keys}
    lines = [_INTRODUCTION, "## Top level", "", *_table(root, frozenset(root.keys))]
    for key, shape in groups.items():
        lines += _group(key, shape)
    lines += _by_kind("statements", "sources", root.keys["statements"].items)
    lines += _by_kind("notices", "channels", root.keys["notices"].items)
    lines += _listed("lists", root.keys["lists"])
    lines += _listed("digests", root.keys["digests"])
    lines += _listed("segments", root.keys["segments"])
    lines += _providers(root.keys["provider"])
    return "\n".join(lines) + "\n"


def _group(key: str, shape: Shape) -> Iterator[str]:
    yield from ["", f"## `{key}`", ""]  # what it is stands in the table above it
    yield from _table(shape, frozenset(shape.keys))
    for inner, child in shape.keys.items():
        if child.keys:
            yield from _group(f"{key}.{inner}", child)


def _by_kind(name: str, what: str, items: Shape) -> Iterator[str]:
    yield from ["", f"## `{name}`", "", f"A list of {what}, each with a `kind`:"]
    explained: dict[str, tuple[str, str]] = {}
    for kind, shape in items.kinds.items():
        keys = {key: _meaning(child) for key, child in shape.keys.items() if key != "kind"}
        shared = [key for key in keys if explained.get(key, ("", ""))[1] == keys[key]]
        yield from ["", f"### `kind: {kind}`", "", shape.description]
        if shared:
            yield ""
            first = explained[shared[0]][0]
            names = ", ".join(f"`{key}`" for key in shared)
            end = ", and:" if len(shared) < len(keys) else "."
            yield from [f"It takes {names} like `kind: {first}`{end}"]
        if own := frozenset(keys) - frozenset(shared):
            yield from ["", *_table(shape, own)]
        explained |= {key: (kind, keys[key]) for key in keys if key not in shared}


def _listed(key: str, shape: Shape) -> Iterator[str]:
    yield from ["", f"## `{key}`", "", f"{shape.description} A list; each has:", ""]
    yield from _table(shape.items, frozenset(shape.items.keys))


def _providers(providers: Shape) -> Iterator[str]:
    shared = frozenset(ProviderOptions.model_fields)
    yield from ["", "## `provider`", "", "Its `kind` decides its other keys. Every kind has:"]
    yield from ["", *_table(next(iter(providers.kinds.values())), shared)]
    for kind, shape in providers.kinds.items():
        own = frozenset(shape.keys) - shared - {"kind"}
        yield from ["", f"### `kind: {kind}`", "", shape.description.partition("\n")[0]]
        yield from ["", *_table(shape, own)] if own else []
        for key in (key for key, child in shape.keys.items() if child.keys):
            yield from ["", f"Under `{key}`:", ""]
            yield from _table(shape.keys[key], frozenset(shape.keys[key].keys))


def _table(shape: Shape, keys: frozenset[str]) -> Iterator[str]:
    yield "| key | default | what |"
    yield "|---|---|---|"
    for key, child in shape.keys.items():
        if key in keys:
            yield f"| {_name(key, child)} | {_default(key, shape)} | {_meaning(child)} |"


def _name(key: str, shape: Shape) -> str:
    return f"`{key}` or `{key}_file`" if shape.secret else f"`{key}`"


def _default(key: str, shape: Shape) -> str:
    if key in shape.required:
        return "*required*"
    default = shape.keys[key].default
    return "–" if default in (None, "") or shape.keys[key].keys else f"`{as_yaml(default)}`"


def _meaning(shape: Shape) -> str:
    words = " ".join(shape.description.split()).replace("|", "\\|")
    return f"{words} *Secret.*".strip() if shape.secret else words


if __name__ == "__main__":
    sys.stdout.write(document())
