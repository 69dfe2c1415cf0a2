"""Which packages there are; all else about the project stands in ``pyproject.toml``.

A search and no list: a new package needs no line here. ``newsletter.templates`` is the one that a
search does not find, as its files stand beside the code, where editors of templates look.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["newsletter", "newsletter.*"]), "newsletter.templates"],
    package_dir={"newsletter.templates": "templates"},
)
