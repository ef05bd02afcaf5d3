import json
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.journeys import Policy, Verdict
from chains.phrases import forms_of
from chains.safety import SensitivityChecker, Strength
from vectorstore.errors import InputError

CHECKER = SensitivityChecker()

SENSITIVE = {
    "health": [
        *("how to deal with panic attacks", "living with type 2 diabetes", "Depression überwinden Tipps"),
        *("quimioterapia que comer", "vivre avec une endométriose", "crise de ansiedade o que fazer"),
        *(
            "attacchi di panico rimedi",
            "leven met reuma",
            "madhumeh me kya khaye",
            "うつ病 復職",
            "乳がん治療の食事",
            "มะเร็ง อาหาร",
        ),
    ],
    "pregnancy": [
        *("first trimester must haves", "schwanger was jetzt kaufen", "embarazo semana 12", "enceinte de jumeaux"),
        *("grávida de gêmeos", "in gravidanza cosa mangiare", "zwanger en moe", "妊娠初期の食べ物", "임신 초기 음식"),
    ],
    "fertility": [
        *("ivf success stories", "Fehlgeburt verarbeiten", "fausse couche et après", "engravidar depois dos 40"),
        *("miskraam verwerken", "不妊治療 費用", "aborto espontáneo duelo", "rainbow baby announcement"),
    ],
    "abortion": [
        "abortion clinic near me",
        "Schwangerschaftsabbruch Ablauf",
        "ivg délai",
        "aborto legal requisitos",
        "中絶 費用",
    ],
    "religion": [
        *(
            "bible study for women",
            "ramadan meal plan",
            "Gottesdienst Ablauf",
            "oración de la noche",
            "prière du matin",
        ),
        *("estudo bíblico jovens", "preghiera del mattino", "bijbelstudie groep", "namaz ka tarika", "聖書の勉強会"),
    ],
    "politics": [
        *("vote for biden sign", "AfD Wahlprogramm", "elecciones 2026", "gilets jaunes pancarte", "bolsonaro camisa"),
        *("elezioni comunali", "tweede kamer verkiezingen", "bjp rally", "自民党 総裁選"),
    ],
    "sexuality": [
        *("lesbian wedding ideas", "am i bi", "come out to my parents", "schwule Hochzeit", "salir del armario"),
        *(
            "mariage gay",
            "casal de lésbicas",
            "omosessualità",
            "homohuwelijk",
            "同性婚の式場",
            "how to have better sex",
        ),
    ],
    "ethnicity": [
        "biracial hair and identity",
        "23andme results",
        "Rassismus Erfahrungen",
        "racismo en el trabajo",
        "人種差別",
    ],
    "finances": [
        *("chapter 7 bankruptcy ohio", "debt collector calls", "Privatinsolvenz anmelden", "desahucio ayuda"),
        *(
            "dossier de surendettement",
            "limpar nome sujo",
            "pignoramento stipendio",
            "schuldsanering",
            "自己破産の費用",
        ),
    ],
    "bereavement": [
        *("funeral readings for mum", "Trauerkarte schreiben", "qué decir en un velatorio", "lettre de condoléances"),
        *("mensagem de luto", "frasi di condoglianze", "rouwkaart tekst", "葬儀の服装", "my dad died what now"),
    ],
    "abuse": [
        "leaving an abusive husband",
        "häusliche Gewalt Hilfe",
        "violencia de género",
        "violences conjugales",
        "dv相談",
    ],
    "self_harm": [
        "i want to die",
        "Selbstmord",
        "quiero morir",
        "envie de mourir",
        "voglio morire",
        "khudkushi",
        "死にたい",
        "자살",
    ],
    "eating_disorder": ["pro ana tips", "Magersucht", "boulimie", "transtorno alimentar", "eetstoornis", "過食症"],
    "weight": [
        "lose 10 pounds fast",
        "schnell abnehmen",
        "bajar de peso",
        "perdre du poids",
        "emagrecer",
        "vajan kam karna",
        "痩せたい",
    ],
    "adult": ["porn videos", "erotische Geschichten", "juguetes sexuales", "seksspeeltjes", "エロ動画"],
    "minors": [
        "child porn",
        "Kinderpornografie",
        "pornografía infantil",
        "pédophilie",
        "児童ポルノ",
        "sexy teen girls",
    ],
    "gambling": [
        "online casino bonus",
        "Sportwetten",
        "apuestas deportivas",
        "paris sportifs",
        "scommesse",
        "パチンコ",
    ],
    "weapons": ["concealed carry purse", "Waffenschein", "armas de fuego", "arme à feu", "vuurwapen", "猟銃の免許"],
    "drugs": ["buy cocaine", "Kokain", "cogumelos mágicos", "xtc pillen", "charas", "覚醒剤"],
    "cannabis": ["weed brownies", "cultivo de marihuana", "maconha", "wiet kweken", "大麻"],
    "addiction": [
        "aa meetings near me",
        "one year sober gift",
        "Suchtberatung",
        "alcoolisme",
        "parar de beber",
        "アルコール依存",
    ],
    "tobacco": ["how to quit smoking", "Rauchen aufhören", "dejar de fumar", "arrêter de fumer", "タバコをやめたい"],
    "crime": ["how to shoplift", "fake id", "antecedentes penales", "casier judiciaire", "strafblad", "万引き"],
    "violence": ["how to make a bomb", "mass shooting", "Neonazi Symbole", "terrorismo", "殺人"],
    "immigration": ["asylum claim help", "Aufenthaltstitel", "permiso de residencia", "titre de séjour", "在留資格"],
    "union": ["join a trade union", "Gewerkschaft beitreten", "sindicato", "vakbond", "労働組合"],
    "separation": [
        "divorce checklist",
        "Scheidung Kosten",
        "pension alimentaire",
        "divórcio",
        "echtscheiding",
        "talaq",
        "離婚",
    ],
}

