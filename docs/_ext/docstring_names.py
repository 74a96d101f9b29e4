"""Names in docstrings, as the code of their module knows them.

A name between single backticks that can be imported is a link (the role ``autolink``). It may be short, `Variable` for
what the module imports from elsewhere; and it may have no page, as what only the program itself uses. The first is
looked up, the second shown as code. What does not exist stays an error.
"""

import sys
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import replasticity

# As docstrings write it: `rp.run`.
sys.modules["rp"] = replasticity


def _resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.Element) -> nodes.Element | None:
    if node.get("refdomain") != "py" or node.get("reftype") != "obj":
        return None
    found = _found(node["reftarget"].removeprefix("rp."), node.get("py:module"))
    if found is None:
        return None
    domain = env.domains.python_domain
    for name in found:
        if name in domain.objects:
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, shown)
    return shown


def _found(target: str, module: str | None) -> list[str] | None:
    """Return the full names of what a name means in a module; None if nothing of ours is called so."""
    for prefix in filter(None, (module, "replasticity", "replasticity.interface")):
        value: Any = import_module(prefix)
        try:
            for part in target.split("."):
                # The fields of a data class that have no default are no attributes of it.
                value = "a field" if part in getattr(value, "__annotations__", ()) else getattr(value, part)
        except AttributeError:
            continue
        name = f"{getattr(value, '__module__', prefix)}.{getattr(value, '__qualname__', target)}"
        head, _, rest = target.partition(".")
        owner = getattr(import_module(prefix), head)
        public = f"replasticity.{target}" if target in replasticity.__all__ else name
        return [public, name, f"{getattr(owner, '__module__', prefix)}.{target}" if rest else name]
    try:
        import_module(target if target.startswith("replasticity.") else "")
    except (ImportError, ValueError):
        parent, _, last = target.rpartition(".")
        return _found(last, parent) if parent.startswith("replasticity") else None
    return [target]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it."""
    app.connect("missing-reference", _resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
