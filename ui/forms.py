"""Forms that do something, the name they are signed with, and what became of them."""

from ui.markup import Child, Markup, tag
from ui.place import Place


def act_form(place: Place, tab: str, where: str, *children: Child, class_: str = "") -> Markup:
    """A form whose fields the tab's `act` gets. where: its name on the page; what became of it is told in it."""
    return tag(
        "form",
        tag("input", type="hidden", name="where", value=where),
        *children,
        told_of(place, where),
        class_=f"act {class_}".strip(),
        data_act=tab,
    )


def told_of(place: Place, where: str) -> Markup | None:
    """One line, only where the visitor has just done something with this form."""
    told = place.visitor.told
    if told is None or told.where != where:
        return None
    return tag(
        "p",
        told.text,
        class_="told" if told.ok else "told bad",
        role="status" if told.ok else "alert",
        tabindex="-1",
    )


def typed_in(place: Place, where: str) -> str:
    """What stood in the field when something was wrong with it."""
    told = place.visitor.told
    return told.typed if told is not None and told.where == where and not told.ok else ""


def text_field(name: str, label: str, value: str = "", example: str = "", longest: int = 100) -> Markup:
    identity = f"field-{name}-{label.lower().replace(' ', '-')}"
    return tag(
        "span",
        tag("label", label, for_=identity),
        tag("input", type="text", id=identity, name=name, value=value, placeholder=example, maxlength=longest),
        class_="text-field",
    )


def button(text: Child, *, name: str = "", value: str = "", class_: str = "", key: str = "", title: str = "") -> Markup:
    """It sends its form, with its own name and value."""
    return tag(
        "button",
        text,
        tag("kbd", key, aria_hidden="true") if key else None,
        type="submit",
        name=name or None,
        value=value or None,
        class_=class_ or "plain-button",
        data_key=key or None,
        aria_keyshortcuts=key or None,
        title=title or None,
    )


def signed_as(place: Place, tab: str) -> Markup:
    """Who signs: the login, the name that was said, or a field that asks for it once."""
    visitor = place.visitor
    if visitor.has_login:
        return tag("p", "Signed with your login, ", tag("b", visitor.name), ".", class_="signed")
    if visitor.name:
        change = tag(
            "details",
            tag("summary", "not you?"),
            act_form(place, tab, "who", text_field("who", "Another name", longest=60), button("Use it")),
        )
        return tag("div", tag("p", "Signed ", tag("b", visitor.name), "."), change, class_="signed")
    return act_form(
        place,
        tab,
        "who",
        tag(
            "div",
            tag("p", tag("strong", "Who are you?")),
            tag("p", "What you say of a journey is kept with a name and the time. It is asked once."),
        ),
        tag(
            "div",
            text_field("who", "Your name", example="Ada", longest=60),
            button("Go on", class_="primary"),
            class_="row",
        ),
        class_="who notice",
    )
