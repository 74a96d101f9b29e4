"""How Sphinx makes the documentation site; `make docs` calls it.

Sources are read from the top folder of the repository, not from ``docs`` alone: so the gallery, the description of the
YAML files and CONTRIBUTING.md are pages of the site where they stand, and a relative link in one works in the
repository's browser as well as on the site. Code blocks are executed at each build, in a folder of their own; nothing
is kept from an earlier build, which could differ from what the code does now.
"""

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(ROOT / "src")]
# Commands in pages find this Python and its `replasticity`, also where the environment is not activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

from replasticity import __version__  # noqa: E402

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _PROJECT["name"]
author = _PROJECT["authors"][0]["name"]
copyright = author
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinxarg.ext",
    "sphinx_copybutton",
    "sphinx_design",
    "check_site",
    "commands",
    "docstring_names",
    "generated_pages",
    "repository_links",
    "mathml",
]

root_doc = "docs/index"
include_patterns = ["docs/**.md", "config/README.md", "figures/README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
exclude_patterns = [".*", "**/__pycache__", "docs/_*", "benchmarks", "results", "src", "tests", "tools", "workflow"]

# Sources and claims are shown as they are, arrows and quotation marks included.
smartquotes = False

nitpicky = True
# Classes of other libraries, whose documentation is not asked for over the network.
nitpick_ignore_regex = [(r"py:.*", r"(matplotlib|numpy|pandas|pydantic|xarray)(\..*)?")]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_merge_streams = True

# What can be imported is linked, as numpydoc has it; names of arguments and the like are not.
default_role = "autolink"
autodoc_member_order = "bysource"
# Docstrings say types, shapes and units; those of signatures would say the first of them a second time.
autodoc_typehints = "none"
# What a class has is said by its docstring; autodoc lists what is public.
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
add_module_names = False
python_display_short_literal_types = True

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "logo": {"text": project},
    "navbar_align": "left",
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navigation_with_keys": False,
}
# Pages stand in the folders of their sources; this one leads from the top to the first of them.
html_extra_path = ["index.html"]
copybutton_exclude = ".linenos, .gp, .go"
