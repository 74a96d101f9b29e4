"""Citations of the model descriptions: `docs/models/FILE.md#ANCHOR`, or the file alone. Each leads somewhere."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT

DESCRIPTIONS = Path("docs/models")
CITATION = re.compile(r"docs/models/(?P<file>[\w-]*\.md)(?:#(?P<anchor>[\w-]*))?")
ANCHOR = re.compile(r'<a id="([^"]*)"></a>')
LINK_WITHIN = re.compile(r"\]\((?P<file>[\w-]+\.md)?(?:#(?P<anchor>[\w-]+))?\)")
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
#: How descriptions were cited before they were part of the repository.
OLD_CITATION = re.compile(
    r"specification[,:]? *(sections?|points?|[\"“])|\b(the|stored) specification\b|\(errata, \d", re.IGNORECASE
)


def anchors(text):
    """Return the explicit anchors of a description, in order; anchors inside code are examples."""
    return ANCHOR.findall(CODE.sub("", text))


def unresolved(text, root=ROOT):
    """Return each citation in a text whose file or anchor does not exist."""
    found = []
    for citation in CITATION.finditer(text):
        path = root / DESCRIPTIONS / citation["file"]
        if not path.is_file() or citation["anchor"] not in (None, *anchors(path.read_text(encoding="utf-8"))):
            found.append(citation[0])
    return found


def unresolved_links(path):
    """Return each link of a description to another one, or to an anchor, that leads nowhere."""
    found = []
    for link in LINK_WITHIN.finditer(path.read_text(encoding="utf-8")):
        target = path.parent / (link["file"] or path.name)
        if not target.is_file() or link["anchor"] not in (None, *anchors(target.read_text(encoding="utf-8"))):
            found.append(link[0])
    return found


def slug(heading):
    """Return the anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def tracked_and_new(*suffixes):
    """Return all files of the repository with some suffixes, except this one, which has citations that lead nowhere."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name.endswith(suffixes))
    return [path for path in paths if path.is_file() and path != Path(__file__).resolve()]


def descriptions():
    return sorted((ROOT / DESCRIPTIONS).glob("*.md"))


def test_every_citation_leads_to_an_anchor():
    cited, broken = 0, []
    for path in tracked_and_new(".py", ".pyi", ".yaml", ".yml", ".md", ".smk"):
        text = path.read_text(encoding="utf-8")
        cited += len(CITATION.findall(text))
        broken += [f"{path.relative_to(ROOT)}: {citation}" for citation in unresolved(text)]
    assert not broken, "\n".join(broken)
    assert cited >= 100, "the citations are not found any more"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See docs/models/pair_stdp.md#bounds.", []),
        ("See docs/models/pair_stdp.md.", []),
        ("(docs/models/pair_stdp.md#bounds, docs/models/pair_stdp.md#synapse)", []),
        ("See docs/models/pair_stdp.md#bound.", ["docs/models/pair_stdp.md#bound"]),
        ("See docs/models/pair_stdp.md#bounds-2.", ["docs/models/pair_stdp.md#bounds-2"]),
        ("See docs/models/pair_stdp.md#.", ["docs/models/pair_stdp.md#"]),
        ("See docs/models/nothing.md#bounds.", ["docs/models/nothing.md#bounds"]),
        ("See docs/models/nothing.md.", ["docs/models/nothing.md"]),
        # The anchor of a heading changes with its words.
        (
            "See docs/models/pair_stdp.md#1-plastic-synapse-all-protocols.",
            ["docs/models/pair_stdp.md#1-plastic-synapse-all-protocols"],
        ),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text, expected):
    assert unresolved(text) == expected


def test_links_within_the_descriptions_lead_somewhere(tmp_path):
    broken = [f"{path.name}: {link}" for path in descriptions() for link in unresolved_links(path)]
    assert not broken, "\n".join(broken)
    page = tmp_path / "page.md"
    page.write_text('<a id="here"></a> [a](#here) [b](#there) [c](other.md) [d](page.md#here) [e](page.md#there)\n')
    assert unresolved_links(page) == ["](#there)", "](other.md)", "](page.md#there)"]


@pytest.mark.parametrize("path", descriptions(), ids=lambda path: path.stem)
def test_anchors_are_unique_and_written_alike(path):
    text = path.read_text(encoding="utf-8")
    found = anchors(text)
    assert [name for name, count in Counter(found).items() if count > 1] == []
    assert [name for name in found if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)] == []
    # GitHub gives headings anchors, too: one of the same name has to be at the same place.
    for heading in HEADING.finditer(text):
        name = slug(heading[1])
        before = text[: heading.start()]
        assert name not in found or before.rstrip().endswith(f'<a id="{name}"></a>'), f"{heading[1]}: another {name}"


def names_in_the_code(text):
    """Return the names in the columns of a description's tables that are headed "name in the code"."""
    found, column = [], None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if not line.startswith("|"):
            column = None
        elif column is None:
            column = cells.index("name in the code") if "name in the code" in cells else 0
        elif column:
            found += re.findall(r"`([A-Za-z]\w*)`", cells[column])
    return found


@pytest.mark.parametrize("path", descriptions(), ids=lambda path: path.stem)
def test_the_code_has_the_names_of_the_symbols(path):
    words = {word for file in (ROOT / "src").rglob("*.py") for word in re.findall(r"\w+", file.read_text("utf-8"))}
    text = path.read_text(encoding="utf-8")
    assert [name for name in names_in_the_code(text) if name not in words] == []
    assert path.name == "README.md" or len(names_in_the_code(text)) > 10
    assert names_in_the_code("| x | name in the code |\n|---|---|\n| `a` | `b`, `c_mV` |\n") == ["b", "c_mV"]


def test_every_description_is_listed_and_has_symbols_and_errata():
    listed = (ROOT / DESCRIPTIONS / "README.md").read_text(encoding="utf-8")
    for path in descriptions():
        if path.name != "README.md":
            assert f"({path.name})" in listed
            assert {"symbols", "errata"} <= set(anchors(path.read_text(encoding="utf-8"))), path.name


@pytest.mark.parametrize(
    ("text", "is_old"),
    [
        ("(specification, section 5, point 2)", True),
        ('specification "Regular-firing pairs", section 1', True),
        ("Specification: section 4", True),
        ("written from the specification alone", True),
        ("the generated code does so (errata, 21)", True),
        ("(verified in the stored specification)", True),
        ("a specification of the memory that a job needs", False),
        ('specification = find_spec("matplotlib")', False),
    ],
)
def test_an_old_citation_is_recognised(text, is_old):
    assert bool(OLD_CITATION.search(text)) == is_old


def test_no_file_cites_a_specification_that_is_not_here():
    old = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("src", "tests", "config", "workflow", "docs", "figures")
        for path in tracked_and_new(".py", ".yaml", ".md", ".smk")
        if path.is_relative_to(ROOT / folder)
        for line in path.read_text(encoding="utf-8").splitlines()
        if OLD_CITATION.search(line)
    ]
    assert not old, "\n".join(old)
