"""Street addresses in texts, in the few forms that are hard to take for anything else.

"21 street food ideas", "4 lane highway" or "Ehering 18 Karat" must stay, so a form counts only with its full evidence:
the order of its language, a word that means a street, and an end that fits, or a word that announces an address.
"""

import re

_MASK = "[address]"
_I = re.IGNORECASE

# A quick look that spares nearly every text the patterns below.
_STREET_WORD = re.compile(
    r"\b(?:street|avenue|boulevard|blvd|road|ave|rd|st|terrace|lane|drive|dr|court|ct|place|pl|square|sq|way|circle|cir"
    r"|parkway|pkwy|close|crescent|gardens|ln|highway|hwy|row|trail|box|postfach|rue|bd|impasse|quai|calle|avenida|avda"
    r"|rua|travessa|alameda|via|viale|corso|piazza|vicolo|ul|c/|улица|ул)\b"
    r"|stra(?:ß|ss)e\b|str\.|gasse\b|allee\b|chaussee\b|straat\b|gracht\b|gatan\b|vägen\b|weg\b|platz\b|ring\b|damm\b|laan\b"
    r"|plein\b|kade\b|ufer\b|\bc/",
    _I,
)

# Bounded, so that no text takes more than linear time.
_NAME = r"[^\W\d_][\w'’.-]{0,40}"
_PROPER = r"[A-ZÀ-ÞĀ-Ž][\w'’.-]{0,40}"
# What follows a count and begins no street's name ("10 easy ...", "5 minute ...", "2 lane ..."), and streets that are
# known for themselves ("21 jump street").
_NO_NAME = (
    r"(?!(?:a|an|the|in|of|to|for|and|or|on|at|with|x|by|best|easy|new|top|cute|cheap|free|fun|cool|diy|first|second|third"
    r"|great|good|big|small|little|tiny|long|short|ways?|lanes?|miles?|km|minutes?|mins?|hours?|days?|weeks?|months?|years?"
    r"|pieces?|pcs|pack|inch|inches|cm|mm|ft|foot|feet|persons?|people|famous|amazing|beautiful|modern|scenic|dirt|gravel"
    r"|country|ideas?|tips|things|stars?|points?|bowling|fast|food|two|three|four|one|percent|dollar|usd|eur|size|oz|lbs?"
    r"|kg|th|st|nd|rd|street|road|avenue|boulevard|sesame|jump|downing|baker|wall|abbey|coronation|bourbon|quality)\b)"
)
_STRONG = r"(?:street|avenue|boulevard|blvd|road|ave|rd|st|terrace|lane)"
# These mean much else beside: they count with a postcode, or announced.
_WEAK = (
    r"(?:drive|dr|court|ct|place|pl|square|sq|way|circle|cir|parkway|pkwy|close|crescent|gardens|ln|highway|hwy|row"
    r"|trail)"
)
_UNIT = r"(?:,? (?:apt|apartment|unit|suite|ste|flat|floor|fl)\.? ?#?\w{1,5}\b|,? #\w{1,5}\b)"
_POSTCODE = (
    rf"(?:,? (?:{_NAME},? ){{0,3}}?[A-Za-z]{{2}},? \d{{5}}(?:-\d{{4}})?\b"  # Springfield, IL 62704
    rf"|,? (?:{_NAME},? ){{0,3}}?[A-Za-z]{{1,2}}\d[A-Za-z\d]? ?\d[A-Za-z]{{2}}\b)"  # London NW1 6XE
)
_CITY = rf"(?:,? \d{{4,5}}(?: ?[A-Z]{{2}}\b)?(?: {_PROPER})?)"  # , 10115 Berlin; 1012 AB Amsterdam
_END = r"(?=\s*(?:$|[,.;:!?()\[\]]|- ))"
_NOT_A_ROUTE = "".join(
    f"(?<!{word} )"
    for word in ("route", "highway", "hwy", "interstate", "chapter", "season", "episode", "level", "size")
)
_HOUSE = rf"(?<![\w.,$€£#/-]){_NOT_A_ROUTE}(?!(?:19|20)\d\d )\d{{1,5}}[a-h]?,? "
_COMPASS = r"(?:(?:[nsew]|ne|nw|se|sw|north|south|east|west)\.? )?"
_ANNOUNCED = (
    r"\b(?P<keep>(?:address(?: is)?|ship to|shipped to|deliver to|delivery to|send to|mail to|directions to|live at"
    r"|lives at|living at|home at|house at|located at|meet at|come to|moved to|moving to|pick up at|pickup at):? )"
)
_NUMBER = r"(?!(?:19|20)\d\d\b)\d{1,4} ?[a-h]?\b"
# "Hauptstraße 3 Folgen": a count, not a house.
_NO_COUNT = (
    r"(?! ?(?:jahre|jahr|stück|teile|teilig|cm|mm|m|x|kg|g|l|folgen?|staffeln?|uhr|euro|€|%|karat|tage|wochen|personen"
    r"|euros|años|piezas|tallas?|km|ans|pièces|[.,]\d))"
)
_PARTICLE = (
    r"(?:de la |de l['’]|de los |de las |del |della |delle |dei |dos |das |des |du |de |da |do |d['’]|la |el |al )"
)

