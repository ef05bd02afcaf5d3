"""What users on an entry also do: every figure worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_users import Made, embed, topic

from chains.catalogue import Catalogue, CatalogueOptions, Entry, build_catalogue
from chains.entry_centres import EntryCentres
from chains.expansion import Relation, RelationKind, RelationOptions, relate
from chains.merging import unit


def related(made: Made, least: int = 3, **options: float) -> tuple[Catalogue, dict[str, tuple[Relation, ...]]]:
    catalogue = build_catalogue(made.outlines, made.centres, embed, CatalogueOptions(least))
    chosen = RelationOptions(least_users=least, near=options.get("near", 1.0), most=int(options.get("most", 20)))
    return catalogue, relate(catalogue, catalogue.match(made.centres), made.outlines, chosen)


def two_together(users: int = 12, later: int = 0) -> Made:
    """Of 40 users, some have kitchen and garden; the others have one of four other topics each, two of them two."""
    made = Made()
    for number in range(40):
        user = f"u{number:02d}"
        if number < users:
            made.add(user, "kitchen", "kitchen", day=10 * number)
            made.add(user, "garden", "garden", day=10 * number + (5 if number < later else -5))
        else:
            made.add(user, ("sewing", "boats", "bread", "chess")[number % 4], "x")
    for place, outline in enumerate(made.outlines):
        if outline.keywords == ("x",):
            about = ("sewing", "boats", "bread", "chess")[int(outline.user_id[1:]) % 4]
            made.outlines[place] = replace(outline, keywords=(about,))
    return made


def test_the_figures_of_a_relation() -> None:
    catalogue, found = related(two_together())
    name = {entry.entry_id: entry.name for entry in catalogue.entries}
    (kitchen,) = [entry_id for entry_id in name if name[entry_id] == "Kitchen"]
    (relation,) = found[kitchen]
    assert name[relation.entry_id] == "Garden"
    assert (relation.kind, relation.support, relation.users, relation.confidence) == (RelationKind.ALSO, 12, 12, 1.0)
    # 12 users have two journeys and 28 one: chance brings 12 * 12 * (12 * 2) / 52 ** 2 = 1.278 users with both.
    assert relation.lift == pytest.approx(15 / (12 * 12 * 24 / 52**2 + 3))
    # Garden's share of all is 12 / 40; with 3 users of that added, 12.9 of 15; beyond chance 1 - 1 / lift of these.
    assert relation.strength == pytest.approx((12 + 0.9) / 15 * (1 - 1 / relation.lift), abs=1e-6)
    assert relation.next == 0
    assert relation.order_lift < 0.5
    assert [others for entry_id, others in found.items() if name[entry_id] not in {"Kitchen", "Garden"}] == [()] * 4


def test_what_users_go_on_to_is_next() -> None:
    catalogue, found = related(two_together(later=12))
    name = {entry.entry_id: entry.name for entry in catalogue.entries}
    relations = {name[entry_id]: each[0] for entry_id, each in found.items() if each}
    assert relations["Kitchen"].kind is RelationKind.NEXT
    assert (relations["Kitchen"].next, relations["Garden"].next) == (12, 0)
    assert relations["Garden"].kind is RelationKind.ALSO
    # By their times alone, a garden begins after a kitchen in 78 of 144 pairs.
    assert relations["Kitchen"].order_lift == pytest.approx(15 / (12 * 78 / 144 + 3))


def test_fewer_users_than_k_make_no_relation() -> None:
    assert all(not each for each in related(two_together(2), least=3)[1].values())
    assert any(related(two_together(4), least=3)[1].values())
    assert not any(related(two_together(4), least=5)[1].values())


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_where_users_choose_by_chance_hardly_anything_is_related(seed: int) -> None:
    draw = np.random.default_rng(seed)
    made = Made()
    topics = [f"t{number}" for number in range(10)]
    for user in range(120):
        for about in draw.choice(topics, size=int(draw.integers(1, 5)), replace=False).tolist():
            made.add(f"u{user}", about, about, day=float(draw.random() * 100))
    _, found = related(made)
    assert sum(len(each) for each in found.values()) <= 4, "of 90"


def near_and_far() -> Catalogue:
    a, b = topic("a"), topic("b")
    rows = unit(np.stack([a, a * 0.8 + b * 0.6, b, topic("c")]))
    entries = tuple(Entry(entry_id=i, name=i, name_users=3, keywords=(KEYWORD,), users=3, journeys=3) for i in "abmc")
    return Catalogue(entries, EntryCentres(tuple("abmc"), rows, np.zeros(48, np.float32), 0.9))


def test_where_counts_say_nothing_meaning_fills_up() -> None:
    catalogue = near_and_far()
    found = relate(catalogue, np.array([], dtype=np.intp), [], RelationOptions(near=0.5))
    cosines = catalogue.centres.between()
    assert [(r.entry_id, r.kind) for r in found["b"]] == [("a", RelationKind.NEAR), ("m", RelationKind.NEAR)]
    assert found["b"][0].cosine == pytest.approx(float(cosines[1, 0]), abs=1e-4)
    assert found["b"][0].strength == pytest.approx(0.05 * float(cosines[1, 0]) ** 2, abs=1e-4)
    assert (found["b"][0].support, found["b"][0].lift) == (0, 0)
    assert found["c"] == ()
    capped = relate(catalogue, np.array([], dtype=np.intp), [], RelationOptions(near=0.5, most_near=1))
    assert [r.entry_id for r in capped["b"]] == ["a"]


def test_the_order_of_the_journeys_changes_no_figure() -> None:
    made = two_together(later=6)
    _, first = related(made)
    _, second = related(made.shuffled(3))
    assert first == second


KEYWORD = build_catalogue(
    two_together().outlines, two_together().centres, embed, CatalogueOptions(3)
).entries[0].keywords[0]  # fmt: skip
