"""The settings of Sphinx. Each warning fails the build, a broken link among them."""

import newsletter

project = "newsletter"
release = newsletter.__version__
html_title = f"newsletter {release}"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_use_index = False
html_show_sphinx = False
html_show_copyright = False
pygments_style, pygments_dark_style = "friendly", "native"
# Pygments has no words for these
highlight_language = "none"
