"""Cells of commands: what begins with ``%%bash`` is executed as such, and shown without that line, to be copied."""

from docutils import nodes
from sphinx.application import Sphinx

_MAGIC = "%%bash\n"


def _show_as_commands(_app: Sphinx, doctree: nodes.document) -> None:
    for block in doctree.findall(nodes.literal_block):
        if block.rawsource.startswith(_MAGIC) or block.astext().startswith(_MAGIC):
            block.rawsource = block.astext().removeprefix(_MAGIC)
            block.children = [nodes.Text(block.rawsource)]
            block["language"] = "bash"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it."""
    app.connect("doctree-read", _show_as_commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
