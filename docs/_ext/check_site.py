"""What Sphinx does not look at, after a site has been built: each finding is a warning.

- Each link inside the site leads to a file that is there, and to an anchor in it, raw HTML and pictures included.
- No page asks for anything over the network: scripts, styles, fonts and pictures are part of the site.
- Each page is reached from the first one by links in the text or in the navigation.
- Each picture has a text in its place.
"""

import re
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)

#: Pages that Sphinx makes and that only its search and its index lead to.
_MADE_BY_SPHINX = ("genindex.html", "py-modindex.html", "search.html", "index.html")

#: Tag -> attributes with what a browser loads by itself.
_LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "object": ("data",),
    "embed": ("src",),
    "video": ("src",),
}
_LOADED_LINKS = ("stylesheet", "preload", "icon", "preconnect", "dns-prefetch", "modulepreload", "prefetch")
_OUTSIDE = re.compile(r"^\s*(https?:)?//")
_IN_STYLES = re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)")


class Page(HTMLParser):
    """What a page links to, loads and has anchors for."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.loaded, self.anchors, self.findings = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Note one element."""
        given = {name: value or "" for name, value in attributes}
        self.anchors.update(filter(None, (given.get("id"), given.get("name") if tag == "a" else None)))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and set(given.get("rel", "").split()) & set(_LOADED_LINKS):
            self.loaded.append(given.get("href", ""))
        self.loaded += [given[name] for name in _LOADED.get(tag, ()) if name in given]
        if tag == "img" and not given.get("alt", "").strip():
            self.findings.append(f"a picture without a text in its place: {given.get('src')}")


def findings(folder: Path, first: str) -> list[str]:
    """Return what is wrong with a site, one line each.

    Parameters
    ----------
    folder : Path
        Folder with the pages.
    first : str
        The first page, relative to it.
    """
    files = sorted(folder.rglob("*.html"))
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files if "_static" not in path.parts}
    found, reached_from = [], defaultdict(set)
    for path, page in pages.items():
        name = path.relative_to(folder)
        found += [f"{name}: {text}" for text in page.findings]
        found += [f"{name}: loads {each} over the network" for each in page.loaded if _OUTSIDE.match(each)]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{name}: {link} leads to no file")
            elif target in pages:
                reached_from[path].add(target)
                if parts.fragment and unquote(parts.fragment) not in pages[target].anchors:
                    found.append(f"{name}: {link} leads to no anchor")
    for path in folder.rglob("*.css"):
        outside = _IN_STYLES.findall(path.read_text(encoding="utf-8"))
        found += [f"{path.relative_to(folder)}: loads {each} over the network" for each in outside]
    waiting, seen = [folder / first], {folder / first}
    while waiting:
        new = reached_from[waiting.pop()] - seen
        seen |= new
        waiting += new
    lost = [path.relative_to(folder) for path in pages.keys() - seen]
    return found + [f"{name}: no way leads there from {first}" for name in lost if str(name) not in _MADE_BY_SPHINX]


def _check(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for text in findings(Path(app.outdir).resolve(), app.builder.get_target_uri(app.config.root_doc)):
            _LOGGER.warning(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it."""
    app.connect("build-finished", _check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
