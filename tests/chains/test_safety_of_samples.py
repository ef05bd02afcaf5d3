"""The sample users' journeys as they were meant: the sensitive ones, those called off, and all the harmless ones."""

from collections.abc import Iterator

from assistant.sample import KnownJourney, sample_users
from chains.journeys import Policy
from chains.safety import SensitivityChecker, fit_to_show, loss

CHECKER = SensitivityChecker()


def _journeys() -> Iterator[tuple[KnownJourney, list[str], list[int]]]:
    for user in sample_users():
        for journey in user.journeys:
            counts: dict[str, int] = {}
            for event, key in user.activities:
                if key == journey.key:
                    for text in (event.text, *event.annotations):
                        counts[text] = counts.get(text, 0) + 1
            yield journey, list(counts), list(counts.values())


def test_every_sensitive_journey_is_found_by_its_texts_alone_and_by_no_harmless_one() -> None:
    found = {
        (journey.user_id, journey.key): verdict.category
        for journey, texts, weights in _journeys()
        if (verdict := CHECKER.journey("", texts, weights)).policy is not Policy.ALLOW
    }
    noted = {
        (journey.user_id, journey.key): journey.note.removeprefix("sensitive: ")
        for journey, *_ in _journeys()
        if journey.note.startswith("sensitive: ")
    }
    # A pregnancy is nobody's to tell, though its writer took it for an ordinary journey.
    expecting = {("s03", "prep"): "pregnancy", ("s12", "body"): "pregnancy"}
    assert found == noted | expecting


def test_known_names_add_no_false_alarm() -> None:
    for journey, texts, weights in _journeys():
        by_texts = CHECKER.journey("", texts, weights).policy
        assert CHECKER.journey(journey.name, texts, weights).policy is by_texts, journey.name
        assert fit_to_show(journey.name)


def test_journeys_ended_by_loss_are_told_from_all_others() -> None:
    lost = {(journey.user_id, journey.key) for journey, texts, _ in _journeys() if loss(texts)}
    # Of those called off, one ("give up on the herbs") says it in words that say nothing elsewhere.
    called_off = {(journey.user_id, journey.key) for journey, *_ in _journeys() if journey.note == "called off"}
    assert lost == (called_off - {("s20", "window")}) | {("s39", "hope")}
