"""The page's own login, in place of Gradio's: a name, a password, and one line where they do not belong together."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.markup import Markup, joined, tag
from ui.packaged import packaged
from ui.shell import TITLE

# What Gradio tells its own login.
_MARK = b'"auth_required":true'


def login_page() -> str:
    """The whole document. It sends what Gradio's login sends, and then opens the address that was asked for."""
    head = joined(
        (
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", f"Log in · {TITLE}"),
            tag("style", Markup(packaged("style.css"))),
        )
    )
    fields = joined(
        (
            _field("username", "Name", "text", "username"),
            _field("password", "Password", "password", "current-password"),
            tag("p", id="told", class_="told bad", role="alert", hidden=True),
            tag("div", tag("button", "Log in", type="submit", class_="primary"), class_="row"),
        )
    )
    form = tag("form", fields, id="login", class_="act", method="post", action="login")
    says = tag("p", "What is known here is for those who have a login.", class_="says")
    card = tag("main", tag("h1", TITLE), says, form, class_="card")
    body = tag("body", card, tag("script", Markup(packaged("login.js"))), class_="page login")
    return f"<!doctype html>{tag('html', tag('head', head), body, lang='en')}"


def _field(name: str, label: str, kind: str, known_as: str) -> Markup:
    typed = tag("input", type=kind, id=name, name=name, required=True, autocomplete=known_as, maxlength=1_000)
    return tag("span", tag("label", label, for_=name), typed, class_="text-field")


class OwnLogin:
    """ASGI middleware that answers with the page's own login where Gradio would with its."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._page = login_page().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        begun: list[Message] = []
        parts: list[bytes] = []

        async def holding(message: Message) -> None:
            """Holds the answer back until it is whole."""
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            body = self._page if _MARK in body.replace(b'": ', b'":') else body
            await send({**begun[0], "headers": _of_length(begun[0]["headers"], len(body))})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, holding)


def _of_length(headers: Any, length: int) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*others, (b"content-length", str(length).encode())]
