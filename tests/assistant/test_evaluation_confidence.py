"""Whether the confidence of journeys is what it says, by hand; and clusters as they are before any are left out."""

import pytest
from made_journeys import make_journey

from assistant.clusters_shown import confidence_line, safety_line
from assistant.evaluation.clusters import score_before_safety
from assistant.evaluation.confidence import score_confidence
from assistant.evaluation.labelled import InferredUser, LabelledUser


def inferred(user_id: str, labels: dict[str, str], journeys: dict[float, list[str]]) -> InferredUser:
    """journeys: confidence -> texts."""
    made = [
        make_journey(user_id, f"j{number}", texts=texts, rank=number).model_copy(update={"confidence": confidence})
        for number, (confidence, texts) in enumerate(journeys.items(), 1)
    ]
    return InferredUser(LabelledUser(user_id, [], labels), made, {"a": 0, "b": 0, "c": 1, "d": 0})


def test_what_is_said_against_what_is_so() -> None:
    labels = {"a": "X", "b": "X", "c": "Y", "d": "Y"}
    # Of a, b, c two of three pairs differ: 1 of 3 together; c and d always are; of d alone nothing can be said.
    ann = inferred("ann", labels, {0.5: ["A", "b", "c"], 0.9: ["c", "d", "unlabelled"], 0.1: ["d"]})
    figures = score_confidence([ann, inferred("bob", {"a": "X"}, {0.4: ["a", "b"]})])
    assert figures is not None
    assert figures.journeys == 2
    assert figures.confidence == pytest.approx(0.7)
    assert figures.actual == pytest.approx((1 / 3 + 1) / 2)
    assert figures.error == pytest.approx(((0.5 - 1 / 3) + 0.1) / 2)
    assert figures.low == pytest.approx(figures.error) == pytest.approx(figures.high)
    assert confidence_line(figures).plain == (
        "Confidence of 2 journeys: 70% said, 67% so; calibration error 0.133 (95 %: 0.133 to 0.133)"
    )


def test_nothing_is_said_without_two_labelled_texts() -> None:
    assert score_confidence([inferred("bob", {"a": "X"}, {0.4: ["a", "b"]})]) is None


def test_clusters_before_safety_count_texts_that_no_journey_has() -> None:
    ann = inferred("ann", {"a": "X", "b": "X", "c": "Y", "d": "Y"}, {})
    before = score_before_safety([ann])
    # Clusters {a, b, d} and {c}: precision (2/3 + 2/3 + 1 + 1/3) / 4, recall (1 + 1 + 1/2 + 1/2) / 4.
    assert before.precision == pytest.approx(2 / 3)
    assert before.recall == pytest.approx(3 / 4)
    assert safety_line(before).plain.startswith("Before safety and the least size of a journey leave some out: ")
