"""Personal data in texts is masked at the door: what is not stored can't leak.

Precision weighs as much as recall: "iphone 15 128gb", "60 cake cases 2401" or an ISBN are interests, not personal data.
So every pattern asks for proof: a check digit, an issuer's prefix, a country's format, or a word that announces it.
"""

import re
from collections.abc import Callable

from vectorstore.addresses import mask_addresses

_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 7
_MOST_PASSES = 10

_EMAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]++@(?:[\w-]++\.)+[^\W\d_]{2,}(?![\w-])")


def mask(text: str) -> str:
    """The text with [email], [phone], [card], [iban] and [address] in the place of such data; else as it was.

    Masking twice is masking once.
    """
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    # A number is told by its neighbours, so one that is masked can bare the next.
    for _ in range(_MOST_PASSES):
        masked = _numbers_masked(text)
        if masked == text:
            break
        text = masked
    return text


def _numbers_masked(text: str) -> str:
    digits = _DIGIT.findall(text)
    if not digits:
        return text
    if len(digits) >= _FEWEST_DIGITS:
        text = _IBAN.sub(_masked_iban, text)
        for pattern in _INTERNATIONAL:
            text = pattern.sub("[phone]", text)
        text = _GROUPS.sub(_masked_cards, text)
        for pattern, replacement in _PHONES:
            text = pattern.sub(replacement, text)
    return mask_addresses(text)


# --- bank accounts

# Length of an IBAN by country, from the SWIFT registry.
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,29}", re.ASCII)


def _masked_iban(match: re.Match[str]) -> str:
    """The match may run on into the words that follow: the country says where the number ends."""
    found = match.group()
    length = _IBAN_LENGTHS.get(found[:2].upper(), 0)
    places = [place for place, character in enumerate(found) if character.isalnum()]
    if not length or len(places) < length:
        return found
    end = places[length - 1] + 1
    after = found[end : end + 1] or match.string[match.end() : match.end() + 1]
    number = "".join(found[place] for place in places[:length])
    turned = number[4:] + number[:4]
    if after.isalnum() or int("".join(str(int(character, 36)) for character in turned)) % 97 != 1:
        return found
    return "[iban]" + found[end:]


# --- payment cards

_GROUPS = re.compile(r"(?<![\w.+-])\d+(?:[ -]\d+)*(?!\w)")
_CARD_LENGTHS = range(13, 20)
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|220[0-4]\d{12,15}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11,16}|35(?:2[89]|[3-8]\d)\d{12,15}|6(?:011|4[4-9]\d|5\d\d|0\d\d|2\d\d)\d{12,15}"
    r"|(?:50|5[6-9]|6[37])\d{11,17}|(?:81|82)\d{14}"
)


def _masked_cards(match: re.Match[str]) -> str:
    """Looks for a card in each run of neighbouring groups, as other numbers may stand beside it."""
    parts = re.split(r"([ -])", match.group())
    groups = parts[::2]
    start = 0
    while start < len(groups):
        number = ""
        for end in range(start, len(groups)):
            number += groups[end]
            if len(number) > _CARD_LENGTHS.stop:
                break
            if min(map(len, groups[start : end + 1][:-1]), default=4) >= 3 and _is_card(number):
                parts[2 * start] = "[card]"
                parts[2 * start + 1 : 2 * end + 1] = [""] * (2 * (end - start))
                start = end
                break
        start += 1
    return "".join(parts)


def _is_card(number: str) -> bool:
    """Issuer, length and Luhn digit agree, and it isn't a product number that passes by chance."""
    if len(number) not in _CARD_LENGTHS or not _ISSUERS.fullmatch(number) or len(set(number)) == 1:
        return False
    digits = [int(digit) for digit in reversed(number)]
    luhn = sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    ean = sum(digits[::2]) + 3 * sum(digits[1::2])
    return luhn % 10 == 0 and not (len(number) == 13 and ean % 10 == 0)


# --- telephone numbers

_NOT_BEFORE = r"(?<![\w+#.,/$€£-])"
_NOT_AFTER = r"(?!\w|[ .,/-]?\d)"
_END = r"(?!\w|[.,/-]\d)"
_EXTENSION = r"(?: ?(?:x|ext\.?|extension) ?\d{1,5}\b)?"
_DATE = re.compile(r"(?:\d{1,2}([./ -])\d{1,2}\1)?(?:19|20)\d\d|(?:19|20)\d\d([./ -])\d{1,2}\2\d{1,2}")
_NUMBER_WORDS = (
    r"tel|tels|telefon|telefono|teléfono|téléphone|telephone|telefone|telefonnummer|phone|mobile|mobil|movil"
    r"|móvil|celular|cell|cellphone|handy|handynummer|call|call me|call us|text me|whatsapp|whats app|wa|sms|fax|ring"
    r"|rufnummer|mob|ph|cel|llamar|appelle|anrufen|ruf|номер|тел|телефон|電話|电话|手机|फोन|मोबाइल"
)
_FILLERS = r"(?:number|numero|número|nummer|no|nr|num|is|at|on|me|us|my|mein|al|au|à|ist)"

