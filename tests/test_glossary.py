"""Terms are explained where a page uses them first, and nowhere twice."""

from bs4 import BeautifulSoup

from helpers.build import glossary
from prose import long_sentences, wrong_forms


def explained(page):
    soup = BeautifulSoup(page, "html.parser")
    return soup, [one["term"] for one in glossary.explain(soup)]


def test_the_first_use_of_a_term_leads_to_its_words():
    soup, terms = explained(
        '<div class="prose"><p>Two standard errors, one <b>p-value</b>.</p><p>A Standard error.</p></div>'
    )
    assert terms == ["standard error"]
    assert [(link.text, link["href"]) for link in soup.find_all("a")] == [("standard errors", "#term-standard-error")]
    assert soup.get_text() == "Two standard errors, one p-value.A Standard error."


def test_the_longest_form_counts_and_no_part_of_a_word():
    soup, terms = explained(
        '<div class="prose"><p>95% intervals by replicate weights, of intervallic clusterings.</p></div>'
    )
    assert terms == ["interval", "replicate weights"]
    assert [link.text for link in soup.find_all("a")] == ["95% intervals", "replicate weights"]


def test_links_code_headings_and_states_stay_as_they_are():
    page = (
        '<div class="prose"><h2>Holm</h2><p><a href="x">Holm</a> <code>CR2</code> <span class="state">moments</span></p></div>'
        "<p>Holm</p>"
    )
    soup, terms = explained(page)
    assert (str(soup), terms) == (page, [])


def test_every_term_has_an_address_of_its_own_and_plain_words():
    terms = glossary.terms()
    assert len({glossary.address(one["term"]) for one in terms}) == len(terms)
    forms = [form.lower() for one in terms for form in (one["term"], *one["also"].split("; ")) if form]
    assert len(set(forms)) == len(forms)
    for one in terms:
        assert one["meaning"].endswith(".")
        assert long_sentences(one["meaning"]) == wrong_forms(one["meaning"]) == []
