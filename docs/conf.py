"""Settings of the documentation's pages. `docs/make.py` builds them, for each language; see CONTRIBUTING.md."""

import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.append(str(DOCS / "_ext"))  # after Python's own folders: no file there may hide a package

project = "tinynet"
release = version = re.search(r'__version__ = "(.+)"', (DOCS.parent / "tinynet" / "version.py").read_text())[1]
language = "en"  # docs/make.py sets it
html_math_renderer = "katex"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings", "katex", "korean_search"]
templates_path = ["_templates"]
exclude_patterns = ["_*", "locale", "**.py"]

# Text: Markdown by MyST, its formulas between $; `name` in a docstring is a link if there is such a name.
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 4
default_role = "py:obj"
smartquotes_action = "D"  # dashes, not quotes
highlight_language = "text"
pygments_style, pygments_dark_style = "friendly", "monokai"

# Docstrings: sections as Google's style has them, types in words, not in the signature.
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Call arguments", "params_style")]
napoleon_use_ivar = True
napoleon_use_param = False  # one line for "kernel_size, strides: An int, or one for each axis"
add_module_names = False
toc_object_entries_show_parents = "hide"

# Translation: a catalog a page, as docs/locale/ko/LC_MESSAGES/guides/start.po; docs/make.py copies them to the pages.
locale_dirs = ["locale"]
gettext_compact = False
gettext_location = False
gettext_uuid = False

html_theme = "furo"
html_title = f"tinynet {release}"
html_static_path = [str(DOCS / "_static")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}
html_sidebars = {"**": [f"sidebar/{part}.html" for part in (
    "brand", "languages", "search", "scroll-start", "navigation", "scroll-end")]}
