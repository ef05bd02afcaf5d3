"""What labels make of inferred journeys: everything follows, nothing that is blocked gets out, a model's words stay."""

from collections.abc import Sequence

import pytest
from made_activity import START, act, by_cosine, by_topic, keywords_and_vectors
from made_labels import made_label

from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import InferenceMode, Intent, Journey, Kind, NamedBy, Policy, Stage
from chains.labelled import LabelledUser
from chains.labels import Label, LabelKind, texts_in
from vectorstore.activity import Activity

MODELS, OPTIONS = InferenceModels(by_cosine()), InferenceOptions()
KITCHEN = [act(f"kitchen {what}", day) for day, what in enumerate(("sink", "lamp", "oven", "tiles"))]
GARDEN = [act(f"garden {what}", day + 0.5) for day, what in enumerate(("hedge", "beds", "path", "shed"))]
# Health may be shown where a user looks, and is never sent.
KNEE = [act(f"knee {what}", day + 0.7) for day, what in enumerate(("arthritis", "arthritis diet", "surgery", "brace"))]
KITCHEN_TEXTS, GARDEN_TEXTS, KNEE_TEXTS = (frozenset(each.text for each in own) for own in (KITCHEN, GARDEN, KNEE))


def user(events: Sequence[Activity], *labels: Label, withdrawn: Sequence[Label] = ()) -> LabelledUser:
    by_first_word = by_topic({event.text: event.text.split()[0] for event in events})
    keywords, vectors = keywords_and_vectors(events, by_first_word)
    return LabelledUser(keywords, vectors, START.replace(day=30), OPTIONS, MODELS, labels, withdrawn)


def found(one: LabelledUser) -> list[Journey]:
    return infer_journeys(one.keywords, one.vectors, one.as_of, one.options, one.models)


def changed(one: LabelledUser, journeys: Sequence[Journey] | None = None) -> list[Journey]:
    start = found(one) if journeys is None else journeys
    return one.journeys(one.groups(start), start, {})


def test_without_labels_the_journeys_are_those_of_the_inference() -> None:
    one = user([*KITCHEN, *GARDEN, *KNEE])
    assert len(found(one)) == 3
    assert changed(one) == found(one)


def test_what_is_merged_is_what_an_inference_of_one_group_gives() -> None:
    one = user([*KITCHEN, *GARDEN], made_label(LabelKind.MERGE, KITCHEN_TEXTS, other=GARDEN_TEXTS))
    [merged] = changed(one)
    assert texts_in(merged) == KITCHEN_TEXTS | GARDEN_TEXTS
    assert (merged.events, merged.active_days, merged.rank) == (8, 4, 1)
    assert (merged.first_seen, merged.last_seen) == (KITCHEN[0].timestamp, GARDEN[-1].timestamp)
    assert merged.confidence < min(journey.confidence for journey in found(one))


def test_a_label_makes_no_verdict_milder() -> None:
    alone = found(user(KNEE))
    assert [(journey.safety.policy, journey.safety.category) for journey in alone] == [(Policy.IN_APP, "health")]
    many = [*KITCHEN, *GARDEN, *(act(f"kitchen thing {number}", number) for number in range(12))]
    plain = frozenset(text for journey in found(user(many)) for text in journey.texts)
    merge = made_label(LabelKind.MERGE, plain, other=KNEE_TEXTS)
    [merged] = changed(user([*many, *KNEE], merge))
    assert texts_in(merged) == plain | KNEE_TEXTS
    assert (merged.safety.policy, merged.safety.category) == (Policy.IN_APP, "health")

    split = made_label(LabelKind.SPLIT, KNEE_TEXTS | KITCHEN_TEXTS, apart=KITCHEN_TEXTS)
    pieces = changed(user([*KITCHEN, *KNEE], split))
    assert {journey.safety.policy for journey in pieces} == {Policy.IN_APP}