_PATTERNS = (
    # 742 evergreen terrace; 12 N. Oak St., apt 4, Springfield, IL 62704
    re.compile(
        rf"{_HOUSE}{_COMPASS}{_NO_NAME}{_NAME}(?: {_NO_NAME}{_NAME})? {_STRONG}\b\.?"
        rf"(?:{_UNIT}?{_POSTCODE}|{_UNIT}|{_END})",
        _I,
    ),
    # 4 Privet Drive, Little Whinging, SL4 1AB
    re.compile(rf"{_HOUSE}{_COMPASS}{_NAME}(?: {_NAME}){{0,2}} {_WEAK}\b\.?(?:{_UNIT}?{_POSTCODE}|{_UNIT})", _I),
    # directions to 15 willow court
    re.compile(
        rf"{_ANNOUNCED}\d{{1,5}}[a-h]? {_COMPASS}{_NAME}(?: {_NAME}){{0,2}}? (?:{_STRONG}|{_WEAK})\b\.?"
        rf"(?:{_UNIT}?{_POSTCODE}|{_UNIT})?",
        _I,
    ),
    # PO Box 123, Postfach 12 34 56
    re.compile(r"\b(?:p\. ?o\. ?|po |post office )box #?\d{1,6}\b|\bpostfach \d[\d ]{1,7}\b", _I),
    # Hauptstraße 12a, Lindenallee 5, Berliner Str. 7, 10115 Berlin, Keizersgracht 123, Storgatan 5
    re.compile(
        rf"(?:\b{_PROPER} |\b)[^\W\d_]{{1,40}}(?:-[^\W\d_]{{1,40}}){{0,4}}(?:straße|strasse|str\.|gasse|allee"
        rf"|chaussee|straat|gracht|gatan|vägen) ?{_NUMBER}{_NO_COUNT}{_CITY}?",
        _I,
    ),
    re.compile(rf"\b{_PROPER} (?:Straße|Strasse|Str\.|Allee|Chaussee) {_NUMBER}{_NO_COUNT}{_CITY}?"),
    # Lindenweg 5, 80331 München; the word alone could be a ring or a way
    re.compile(
        rf"\b[A-ZÄÖÜ][\w-]{{0,40}}(?:weg|platz|ring|damm|ufer|laan|plein|kade) {_NUMBER},? \d{{4,5}}(?: ?[A-Z]{{2}}\b)?"
        rf" {_PROPER}"
    ),
    # 12 rue de la Paix, 5 bis avenue Victor Hugo
    re.compile(
        rf"(?<![\w.,$€£#/-])\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|bd|impasse|quai) {_PARTICLE}?"
        rf"[^\W\d_][\w'’-]+(?:(?-i: {_PROPER}))*{_CITY}?",
        _I,
    ),
    # Calle Mayor 12, Rua das Flores, 123, Via Roma 5, ul. Długa 7, улица Ленина 5
    re.compile(
        rf"\b(?:[Cc]alle|[Aa]venida|[Aa]vda\.?|[Rr]ua|[Tt]ravessa|[Aa]lameda|[Vv]ia|[Vv]iale|[Cc]orso|[Pp]iazza|[Vv]icolo"
        rf"|[Uu]l\.|[Cc]/) ?{_PARTICLE}?{_PROPER}(?: {_PARTICLE}?{_PROPER}){{0,3}},? ?(?:n[.º°o]{{1,2}} ?)?{_NUMBER}"
        rf"{_NO_COUNT}{_CITY}?"
    ),
    re.compile(
        rf"\b(?:улица|ул\.) ?[А-ЯЁа-яё-]+(?: [А-ЯЁ][а-яё]+)?,? ?(?:д(?:ом|\.) ?)?{_NUMBER}(?:,? кв\. ?\d+)?", _I
    ),
    # calle mayor 12, written small: only at the beginning, and with one word as name
    re.compile(rf"^(?:calle|avenida|rua|via) {_PARTICLE}?[^\W\d_]+,? {_NUMBER}{_NO_COUNT}{_END}", _I),
)


def mask_addresses(text: str) -> str:
    """The text with [address] in the place of street addresses; else as it was."""
    if _STREET_WORD.search(text):
        for pattern in _PATTERNS:
            text = pattern.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    return (match.groupdict().get("keep") or "") + _MASK