Replacement = str | Callable[[re.Match[str]], str]


def _announced(match: re.Match[str]) -> str:
    """A number after a word such as "tel" is one, unless it is a date, a round number, or too short or long."""
    number = match.group("number")
    count = len(_DIGIT.findall(number))
    if not 7 <= count <= 15 or _DATE.match(number) or (number.isdecimal() and number.endswith("0000")):
        return match.group()
    return match.group("word") + "[phone]"


def _trunk(match: re.Match[str]) -> str:
    """A national number that begins with 0, if its groups are not those of a date or a list of sizes."""
    groups = [len(group) for group in re.findall(r"\d+", match.group())]
    count = sum(groups)
    fits = 10 <= count <= 12 or (count == 9 and (len(groups) == 2 or groups[0] == 2))
    return "[phone]" if fits and max(groups[1:]) >= 3 and not _DATE.match(match.group()) else match.group()


def _spaced(match: re.Match[str]) -> str:
    """Three groups with spaces are a number in America, but "500 750 1000" is a list."""
    rounded = all(int(group) % 10 == 0 for group in re.findall(r"\d+", match.group()))
    return match.group() if rounded else "[phone]"


_INTERNATIONAL = (
    # +1 212 555 0134
    re.compile(r"(?<![\w+])\+ ?1[ .-]?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?!\d)" + _EXTENSION),
    # +49 (0)30 1234567
    re.compile(r"(?<![\w+])\+ ?[1-9](?:[ ().\-/]{0,2}\d){7,14}(?!\d)" + _EXTENSION),
    # 0049 30 1234567; without a space it could as well be the number of a product
    re.compile(_NOT_BEFORE + r"(?<!\d )00[1-9]\d{0,2}[ ./-](?:[ ()./-]{0,2}\d){7,12}" + _NOT_AFTER),
)
_PHONES: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    # (212) 555-0134, (11) 98765-4321, (030) 1234567
    (re.compile(r"(?<![\w)])(?:1[ -]?)?\(\d{2,5}\) ?\d{3,5}[ .-]\d{4}" + _END + _EXTENSION), "[phone]"),
    (re.compile(r"(?<![\w)])\(0\d{1,4}\) ?\d{5,8}" + _END), "[phone]"),
    # 212-555-0134, 1-800-555-0134, 212.555.0134
    (
        re.compile(_NOT_BEFORE + r"(?:1([.-]))?[2-9]\d{2}([.-])[2-9]\d{2}\2\d{4}" + _END + _EXTENSION),
        "[phone]",
    ),
    # 212 555 0134
    (re.compile(r"(?<![\w+#.,/$€£-])(?<!\d )(?:1 )?[2-9]\d{2} [2-9]\d{2} \d{4}" + _NOT_AFTER), _spaced),
    # 212 555-0134
    (re.compile(_NOT_BEFORE + r"(?:1[ -])?[2-9]\d{2} [2-9]\d{2}-\d{4}" + _END), "[phone]"),
    # 01 23 45 67 89
    (re.compile(_NOT_BEFORE + r"(?<!\d )0[1-9]([ .-])\d{2}(?:\1\d{2}){3}" + _NOT_AFTER), "[phone]"),
    # 030 1234567, 0171/123 45 67, 020 7946 0958, 06-12345678, 090-1234-5678
    (re.compile(_NOT_BEFORE + r"(?<!\d )0[1-9]\d{0,3}(?:[ /-]\d{2,8}){1,4}" + _NOT_AFTER), _trunk),
    # 138 1234 5678
    (re.compile(_NOT_BEFORE + r"(?<!\d )1[3-9]\d([ -])\d{4}\1\d{4}" + _NOT_AFTER), "[phone]"),
    # 8 (495) 123-45-67
    (re.compile(_NOT_BEFORE + r"8[ -]?\(?\d{3}\)?[ -]\d{3}[ -]\d{2}[ -]\d{2}" + _NOT_AFTER), "[phone]"),
    # tel: 5550134, whatsapp 612 345 678
    (
        re.compile(
            rf"(?P<word>(?<![\w\[])(?:{_NUMBER_WORDS})[.:#]?(?: {_FILLERS}[.:]?){{0,3}}[ :=]*)"
            r"(?P<number>\(?\d(?:[ ()./-]{0,2}\d)*)(?![\w])",
            re.IGNORECASE,
        ),
        _announced,
    ),
)
