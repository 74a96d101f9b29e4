"""Links of pages that are read in the repository's browser as well.

- An anchor that stands in a page as ``<a id="weight-update"></a>`` can be linked to, and is checked, like a heading.
- A link to a file that is no page of the site gives that file, which the site then has a copy of. MyST does so itself,
  but for Markdown.
- A link to a folder of the repository leads to the repository: a site has no folders.
"""

import os
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

_ANCHOR = re.compile(r'<a id="([^"]+)">')


class RegisterAnchors(SphinxTransform):
    """Make anchors in raw HTML known to MyST, which finds headings and its own targets only."""

    # Before MyST resolves links inside a page (879).
    default_priority = 870

    def apply(self) -> None:
        """Note each anchor, in the page and for links from others."""
        slugs = getattr(self.document, "myst_slugs", None)
        if slugs is None:
            return
        for raw in self.document.findall(nodes.raw):
            for anchor in _ANCHOR.findall(raw.astext()):
                slugs[anchor] = (None, anchor, "")
        if slugs:
            self.env.metadata[self.env.docname]["myst_slugs"] = slugs


class LinkFilesAndFolders(SphinxTransform):
    """Let links to Markdown files that are no pages, and to folders, lead somewhere."""

    default_priority = 870

    def apply(self) -> None:
        """Replace each such link."""
        root = Path(self.env.srcdir)
        here = (root / self.env.doc2path(self.env.docname, base=False)).parent
        for link in list(self.document.findall(pending_xref)):
            target = link["reftarget"]
            if link["reftype"] != "myst":
                continue
            if link["refdomain"] == "doc" and target not in self.env.found_docs:
                reached = os.path.relpath(root / f"{target}.md", here)
                link.replace_self(download_reference("", "", *link.children, reftarget=reached, refdoc=link["refdoc"]))
            elif not link["refdomain"]:
                folder = (here / unquote(target)).resolve()
                if folder.is_dir() and folder.is_relative_to(root):
                    uri = f"{_repository(root)}/tree/main/{folder.relative_to(root)}"
                    link.replace_self(nodes.reference("", "", *link.children, refuri=uri, internal=False))


def _repository(root: Path) -> str:
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return str(table["project"]["urls"]["Source"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Add both."""
    app.add_transform(RegisterAnchors)
    app.add_transform(LinkFilesAndFolders)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
