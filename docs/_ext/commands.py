"""The directive ``commands``: commands of a shell that are executed when the site is built, with what they print.

Those of one page are executed one after the other, in an empty folder of its own; a ``cd`` holds until the end of the
page. The first command that fails ends the build, unless its line has ``|| true``. What goes to the error stream is
shown only where a failure is expected.

Options: ``hidden`` shows nothing; ``image`` and ``alt`` show a picture that the commands have made; ``in-clone``
executes them on top of the clone, where they write nothing.
"""

import os
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

#: Help texts and messages that commands print are so wide.
_COLUMNS = "150"


class Commands(SphinxDirective):
    """Execute and show commands."""

    has_content = True
    option_spec: ClassVar = {
        "hidden": directives.flag,
        "image": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "in-clone": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the block of commands, that of their output, and the picture."""
        text = "\n".join(self.content)
        printed = self._execute(text)
        shown: list[nodes.Node] = []
        if "hidden" not in self.options and text:
            shown.append(nodes.literal_block(text, text, language="bash", classes=["command"]))
            if printed.strip():
                block = nodes.literal_block(printed, printed, language="text", classes=["output"])
                shown.append(nodes.container("", block, classes=["output"]))
        if "image" in self.options:
            shown.append(self._image(self._folder() / self.options["image"]))
        return shown

    def _folder(self) -> Path:
        """Return the folder in which this page's commands are."""
        data = self.env.current_document
        if "commands" not in data:
            data["commands_made"] = data["commands"] = tempfile.mkdtemp(prefix="docs-")
        return Path(data["commands"])

    def _execute(self, text: str) -> str:
        folder = Path(self.env.srcdir) if "in-clone" in self.options else self._folder()
        environment = {name: value for name, value in os.environ.items() if name != "REPLASTICITY_PATH"}
        environment |= {"COLUMNS": _COLUMNS, "NO_COLOR": "1", "TERM": "dumb"}
        environment["DOCS_CLONE"] = str(self.env.srcdir)
        # A new folder would compile everything once more.
        environment.setdefault("NUMBA_CACHE_DIR", str(Path(self.env.srcdir) / ".cache" / "numba"))
        with tempfile.NamedTemporaryFile("r") as where:
            done = subprocess.run(
                ["bash", "-e", "-c", f"{text}\npwd > {where.name}"],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if "|| true" in text else subprocess.PIPE,
                text=True,
            )
            if done.returncode:
                message = f"exit status {done.returncode}: {text}\n{done.stdout}{done.stderr or ''}"
                raise ExtensionError(f"{self.env.docname}, line {self.lineno}: {message}")
            if "in-clone" not in self.options:
                self.env.current_document["commands"] = where.read().strip()
        return "\n".join(line.rstrip() for line in done.stdout.splitlines())

    def _image(self, picture: Path) -> nodes.Node:
        content = picture.read_bytes()
        copy = Path("docs/_build/made") / f"{sha256(content).hexdigest()[:16]}{picture.suffix}"
        there = Path(self.env.srcdir) / copy
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(content)
        return nodes.image(uri=f"/{copy}", alt=self.options["alt"])


def _clean(app: Sphinx, _doctree: nodes.document) -> None:
    folder = app.env.current_document.get("commands_made")
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("commands", Commands)
    app.connect("doctree-read", _clean)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
