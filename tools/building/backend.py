"""The build backend: hatchling, once the scripts of the desk are built.

``pip install .`` from a checkout has them, and so have a wheel and an sdist; an installation from
those needs no Node. ``-C browser=none`` builds without them, ``-C browser=required`` fails without.
"""

from collections.abc import Mapping
from typing import Any

import browser
from hatchling import build as hatch

Settings = Mapping[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """The requirements of hatchling, and Node where this machine has none."""
    return [*hatch.get_requires_for_build_wheel(config_settings), *_node(config_settings)]


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """The same for an sdist."""
    return [*hatch.get_requires_for_build_sdist(config_settings), *_node(config_settings)]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """The same for a checkout that is used where it is."""
    needed = hatch.get_requires_for_build_editable(config_settings)
    return [*needed, *_node(config_settings)]


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """A wheel with the scripts in it."""
    _build(config_settings)
    made = hatch.build_wheel(wheel_directory, config_settings, metadata_directory)
    return str(made)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """An sdist with the scripts in it, and with what they are made of."""
    _build(config_settings)
    return str(hatch.build_sdist(sdist_directory, config_settings))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """This checkout, with the scripts in it."""
    _build(config_settings)
    made = hatch.build_editable(wheel_directory, config_settings, metadata_directory)
    return str(made)


def _wanted(settings: Settings) -> str:
    return str((settings or {}).get("browser", ""))


def _node(settings: Settings) -> list[str]:
    if _wanted(settings) == "none" or browser.is_built() or browser.has_node():
        return []
    return [browser.WHEELS]


def _build(settings: Settings) -> None:
    if _wanted(settings) == "none":
        return
    try:
        browser.build()
    except browser.NotBuilt as why:
        if _wanted(settings) == "required":
            raise
        browser.explain(why)
