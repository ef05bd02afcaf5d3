"""Which names may be shown: what users typed to steer a machine, or to shock a reader, never becomes a journey's name.

Users' texts are data. A name stands on a page, in a message and in a prompt, so it may carry nothing that any of these
would read as more than words. Being refused costs a journey little: it takes the next best of its keywords.
"""

import json
import re
from functools import cache
from importlib import resources
from unicodedata import normalize

from chains.phrases import PhraseBook

_FORM = re.IGNORECASE | re.DOTALL

#: What the eye doesn't see: controls, marks of direction, tags, zero widths but for the joiners of emoji and Persian.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)

_TLDS = (
    "com|net|org|info|biz|io|co|ai|app|dev|me|ly|gl|gg|tv|xyz|top|shop|site|online|link|click"
    "|ru|cn|de|fr|es|it|nl|uk|us|eu|br|in|jp"
)

#: Repeats are bounded, so that no text, however long, keeps the search busy.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "it has markup",
        re.compile(r"<\s?[a-z!/?|%]|/\s?>|&(?:[a-z]{2,8}|#x?[0-9a-f]{1,6});|```|\*\*|###|^\s*#+\s", _FORM),
    ),
    ("it has a Markdown link", re.compile(r"\]\s?\(|\]\[", _FORM)),
    ("it has braces", re.compile(r"[{}]|%\(\w+\)s|<<|>>|\$\(", _FORM)),
    ("it has a stand-in for personal data", re.compile(r"\[(?:email|phone|card|iban|address)\]", _FORM)),
    ("it has an e-mail address", re.compile(r"[\w.+-]@[\w-]", _FORM)),
    (
        "it has a link",
        re.compile(
            r"\b(?:https?|ftp|file|data|javascript|vbscript|mailto):\S|\bwww\."
            rf"|\b[\w-]{{2,63}}\.(?:{_TLDS})\b",
            _FORM,
        ),
    ),
    ("it has a long number", re.compile(r"(?:\d[ ()./-]{0,2}){10}", _FORM)),
    (
        "it has database code",
        re.compile(
            r"['\";)]\s?(?:drop\s+table|delete\s+from|insert\s+into|union\s+|truncate\s+table|alter\s+table|exec\b)"
            r"|;\s?--|\bunion\s+(?:all\s+)?select\b|\b(?:delete\s+from|insert\s+into|drop\s+database)\s+\w"
            r"|\bdrop\s+table\s+\w+\s?;|\bselect\s+(?:\*|[\w, ]{1,60}?)\s+from\s+\w+\s?(?:;|where\b.{0,60}[=<>])"
            r"|\bor\s+'?(\w+)'?\s?=\s?'?\1\b",
            _FORM,
        ),
    ),
    ("it has program code", re.compile(r"\b(?:alert|eval|exec|system|print|prompt)\(|=>|\.\./|\brm\s+-rf\b", _FORM)),
)

