"""The settings of Sphinx. Each warning fails the build, a broken link among them."""

project = "newsletter"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
templates_path = ["templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "versions.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_use_index = False
html_show_sphinx = False
html_show_copyright = False
pygments_style, pygments_dark_style = "default", "native"
# Pygments has no words for these
highlight_language = "none"