INNOCENT = [
    *("wedding cocktails", "wine tasting in the Wachau", "budgeting for beginners", "saving for a house"),
    *("church wedding venue", "cross stitch pattern", "gun metal grey paint", "gunmetal front door"),
    *("shotgun wedding theme", "sick beats playlist", "kill weeds in gravel", "hot glue gun crafts"),
    *("breast of chicken", "period drama costumes", "crack the egg", "race day nutrition", "naked cake"),
    *("virgin olive oil", "drug store makeup", "drugstore makeup dupes", "gay paree party", "yoga for back pain"),
    *("baby shower games", "nursery wall art", "gender reveal cake", "bullet journal", "shooting star tattoo"),
    *("killer heels", "nude nails short", "teaching aids for fractions", "bath bombs", "depression glass"),
    *("great depression recipes", "hash browns", "pot roast", "high tea menu", "grass for shade", "stoner fruit"),
    *("cancer zodiac nails", "mourning dove nest", "coffin nails", "funeral potatoes", "memorial day cookout"),
    *("black widow cosplay", "prayer plant", "christian dior bag", "kosher salt brine", "christmas nativity set"),
    *("suicide squad makeup", "separation anxiety puppy", "heat gun furniture strip", "pride and prejudice"),
    *("coming out of the oven flat", "union jack bunting", "credit union", "heel strike running", "trump card game"),
    *("break up clay soil", "chapter 7 review", "murder mystery dinner", "true crime podcast", "steal the look"),
    *("tourist visa bali", "rapeseed oil", "pistol squat progression", "rifle paper wallpaper", "top gun jacket"),
    *("labor day sales", "labour of love quilt", "knee rehab exercises", "non alcoholic spritz", "detox water"),
    *("bifold doors", "trans siberian railway", "homo sapiens project", "same again please", "food porn"),
    *("Christening shawl", "first communion cake", "Diwali rangoli", "bar mitzvah centerpieces"),
    *("carottes râpées", "schwüles Wetter", "Sternzeichen Krebs", "Flusskrebse", "Maschen abnehmen"),
    *("Trauerweide schneiden", "Drogerie Einkauf", "Gift", "enterrement de vie de jeune fille", "veuve clicquot"),
    *("enceinte bluetooth", "rape a la marinera", "pistola de silicona", "pistola de cola quente", "negro mate"),
    *("despedida de soltera", "pastel de santo domingo", "torta de alho-poró", "mai visto", "asilo nido"),
    *(
        "レース編み",
        "イエローのカーテン",
        "がんばるママのお弁当",
        "うつわ 作家",
        "ユニセックスな名前",
        "コレステロール",
        "ステロイド",
    ),
]


@pytest.mark.parametrize(
    ("category", "text"), [(category, text) for category, texts in SENSITIVE.items() for text in texts]
)
def test_a_text_that_speaks_of_a_topic_is_found(category: str, text: str) -> None:
    finding = CHECKER.text(text)
    assert finding is not None
    assert (finding.category, finding.strength) == (category, Strength.STRONG)


