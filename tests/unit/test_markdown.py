"""Text from files in the gallery's page."""

import pytest

from replasticity.reporting.markdown import address_of_doi, as_code, as_line, as_text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a | b", r"a \| b"),
        ("a\n\n## heading", "a ## heading"),
        ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
        ("![x](y) <img src=x> &lt;", r"!\[x\](y) \<img src=x\> \&lt;"),
        ("`code` *bold* _italic_ ~~gone~~ $x$", r"\`code\` \*bold\* \_italic\_ \~\~gone\~\~ \$x\$"),
        ("back\\slash", "back\\\\slash"),
        # As in names of statistics and in numbers: no markup, and left as it is.
        ("weight_final_mV", "weight_final_mV"),
        ("-0.5 to 1.5", "-0.5 to 1.5"),
    ],
)
def test_markup_is_escaped(text, escaped):
    assert as_text(text) == escaped


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("# a", r"\# a"), ("- a", r"\- a"), ("1. a", r"1\. a"), ("12) a", r"12\) a"), ("=== a", r"\=== a"), ("a", "a")],
)
def test_blocks_do_not_begin(text, escaped):
    assert as_line(text) == escaped


@pytest.mark.parametrize(
    ("text", "code"), [("G_Hz[epoch=1]", "`G_Hz[epoch=1]`"), ("a ` b\n| c\\| $d$ <e>", "`a ' b ' c'' $d$ <e>`")]
)
def test_code_ends_where_it_has_to(text, code):
    assert as_code(text) == code


def test_address_of_a_doi_ends_no_link():
    assert address_of_doi("10.1038/nn.2479") == "https://doi.org/10.1038/nn.2479"
    address = address_of_doi('10.1/x"><b>)[y](javascript:alert(2)')
    assert set('"<>()[] ').isdisjoint(address)
