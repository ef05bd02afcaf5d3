import pytest

from chains.safety import loss


@pytest.mark.parametrize(
    "texts",
    [
        ["called off the wedding what now"],
        ["miscarriage at 9 weeks"],
        ["stillbirth memory box"],
        ["return engagement ring policy"],
        ["get deposit back cancelled wedding venue"],
        ["cancel our honeymoon"],
        ["rehoming our puppy"],
        ["Fehlgeburt was tun"],
        ["Hochzeit abgesagt Gäste informieren"],
        ["cancelar la boda dos meses antes"],
        ["fausse couche arrêt travail"],
        ["miskraam"],
        ["casamento cancelado"],
        ["婚約破棄 慰謝料"],
        ["venue refund", "divorce papers"],
        ["withdraw from a course", "x"],
        ["email organiser withdraw", "entry deferral rules", "refund of the fee"],
    ],
)
def test_what_is_lost_or_called_off_is_a_hard_end(texts: list[str]) -> None:
    assert loss(["table plan", *texts])


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["free cancellation hotel crete"],
        ["noise cancelling headphones", "refund policy"],
        ["refund for the sink", "refund for the tap"],
        ["cancel or refund"],
        ["pregnancy after miscarriage"],
        ["risk of miscarriage week 8"],
        ["divorce lawyer", "divorced parents seating", "divorce papers"],
        ["funeral readings", "grief journal", "my nan died"],
        ["called off work sick"],
        ["wedding cancellation insurance", "rain plan"],
        ["pull out drawers", "drop cloth"],
    ],
)
def test_worry_grief_and_a_single_passing_word_end_nothing(texts: list[str]) -> None:
    assert not loss(texts)