@pytest.mark.parametrize("text", INNOCENT)
def test_a_text_that_only_looks_like_it_is_let_through(text: str) -> None:
    finding = CHECKER.text(text)
    assert finding is None or finding.policy is Policy.ALLOW or finding.strength is Strength.WEAK


def test_hardly_any_innocent_text_has_even_a_weak_finding() -> None:
    weak = [text for text in INNOCENT if (finding := CHECKER.text(text)) and finding.policy is not Policy.ALLOW]
    assert weak == ["separation anxiety puppy"] or weak == []


def test_the_term_is_the_list_s_and_not_the_user_s_words() -> None:
    finding = CHECKER.text("My Bipolar-Journal and the cat")
    assert finding is not None
    assert (finding.category, finding.term, finding.strength) == (
        "health",
        "bipolar",
        Strength.WEAK,
    )  # a cat softens it
    finding = CHECKER.text("pregnancy loss support")
    assert finding is not None
    assert (finding.category, finding.term) == ("fertility", "pregnancy/infant loss")


def test_two_weak_phrases_in_one_text_are_strong_and_one_word_on_two_lists_is_not_two() -> None:
    assert [CHECKER.text(text) and CHECKER.text(text).strength for text in ("church", "church sermon")] == [  # type: ignore[union-attr]
        Strength.WEAK,
        Strength.STRONG,
    ]
    finding = CHECKER.text("crime")
    assert finding is not None
    assert finding.strength is Strength.WEAK


def test_the_strictest_policy_is_told_of_a_text() -> None:
    finding = CHECKER.text("suicide after divorce")
    assert finding is not None
    assert (finding.category, finding.policy) == ("self_harm", Policy.BLOCK)


# --- journeys


def test_an_ordinary_journey_is_allowed() -> None:
    assert CHECKER.journey("Baby corner", ["crib", "curtains", "crib sheets"], [1, 1, 1]) == Verdict()
    assert CHECKER.journey("Baby corner", [], []) == Verdict()


def test_one_text_in_six_is_a_topic_and_one_in_seven_a_stray() -> None:
    texts = ["chemo scarves", *(f"quilt {number}" for number in range(6))]
    assert CHECKER.journey("Quilts", texts[:6], [1] * 6) == Verdict(
        policy=Policy.IN_APP, category="health", because="1 of 6 texts speaks of health"
    )
    assert CHECKER.journey("Quilts", texts, [1] * 7) == Verdict()


def test_two_texts_are_a_topic_from_four_in_a_hundred() -> None:
    plain = [f"quilt {number}" for number in range(49)]
    texts = ["chemo scarves", "lymphoma ribbon quilt", *plain]
    assert CHECKER.journey("Quilts", texts[:50], [1] * 50).because == "2 of 50 texts speak of health"
    assert CHECKER.journey("Quilts", texts, [1] * 51) == Verdict()


def test_a_weak_phrase_counts_half_and_never_alone() -> None:
    assert CHECKER.journey("Pots", ["debt", "pots"], [1, 1]) == Verdict()
    assert CHECKER.journey("Pots", ["debt", "overdraft", "a", "b", "c", "d", "e"], [1] * 7) == Verdict()
    verdict = CHECKER.journey("Pots", ["debt", "overdraft", "debts", "a", "b", "c", "d", "e", "f", "g"], [1] * 10)
    assert verdict.because == "3 of 10 texts speak of money trouble"


def test_weights_decide_and_where_all_are_zero_each_text_counts_the_same() -> None:
    texts = ["ivf diary", *(f"quilt {number}" for number in range(7))]
    assert CHECKER.journey("", texts, [3, *[1] * 7]).category == "fertility"
    assert CHECKER.journey("", texts, [1, *[1] * 7]) == Verdict()
    assert CHECKER.journey("", texts[:2], [0, 0]).category == "fertility"


def test_a_name_is_enough_and_a_weak_name_is_not() -> None:
    verdict = CHECKER.journey("Living with lupus", ["scarves", "soup"], [1, 1])
    assert verdict == Verdict(policy=Policy.IN_APP, category="health", because="its name speaks of health")
    assert CHECKER.journey("Church flowers", ["lilies", "vases"], [1, 1]) == Verdict()


