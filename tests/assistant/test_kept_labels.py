"""Labels in the library, in each database that it can lie in."""

from datetime import UTC, datetime, timedelta

from made_journeys import make_journey
from made_labels import made_label
from test_library import born, library_fixture, parameters, socket_folder_fixture, url_fixture

from assistant.changes import Change, ChangeKind
from assistant.library import Library
from assistant.runs import UserResult
from chains.labels import LabelKind

__all__ = ["library_fixture", "socket_folder_fixture", "url_fixture"]


def test_what_people_said_is_kept_until_the_user_is_forgotten(library: Library) -> None:
    run = library.begin_run(parameters())
    library.put_users(run, [UserResult(user, [make_journey(user)], [born(user)]) for user in ("anna", "ben")])
    state, before = library.as_stored("anna")
    assert state is not None
    at = datetime(2026, 6, 2, tzinfo=UTC)
    said = made_label(LabelKind.MERGE, ["dress", "venue"], other=["cake"], apart=["x"], at=at)
    renamed = make_journey(name="A wedding")
    told = [Change(user_id="anna", journey_id="j1", name="A wedding", kind=ChangeKind.RENAMED, detail="was “venue”")]
    assert library.put_labelled(state, before, [renamed], told, added=said, at=at)
    assert library.labels() == library.labels("anna") == library.labels(label_id="l1") == [said]
    assert library.held_labels(["anna", "ben", "carl"]) == {"anna": [said]}
    assert library.journeys("anna") == [renamed.model_copy(update={"run_id": run.run_id})]
    assert [(each.run_id, each.as_of, each.change.kind) for each in library.changes("anna")] == [
        (run.run_id, parameters().as_of, ChangeKind.BORN),
        (run.run_id, at, ChangeKind.RENAMED),
    ]
    # What was read before is no longer what is stored, so nothing is done.
    assert not library.put_labelled(state, before, [], [], withdrawn=said, at=at)
    state, before = library.as_stored("anna")
    assert state is not None
    assert library.put_labelled(state, before, [], [], withdrawn=said, at=at)
    assert not library.put_labelled(state, [], [], [], withdrawn=said, at=at)
    assert library.labels("anna") == [said.model_copy(update={"withdrawn_at": at})]
    assert (library.held_labels(["anna"]), library.journeys("anna")) == ({}, [])
    after = library.state("anna")
    assert after is not None
    assert after.journeys == 0
    assert library.forget("anna").labels == 1
    assert library.labels() == []


def test_whoever_was_labelled_since_his_run_began_is_told(library: Library) -> None:
    run = library.begin_run(parameters())
    library.put_users(run, [UserResult(user, [make_journey(user)]) for user in ("anna", "ben", "carl")])
    early, late = run.started - timedelta(hours=1), run.started + timedelta(hours=1)
    for user, at in (("anna", late), ("ben", early), ("carl", early)):
        state, before = library.as_stored(user)
        assert state is not None
        said = made_label(LabelKind.VERDICT, ["dress"], at=at).model_copy(update={"user_id": user, "label_id": user})
        assert library.put_labelled(state, before, library.journeys(user), [], added=said, at=at)
    assert library.labelled_since() == {"anna"}
    state, before = library.as_stored("carl")
    assert state is not None
    [said] = library.labels("carl")
    assert library.put_labelled(state, before, library.journeys("carl"), [], withdrawn=said, at=late)
    assert library.labelled_since() == {"anna", "carl"}
