"""A page whose address is shared: what those see whom it is sent to."""

import subprocess

import pytest
from bs4 import BeautifulSoup

from helpers.build import citing, page, plan
from helpers.project import InputError

WHERE = "https://example.org/classrooms"


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Writes a page of the site whose address is as given, and reads it."""

    def write(given, **names):
        monkeypatch.setenv("SITE_URL", given)
        target = tmp_path / "times.html"
        page.listing(target, "times.html.j2", 'A "page"', "What it holds", runs=[], site_url=plan.address(), **names)
        return BeautifulSoup(target.read_text(encoding="utf-8"), "html.parser")

    return write


def told(page):
    return {tag["property"]: tag["content"] for tag in page.select("meta[property]")}


def test_where_the_address_of_the_site_is_known_a_page_says_what_to_show(listed):
    found = listed(f"{WHERE}/", lead={"picture": "figures/a.png", "alt": "Two dots."})
    assert found.select_one("link[rel=canonical]")["href"] == f"{WHERE}/times.html"
    assert told(found) == {
        "og:type": "article", "og:site_name": page.PROJECT, "og:title": 'A "page"', "og:description": "What it holds",
        "og:url": f"{WHERE}/times.html", "og:image": f"{WHERE}/figures/a.png", "og:image:alt": "Two dots.",
    }  # fmt: skip
    assert "og:image" not in told(listed(WHERE))


def test_without_it_a_page_says_nothing_of_it(listed):
    found = listed("", lead={"picture": "figures/a.png", "alt": "Two dots."})
    assert told(found) == {}
    assert "url = " not in found.footer.pre.text


def test_a_citation_has_the_address_where_it_is_known(listed):
    foot = listed(f"{WHERE}/").footer
    assert f"  url = {{{WHERE}/times.html}},\n" in foot.pre.text
    assert foot.p.text.endswith(f"). {WHERE}/times.html")


@pytest.mark.parametrize(
    "given", ["example.org", "https://", "javascript:alert(1)", "https://a b", "https://a.example/?x"]
)
def test_an_address_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv("SITE_URL", given)
    with pytest.raises(InputError, match="write the address of the site"):
        plan.address()


def test_the_commit_that_was_built_is_told_and_whether_something_is_other_than_that(tmp_path, monkeypatch):
    assert citing.commit(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    (tmp_path / "file.txt").write_text("one")
    for words in (["init", "-q"], ["add", "file.txt"], ["commit", "-qm", "One"]):
        subprocess.run([*git, *words], check=True)
    known = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    assert known.startswith(citing.commit(tmp_path))
    (tmp_path / "file.txt").write_text("two")
    assert citing.commit(tmp_path).endswith(", with changes")
    monkeypatch.setenv("PATH", "")
    assert citing.commit(tmp_path) == ""
