"""Mutants, found in the sources by syntax: where a function is and how it is laid out does not matter."""

import ast
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
DATA = Path(__file__).with_name("mutants.yaml")


@dataclass(frozen=True)
class Mutant:
    """A fault: in a function, class or constant, ``original`` becomes ``replacement``.

    Parameters
    ----------
    function : str
        Its qualified name (``Class.method``).
    original, replacement : str
        An expression, or one or more statements.
    module : str
        The module, or a folder above it, where others have a function of this name with the same ``original``.
    occurrence : int
        Which one, from 1 on, where the function has ``original`` several times; 0 where it has it once.
    survives : str
        Why nothing notices it; empty if something does.
    """

    id: str
    fault: str
    function: str
    original: str
    replacement: str
    module: str = ""
    occurrence: int = 0
    survives: str = ""


@dataclass(frozen=True)
class Group:
    """Mutants, and the fast tests and experiments that are to notice them, the quickest first."""

    name: str
    mutants: tuple[Mutant, ...]
    tests: tuple[str, ...]
    check: tuple[str, ...]


def load() -> list[Group]:
    """Return the groups of ``mutants.yaml``."""
    data = YAML(typ="safe", pure=True).load(DATA)
    suites = data["suites"]
    attribute = {"in": "function", "replace": "original", "with": "replacement"}
    return [
        Group(
            each["name"],
            tuple(Mutant(**{attribute.get(key, key): value for key, value in one.items()}) for one in each["mutants"]),
            tuple(suites[each["noticed_by"]]["tests"]),
            tuple(suites[each["noticed_by"]]["check"]),
        )
        for each in data["groups"]
    ]


@dataclass(frozen=True)
class Definition:
    """A function, a class or a constant, and the file that has it."""

    path: Path
    node: ast.stmt


class Sources:
    """The definitions of all source files of a folder by their qualified names."""

    def __init__(self, folder: Path = SOURCES):
        self.folder = folder
        self.definitions: dict[str, list[Definition]] = defaultdict(list)
        for path in sorted(folder.rglob("*.py")):
            for name, node in _definitions(ast.parse(path.read_bytes())):
                self.definitions[name].append(Definition(path, node))

    def planted(self, mutant: Mutant) -> tuple[Path, str]:
        """Return the file of a mutant, and its text with the fault.

        Raises
        ------
        LookupError
            Unless the sources have the original exactly once. The message says where they have it.
        """
        found = [
            (each.path, nodes)
            for each in self.definitions.get(mutant.function, [])
            if mutant.module in ("", *each.path.relative_to(self.folder).with_suffix("").parts)
            for nodes in _occurrences(each.node, mutant.original)
        ]
        if mutant.occurrence and len({path for path, _ in found}) == 1:
            found = found[mutant.occurrence - 1 : mutant.occurrence]
        if len(found) != 1:
            where = ", ".join(
                f"{name} in {each.path.name}"
                for name, definitions in self.definitions.items()
                for each in definitions
                if _occurrences(each.node, mutant.original)
            )
            raise LookupError(
                f"{mutant.id}: {mutant.function} has {mutant.original!r} {len(found)} times, not once. "
                f"It is in: {where or 'no function'}"
            )
        [(path, nodes)] = found
        return path, _substituted(path.read_text(), nodes, mutant.replacement)


def _definitions(scope: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Yield the qualified name and the node of everything that a module, class or function defines by name."""
    for node in getattr(scope, "body", []):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name, node
            yield from _definitions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not isinstance(scope, ast.FunctionDef):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield prefix + target.id, node


def _occurrences(definition: ast.stmt, text: str) -> list[list[ast.expr] | list[ast.stmt]]:
    """Return where a definition has the expression or the adjacent statements of a text, in the order of the source."""
    body = ast.parse(textwrap.dedent(text)).body
    found: list[list[ast.expr] | list[ast.stmt]]
    if len(body) == 1 and isinstance(body[0], ast.Expr):
        sought = body[0].value
        found = [[node] for node in ast.walk(definition) if isinstance(node, ast.expr) and _same(node, sought)]
    else:
        blocks = [block for node in ast.walk(definition) for block in _blocks(node)]
        runs = [block[k : k + len(body)] for block in blocks for k in range(len(block) - len(body) + 1)]
        found = [run for run in runs if _same(run, body)]
    return sorted(found, key=lambda nodes: (nodes[0].lineno, nodes[0].col_offset))


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of statements that a node has; an ``elif`` is none, since it cannot stand alone."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        is_elif = field == "orelse" and isinstance(node, ast.If) and block and block[0].col_offset == node.col_offset
        if isinstance(block, list) and not is_elif:
            yield block


def _same(one: object, other: object) -> bool:
    """Return True if two syntax trees are equal; a name may be read in one and assigned in the other."""
    if type(one) is not type(other):
        return False
    if isinstance(one, ast.AST):
        return all(_same(getattr(one, field), getattr(other, field)) for field in one._fields if field != "ctx")
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _substituted(source: str, nodes: list[ast.expr] | list[ast.stmt], replacement: str) -> str:
    """Return a source text with other text in place of an expression or of adjacent statements."""
    first, last = nodes[0], nodes[-1]
    text = textwrap.dedent(replacement).strip()
    # An expression binds as strongly as the one in its place; statements are indented like those in theirs.
    text = f"({text})" if isinstance(first, ast.expr) else text.replace("\n", "\n" + " " * first.col_offset)
    content = source.encode()
    start = _offset(content, first.lineno, first.col_offset)
    end = _offset(content, last.end_lineno, last.end_col_offset)
    return (content[:start] + text.encode() + content[end:]).decode()


def _offset(content: bytes, line: int | None, column: int | None) -> int:
    """Return where a position that the parser gave is in a file."""
    assert line is not None
    assert column is not None
    return sum(map(len, content.splitlines(keepends=True)[: line - 1])) + column
