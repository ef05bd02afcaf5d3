"""How a message looks to whoever gets it: an e-mail as HTML and as text, a push message as two lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from chains.copy_phrases import begin, item_text
from chains.notification import Copy, ShownItem

_HIDDEN = "display:none;max-height:0;overflow:hidden;mso-hide:all"
_PAGE = "font-family:Helvetica,Arial,sans-serif;max-width:36em;margin:0 auto;padding:1.5em;color:#222"


@dataclass(frozen=True, slots=True)
class EmailPreview:
    """html: a whole document without scripts, links or pictures, every text escaped. text: the same for a program
    without HTML."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class PushPreview:
    title: str
    body: str


def preview_email(copy: Copy, items: Sequence[ShownItem] = (), language: str = "en") -> EmailPreview:
    """items: listed below the body."""
    lines = [begin(item_text(item.text).strip("“”")) for item in items]
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    html = (
        f'<!DOCTYPE html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f"<title>{escape(copy.title)}</title></head><body>"
        f'<div style="{_HIDDEN}">{escape(copy.preheader)}</div>'
        f'<div style="{_PAGE}"><h1 style="font-size:1.3em">{escape(copy.title)}</h1><p>{escape(copy.body)}</p>'
        f"{f'<ul>{listed}</ul>' if listed else ''}</div></body></html>"
    )
    text = "\n".join([copy.title, "", copy.body, *([""] if lines else []), *(f"- {line}" for line in lines), ""])
    return EmailPreview(copy.title, copy.preheader, html, text)


def preview_push(copy: Copy) -> PushPreview:
    return PushPreview(copy.title, copy.body)