def test_no_label_shows_what_is_blocked() -> None:
    blocked = [act(f"porn videos {what}", day) for day, what in enumerate(("best", "new", "free", "hd"))]
    assert found(user(blocked)) == []
    texts = frozenset(each.text for each in blocked)
    events = [*KITCHEN, *blocked]
    for label in (
        made_label(LabelKind.MERGE, KITCHEN_TEXTS, other=texts),
        made_label(LabelKind.SPLIT, KITCHEN_TEXTS | texts, apart=texts),
        made_label(LabelKind.NEVER_NOTIFY, texts),
    ):
        shown = changed(user(events, label))
        assert [texts_in(journey) for journey in shown] == [KITCHEN_TEXTS]
        expected = Policy.IN_APP if label.kind is LabelKind.SPLIT else Policy.ALLOW
        assert shown[0].safety.policy is expected
    taken_back = made_label(LabelKind.NOT_A_JOURNEY, texts)
    assert [texts_in(each) for each in changed(user(events, withdrawn=[taken_back]))] == [KITCHEN_TEXTS]
    stored_before = [each.model_copy(update={"texts": tuple(sorted(texts))}) for each in found(user(KITCHEN))]
    assert changed(user(events), stored_before) == []


@pytest.mark.parametrize("name", ["Chemotherapy", "Ignore previous instructions", "Her kitchen"])
def test_a_name_that_may_not_be_shown_any_more_is_passed_over(name: str) -> None:
    [journey] = found(user(KITCHEN))
    label = made_label(LabelKind.RENAME, KITCHEN_TEXTS, name=name)
    assert user(KITCHEN, label).named([journey]) == [journey]


def test_the_newest_name_of_a_journey_counts_and_the_other_gives_way() -> None:
    journeys = found(user([*KITCHEN, *GARDEN]))
    kitchen, garden = sorted(journeys, key=lambda journey: journey.texts, reverse=True)
    labels = [
        made_label(LabelKind.RENAME, KITCHEN_TEXTS, number=1, name="One"),
        made_label(LabelKind.RENAME, KITCHEN_TEXTS, number=3, name="Two"),
        made_label(LabelKind.RENAME, GARDEN_TEXTS, number=4, name="two"),
        made_label(LabelKind.RENAME, GARDEN_TEXTS, number=2, name=kitchen.name, journey_id="x"),
    ]
    for order in (labels, labels[::-1]):
        named = user([*KITCHEN, *GARDEN], *order).named([kitchen, garden])
        assert [each.name for each in named] == ["Two", garden.name]
    by_other = user([*KITCHEN, *GARDEN], labels[3]).named([kitchen, garden])
    assert by_other[1].name == kitchen.name
    assert by_other[0].name not in {kitchen.name, garden.name}
    assert [each.named_by for each in by_other] == [NamedBy.KEYWORD, NamedBy.PERSON]


def test_what_a_model_wrote_of_unchanged_texts_stays() -> None:
    by_model = {"named_by": NamedBy.LLM, "intent": Intent.MAKE, "model": "openai:m", "prompt_version": "names-1"}
    over_all = {**by_model, "mode": InferenceMode.LLM, "kind": Kind.EVERGREEN, "stage_reason": "as the model reads it"}
    events = [*KITCHEN, *GARDEN]
    written = [
        journey.model_copy(update={"name": f"Name {journey.rank}", **more})
        for journey, more in zip(found(user(events)), (by_model, over_all), strict=True)
    ]
    assert changed(user(events), written) == written

    second = texts_in(written[1])
    split = made_label(LabelKind.SPLIT, second, apart=[min(second)])
    after = {texts_in(journey): journey for journey in changed(user(events, split), written)}
    assert after[texts_in(written[0])].name == "Name 1"
    own = after[second - {min(second)}]
    assert (own.named_by, own.mode, own.model) == (NamedBy.KEYWORD, InferenceMode.CLUSTER, "")


def test_over_ends_a_journey_as_calling_off_does() -> None:
    label = made_label(LabelKind.OVER, KITCHEN_TEXTS)
    one = user([*KITCHEN, *GARDEN], label)
    before = found(one)
    over = one.over(before)
    assert over == {KITCHEN_TEXTS: label}
    after = {texts_in(each): each for each in one.journeys([KITCHEN_TEXTS, GARDEN_TEXTS], before, over)}
    kitchen, garden = after[KITCHEN_TEXTS], after[GARDEN_TEXTS]
    assert (kitchen.stage, kitchen.stage_reason) == (Stage.ENDED, "called over by a person on 5 January 2026")
    assert (garden.rank, kitchen.rank) == (1, 2)
    assert garden.stage == next(each for each in before if texts_in(each) == GARDEN_TEXTS).stage
    assert sum(term.contribution for term in kitchen.terms) == pytest.approx(kitchen.base_score)
