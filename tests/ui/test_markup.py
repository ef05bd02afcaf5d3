"""Text becomes markup in one place, and only what was made there is taken for it."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from ui.markup import Markup, escaped, joined, tag


class Seen(HTMLParser):
    """What a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "<b>", tag("b", "a & b")) == "<p>&lt;b&gt;<b>a &amp; b</b></p>"


def test_attributes_are_named_as_html_names_them() -> None:
    made = tag("a", "go", href='?q="x"', class_="quiet", aria_label="<there>", hidden=True, title=None, disabled=False)
    assert made == '<a href="?q=&quot;x&quot;" class="quiet" aria-label="&lt;there&gt;" hidden>go</a>'


def test_an_attribute_may_be_called_name() -> None:
    assert tag("input", name="find", for_="x") == '<input name="find" for="x">'


def test_none_and_nothing_are_nothing() -> None:
    assert tag("ul", None, "", joined([1, 2.5], between=", ")) == "<ul>1, 2.5</ul>"


def test_a_plain_string_that_was_added_is_no_markup() -> None:
    added = tag("b", "x") + "<i>"
    assert not isinstance(added, Markup)
    assert escaped(added) == "&lt;b&gt;x&lt;/b&gt;&lt;i&gt;"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])), st.text(alphabet="<>\"'&ab=/ "))
def test_whatever_is_written_stays_text(text: str, attribute: str) -> None:
    seen = Seen()
    seen.feed(tag("p", text, title=attribute))
    seen.close()
    assert seen.tags == [("p", {"title": attribute})]
    assert seen.text == text