def test_the_strictest_category_wins_and_then_the_one_with_more_texts() -> None:
    texts = ["divorce lawyer", "divorce papers", "chemo scarves", "i want to die"]
    assert CHECKER.journey("", texts, [1] * 4) == Verdict(
        policy=Policy.BLOCK, category="self_harm", because="1 of 4 texts speaks of self-harm"
    )
    assert CHECKER.journey("", texts[:3], [1] * 3).category == "separation"


def test_policies_can_be_set_and_an_allowed_category_is_still_told() -> None:
    checker = SensitivityChecker({"religion": Policy.ALLOW, "alcohol": Policy.IN_APP})
    assert checker.policies["religion"] is Policy.ALLOW
    assert checker.policies["self_harm"] is Policy.BLOCK
    verdict = checker.journey("", ["bible study", "ramadan plan"], [1, 1])
    assert (verdict.policy, verdict.category) == (Policy.ALLOW, "religion")
    tasting = ["wine tasting", "beer flight", "glasses"]
    assert checker.journey("", tasting, [1] * 3).policy is Policy.IN_APP
    assert CHECKER.journey("", tasting, [1] * 3).policy is Policy.ALLOW


def test_an_unknown_category_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown sensitive category 'helth': use one of abortion, .*health"):
        SensitivityChecker({"helth": Policy.ALLOW})


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, 1.0, 1.0], [0.0]])
def test_each_text_needs_a_weight(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        CHECKER.journey("", ["a", "b"], weights)


_TEXTS = st.lists(
    st.sampled_from(["ivf", "debt", "quilt", "gun", "porn", "wine", "curtains", "suicide note", "church"]), max_size=12
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_TEXTS, st.randoms(use_true_random=False), st.floats(0.01, 100))
def test_order_and_scale_of_the_weights_change_nothing(texts: list[str], random: object, scale: float) -> None:
    weights = [1.0 + place % 3 for place in range(len(texts))]
    pairs = list(zip(texts, weights, strict=True))
    random.shuffle(pairs)  # type: ignore[attr-defined]
    other = CHECKER.journey("", [text for text, _ in pairs], [weight * scale for _, weight in pairs])
    assert other == CHECKER.journey("", texts, weights)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_TEXTS)
def test_a_stricter_policy_never_lets_more_through(texts: list[str]) -> None:
    order = [Policy.ALLOW, Policy.IN_APP, Policy.BLOCK]
    found = [
        order.index(
            SensitivityChecker(dict.fromkeys(CHECKER.policies, policy)).journey("", texts, [1] * len(texts)).policy
        )
        for policy in order
    ]
    assert found == sorted(found)


# --- the lists themselves


def _lists() -> dict[str, dict[str, object]]:
    return json.loads((resources.files("chains") / "sensitive.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_every_category_says_its_policy_and_why_and_has_the_languages() -> None:
    for name, lists in _lists().items():
        assert Policy(str(lists["policy"])), name
        assert lists["why"], name
        assert lists["speaks_of"], name
        spoken = {language for strength in ("strong", "weak") for language in lists[strength]}  # type: ignore[attr-defined]
        expected = {"en", "de", "es", "fr", "pt", "it", "nl", "hi", "ja"}
        assert expected - spoken <= ({"hi"} if name in {"eating_disorder", "immigration"} else set()), name


def test_what_would_harm_or_accuse_is_blocked_and_art_9_is_never_allowed() -> None:
    policies = CHECKER.policies
    blocked = {"abortion", "abuse", "adult", "crime", "drugs", "eating_disorder", "minors", "self_harm", "violence"}
    assert {name for name, policy in policies.items() if policy is Policy.BLOCK} == blocked
    assert {name for name, policy in policies.items() if policy is Policy.ALLOW} == {"alcohol"}


def test_a_phrase_is_not_both_strong_and_weak() -> None:
    for name, lists in _lists().items():
        forms = [
            {form for phrases in lists[strength].values() for phrase in phrases for form in forms_of(phrase)}  # type: ignore[attr-defined]
            for strength in ("strong", "weak")
        ]
        assert forms[0] & forms[1] == set(), name


@pytest.mark.parametrize(
    ("policy", "text", "blocks"),
    [
        (Policy.BLOCK, "living with type 2 diabetes", True),
        (Policy.IN_APP, "living with type 2 diabetes", False),
        (Policy.BLOCK, "living room lamp", False),
    ],
)
def test_a_text_alone_blocks_where_its_category_does(policy: Policy, text: str, blocks: bool) -> None:
    assert SensitivityChecker({"health": policy}).blocks(text) is blocks