#: Asked of the words alone, in lower case with single spaces. Each begins at the beginning of a word.
_ORDERS: tuple[str, ...] = (
    # ignore … instructions; forget … the rules above. Rules alone are also what people decorate by.
    r"\b(?:ignore|disregard|forget|override|bypass|overlook)\b.{0,30}\b(?:instructions?|prompts?)\b",
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,20}\b(?:previous|prior|above|earlier|preceding|system)\b.{0,12}"
    r"\b(?:text|messages?|rules|context|commands?|directions?|guidelines|input|conversation|data|orders?|training)\b",
    r"\b(?:ignore|disregard|forget) (?:all|everything|anything)\b.{0,12}\b(?:above|before|prior|previous)\b",
    r"\bignore the (?:title|text|query|user|rest|following)\b",
    r"\b(?:system|developer|hidden|initial) (?:prompt|message|instructions?)\b|\byour (?:prompt|instructions)\b",
    r"\b(?:new|next|real|actual) (?:task|instructions?) ?:|\bend of (?:data|prompt|input|context|document)\b",
    r"\byou are (?:now|no longer|chatgpt|gpt|an? (?:ai|assistant|language model|chatbot|bot))\b|\byou re now\b",
    r"\b(?:pretend|imagine) (?:that )?you (?:are|re) (?:my|an? (?:ai|assistant|model|bot|hacker|admin))\b",
    r"\bact as (?:an? |my |the )?(?:ai|assistant|model|chatbot|bot|admin|system|linux|terminal|dan)\b",
    r"\b(?:developer|jailbreak|debug|admin|dan|sudo) mode\b|\bjailbreak\b|\bdo anything now\b|\bprompt injection\b",
    r"\b(?:print|reveal|show|repeat|output|leak|display|tell me)\b.{0,20}"
    r"\b(?:your|system|hidden)\b.{0,12}\b(?:prompt|instructions?|rules)\b",
    r"\b(?:answer|respond|reply|output)\b (?:only |just |exactly )?(?:with|only|yes|no|in json)\b",
    r"\b(?:name|call|label|tag|rename|classify|mark|rank|list)\b.{0,12}"
    r"\b(?:this|every|each|all|the)\b.{0,8}\b(?:users?|journeys?|clusters?)\b",
    r"\b(?:correct|true|right|real|new) (?:cluster )?name is\b|\bjourney name\b|\blanguage model\b|\bas an ai\b",
    r"\b(?:other|all) users\b.{0,10}\b(?:searches|data|queries|journeys|history)\b|\bapi key\b",
    # German
    r"\b(?:vergiss|vergesst|ignorier\w*|missachte\w*)\b.{0,40}\b(?:anweisung\w*|instruktion\w*|befehl\w*|vorgaben|prompts?)\b",
    r"\bantworte? (?:nur|mit|ausschliesslich|immer)\b|\bdu bist (?:jetzt|nun|ab sofort|ab jetzt)\b|\btu so als\b",
    # Spanish
    r"\b(?:ignora|ignore|olvida|olvide|omite|descarta)\b.{0,40}\b(?:instrucci\w+|órdenes|indicaciones)\b",
    r"\bresponde (?:solo|sólo|únicamente|siempre|con)\b|\b(?:ahora eres|eres ahora|a partir de ahora eres)\b",
    # French
    r"\b(?:ignore[zr]?|oublie[zr]?)\b.{0,40}\b(?:instructions?|consignes?)\b|\btu es (?:maintenant|désormais)\b",
    r"\bréponds? (?:uniquement|seulement|toujours|par|avec)\b|\brépondez (?:uniquement|seulement|par|avec)\b",
    # Portuguese
    r"\b(?:ignore|ignora|esqueça|esquece|desconsidere)\b.{0,40}\b(?:instruç\w+|ordens|comandos)\b",
    r"\bresponda (?:apenas|só|somente|sempre|com)\b|\b(?:agora você é|você agora é|a partir de agora você)\b",
    # Italian
    r"\b(?:ignora|ignorate|dimentica|dimenticate)\b.{0,40}\b(?:istruzion\w+|comandi|indicazioni)\b",
    r"\brispondi (?:solo|soltanto|sempre|con)\b|\b(?:ora|adesso) sei (?:un|una|il|la)\b",
    # Dutch
    r"\b(?:negeer|vergeet)\b.{0,40}\b(?:instructies?|aanwijzingen|opdrachten)\b",
    r"\bantwoord (?:alleen|enkel|altijd|met)\b|\bje bent (?:nu|vanaf nu)\b",
    # Hindi in Latin letters
    r"\b(?:pichhle|pichle|pehle|sabhi|saare)\b.{0,25}\b(?:nirdesh\w*|instructions?|aadesh)\b",
)
#: Who is said to speak; and languages whose words don't begin where \b sees it.
_ORDERS_ANYWHERE: tuple[str, ...] = (
    r"(?:^|[.!?\])\"'|] ?)(?:system|assistant|user|developer) ?:",
    # Japanese, Chinese, Korean, Russian
    r"(?:指示|命令|プロンプト).{0,10}(?:無視|忘れ)|システムプロンプト|あなたは(?:今から|これから)|(?:忽略|无视|忘记|忘掉).{0,12}(?:指示|指令|提示)",
    r"你现在是|系统提示|(?:지시|명령|프롬프트).{0,10}(?:무시|잊)|(?:игнорируй|забудь)\w*.{0,40}(?:инструкци|указани)",
)


def fit_to_show(name: str) -> bool:
    """Whether the text may be a journey's name."""
    return why_unfit(name) is None


def why_unfit(name: str) -> str | None:
    """Why the text may not be a journey's name, in plain words that don't repeat it; None where it may.

    Unfit are: text that no one sees, or without a letter; markup, links, templates, code; addresses, long numbers and
    stand-ins of masked data; orders to a model; foul words and slurs. Length and case are not judged.
    """
    if _INVISIBLE.search(name):
        return "it has invisible characters"
    text = normalize("NFKC", name)
    for reason, form in _FORMS:
        if form.search(text):
            return reason
    if not any(letter.isalpha() for letter in text):
        return "it has no letter"
    if _orders().search(_spoken(text)):
        return "it gives orders to a model"
    if any(hit.value for hit in _rude_words().find(text)):
        return "it has foul words"
    return None


def gives_orders(text: str) -> bool:
    """Whether the text, of any length, speaks to a model instead of to a person, by the lists above. What the eye
    doesn't see may stand between the words or inside them."""
    seen = (normalize("NFKC", _INVISIBLE.sub(between, text)) for between in (" ", ""))
    return any(_orders().search(_spoken(each)) for each in seen)


def _spoken(text: str) -> str:
    """The words, whatever stands between them: "Ignore_previous-instructions" is three words."""
    return " ".join(re.sub(r"[_\-–—*~'’`]+", " ", text.casefold()).split())


@cache
def _orders() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_ORDERS)})|{'|'.join(_ORDERS_ANYWHERE)}")


@cache
def _rude_words() -> PhraseBook[bool]:
    lists = json.loads((resources.files("chains") / "rude.json").read_text(encoding="utf-8"))
    foul = ((phrase, True) for phrases in lists["phrases"].values() for phrase in phrases)
    return PhraseBook([*foul, *((phrase, False) for phrase in lists["innocent"])])
