"""The catalogue of a home, end to end: made, read, recommended from, forgotten from; in SQLite and in Redis."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import MadeAssistant, Row, made, run, words_fixture, write_log
from redis_server import WHY_NOT, redis_server

from assistant.doctor import Check, examine
from assistant.errors import LibraryError
from assistant.expansions import Expansions
from assistant.settings import Settings
from chains.recommendation import RecommendOptions
from vectorstore.key_values import open_key_values

__all__ = ["words_fixture"]

GARDEN = ("garden beds", "raised garden beds", "garden beds wood", "wild garden beds")
KITCHEN = ("kitchen tiles", "white kitchen tiles", "kitchen tiles grout", "old kitchen tiles")
SEWING = ("sewing patterns", "linen sewing patterns", "sewing patterns dress", "easy sewing patterns")
SECRET = ("xyzzy garden beds", "xyzzy garden beds gnome")


def doing(user: str, texts: tuple[str, ...], begin: int, *saved: str) -> list[Row]:
    rows = [Row(user, text, begin + day) for day, text in enumerate(texts)]
    return [*rows, *(Row(user, title, begin + 5, "save") for title in saved)]


def users() -> list[Row]:
    """Eight do a garden and six days later a kitchen, eight more only sew; but the last gardener all save a bench."""
    rows: list[Row] = []
    for number in range(8):
        bench = ("garden beds bench",) if number < 7 else ()
        rows += doing(f"g{number}", GARDEN, 6 * number, *bench)
        rows += doing(f"g{number}", KITCHEN, 6 * number + 6, "kitchen tiles lamp")
        rows += doing(f"s{number}", SEWING, 6 * number)
    return [*rows, *doing("new", GARDEN, 45), *doing("lone", ("chess opening",), 1)]


@pytest.fixture(name="home")
def home_fixture(words: None, tmp_path: Path) -> Path:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", users())])
        assistant.infer()
        assistant.expand()
    return tmp_path / "home"


def names(assistant: MadeAssistant) -> dict[str, str]:
    return {entry.entry_id: entry.name for entry in assistant.catalogue()[0]}


def test_what_users_share_becomes_a_catalogue(home: Path) -> None:
    with made(home) as assistant:
        entries, total = assistant.catalogue()
        assert (total, [entry.users for entry in entries]) == (3, [9, 8, 8])
        words = [entry.name.casefold().split() for entry in entries]
        assert "garden" in words[0]
        assert {"kitchen", "sewing"} <= {word for name in words[1:] for word in name}
        assert [entry.entry_id for entry in assistant.catalogue(1)[0]] == [entries[0].entry_id]
        told = assistant.expand()
        assert (told.entries, told.matched, told.sensitive, told.about.users) == (3, 25, 0, 17)
        assert told.about.dropped == {}
        assert told.relations == {"next": 1, "also": 1}
        assert told.items == 2
        assert names(assistant).keys() == {entry.entry_id for entry in entries}, "ids stay"


def test_a_user_is_told_what_others_went_on_to(home: Path) -> None:
    with made(home) as assistant:
        found = assistant.recommend("new")
        (kitchen,) = found.journeys
        assert "kitchen" in kitchen.name.casefold()
        assert re.search(
            r": 4 events on 4 days, the last on \d+ April 2026; 8 of 9 users with .* also have .*; [\d.]+ times as "
            r"many as by chance, and 8 of these 8 began it later\.$",
            kitchen.because[0].text,
        )
        items = {item.item: item for item in found.items}
        assert items["garden beds bench"].users == 7
        assert "7 other users with" in items["garden beds bench"].because.text
        assert items["kitchen tiles lamp"].entry_id == kitchen.entry_id
        assert items["garden beds bench"].score > items["kitchen tiles lamp"].score
        assert [each.item for each in assistant.recommend("new", RecommendOptions(items=1)).items] == [
            "garden beds bench"
        ]
        assert assistant.recommend("new", from_log=False) == found


def test_what_a_user_has_or_has_seen_is_not_recommended(home: Path) -> None:
    with made(home) as assistant:
        found = assistant.recommend("g0")
        assert found.journeys == ()
        assert found.items == ()
        assert "garden beds bench" in {item.item for item in assistant.recommend("new").items}
        # What the last gardener has not seen belongs to a journey of his that has ended, which brings no items.
        assert [journey.name for journey in assistant.journeys("g7") if journey.stage == "ended"] == ["Garden beds"]
        assert assistant.recommend("g7").items == ()
        assert assistant.recommend("lone").journeys == ()
        with pytest.raises(LibraryError, match="no inference of a user 'nobody'"):
            assistant.recommend("nobody")


def test_journeys_found_after_the_build_are_matched_by_where_they_lie(home: Path, tmp_path: Path) -> None:
    with made(home) as assistant:
        expected = assistant.recommend("new")
        assistant.ingest([write_log(tmp_path / "late.csv", doing("late", GARDEN, 45))])
        assistant.infer()
        late = assistant.recommend("late")
        assert [each.entry_id for each in late.journeys] == [each.entry_id for each in expected.journeys]
        assert {item.item for item in late.items} == {item.item for item in expected.items}


def test_without_a_catalogue_the_next_step_is_told(words: None, tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        with pytest.raises(LibraryError, match="there are no journeys to make a catalogue of"):
            assistant.expand()
        assistant.ingest([write_log(tmp_path / "log.csv", users()[:30])])
        assistant.infer()
        for ask in (lambda: assistant.recommend("g0"), assistant.catalogue):
            with pytest.raises(LibraryError, match="nothing has been expanded yet: journeys expand"):
                ask()


def test_a_catalogue_of_another_embedding_or_version_is_not_used(home: Path) -> None:
    with made(home) as assistant:
        told = assistant.expansions._store.mget(["about"])[0]
        assert told is not None
        about = json.loads(told)
        for change, message in (
            ({"embedding": "other"}, "made with the embedding other, not words: run: journeys expand"),
            ({"format": 99}, "written by another version: run: journeys expand"),
        ):
            assistant.expansions._store.mset([("about", json.dumps(about | change).encode())])
            with pytest.raises(LibraryError, match=message):
                assistant.recommend("new")


def everything(home: Path) -> str:
    """All that the store holds, as text."""
    with open_key_values("sqlite", folder=home) as store:
        keys = list(store.yield_keys())
        return "\n".join(f"{key}={value!r}" for key, value in zip(keys, store.mget(keys), strict=True))


def test_the_store_names_no_user_and_no_text_of_a_single_one(home: Path, tmp_path: Path) -> None:
    with made(home) as assistant:
        secret = doing("quux-4711", (*SECRET, *GARDEN), 2, "xyzzy garden beds gate")
        assistant.ingest([write_log(tmp_path / "secret.csv", secret)])
        assistant.infer()
        assistant.expand()
        assert any(journey.texts for journey in assistant.journeys("quux-4711"))
        ids = [journey.journey_id for journey in assistant.journeys("quux-4711")]
    told = everything(home)
    assert "xyzzy" not in told
    assert not re.search(r"quux|\bg\d\b|\bs\d\b|\blone\b", told)
    assert all(f"belongs/{own}=" in told for own in ids)


def test_forgetting_takes_a_user_out_of_the_catalogue(home: Path) -> None:
    with made(home) as assistant:
        before = {entry.entry_id: entry for entry in assistant.catalogue()[0]}
        ids = [journey.journey_id for journey in assistant.journeys("g0")]
        assistant.forget("g0")
        after = {entry.entry_id: entry for entry in assistant.catalogue()[0]}
        fewer = {own: before[own].users - entry.users for own, entry in after.items()}
        assert sorted(fewer.values()) == [0, 1, 1]
        assert {item.users for item in assistant.recommend("new").items} == {6, 7}
        assert "7 of 8 users with" in assistant.recommend("new").journeys[0].because[0].text
        told = everything(home)
        assert not any(own in told for own in ids)


def test_what_too_few_users_are_left_for_goes_with_the_forgotten(home: Path) -> None:
    with made(home) as assistant:
        for number in range(5):
            assert assistant.forget(f"g{number}").expansions >= 0
        assert {item.users for item in assistant.recommend("new").items} == {3}, "two benches are too few"
        gone = assistant.forget("g5")
        assert gone.expansions > 0
        kitchen = [name for name in names(assistant).values() if "kitchen" in name.casefold()]
        assert kitchen == [], "two users are left with one"
        assert assistant.recommend("new").journeys == ()
        assert assistant.recommend("s1").items == ()
        assert "kitchen" not in everything(home).casefold()
        told = assistant.expand()
        assert told.entries == len(names(assistant)) == 2


def test_a_user_forgotten_while_the_catalogue_is_made_stops_it(home: Path) -> None:
    with made(home) as assistant:
        before = everything(home)

        def forget_meanwhile(done: int, total: int) -> None:
            assistant.forgotten.add("g0")

        with pytest.raises(LibraryError, match="a user was forgotten while the catalogue was made"):
            assistant.expand(on_progress=forget_meanwhile)
    assert everything(home) == before


@pytest.fixture(name="redis")
def redis_fixture() -> Iterator[str]:
    with redis_server() as url:
        if url is None:
            pytest.skip(WHY_NOT)
        yield url


def test_redis_gives_the_same(home: Path, redis: str, capsys: pytest.CaptureFixture[str]) -> None:
    with made(home) as assistant:
        expected, catalogue = assistant.recommend("new"), assistant.catalogue()
    with MadeAssistant(Settings(home=home, expansion_store=redis)) as assistant:
        assistant.expand()
        assert assistant.recommend("new") == expected
        assert assistant.catalogue() == catalogue
        assistant.forget("g0")
        assert {item.users for item in assistant.recommend("new").items} == {6, 7}
    (home / "journeys.toml").write_text(f'expansion_store = "{redis}"\n')
    ran = run(capsys, "--home", home, "doctor")
    assert "s3cret" not in ran.out + ran.err
    assert "expansions: 3 entries" in ran.out
    (home / "journeys.toml").write_text('expansion_store = "redis://:s3cret@127.0.0.1:1/0"\n')
    ran = run(capsys, "--home", home, "recommend", "new")
    assert ran.code == 1
    assert ran.err.startswith("journeys: Redis at redis://127.0.0.1:1/0 does not answer as it should")
    assert "s3cret" not in run(capsys, "--home", home, "doctor").out


def test_the_commands(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "--home", home, "expand")
    assert told.code == 0
    assert told.out.startswith("3 entries from 25 journeys of 17 users, as of ")
    assert "relations: 1 also, 1 next; items: 2\nleft out: 0 sensitive journeys\n" in told.out
    as_json = json.loads(run(capsys, "--home", home, "expand", "--json").out)
    assert (as_json["entries"], as_json["relations"]) == (3, {"next": 1, "also": 1})

    shown = run(capsys, "--home", home, "catalogue", "--limit", "2").out
    assert "2 of 3 entries" in shown
    as_json = json.loads(run(capsys, "--home", home, "catalogue", "--json").out)
    assert (as_json["entries"], len(as_json["shown"])) == (3, 3)

    shown = run(capsys, "--home", home, "recommend", "new").out
    assert "users with" in " ".join(shown.split())
    as_json = json.loads(run(capsys, "--home", home, "recommend", "new", "--json", "--limit", "1").out)
    assert (len(as_json["journeys"]), len(as_json["items"])) == (1, 1)
    nothing = run(capsys, "--home", home, "recommend", "lone").out
    assert "No related journeys" in nothing
    assert "No items" in nothing


def test_markup_in_users_words_is_shown_as_it_is(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = ("[red]chess club", "[red]chess club clock", "[red]chess club board")
    rows = [row for number in range(4) for row in doing(f"m{number}", texts, 1)]
    with made(home) as assistant:
        assistant.ingest([write_log(tmp_path / "markup.csv", rows)])
        assistant.infer()
        assistant.expand()
    shown = run(capsys, "--home", home, "catalogue").out
    assert "[red]chess" in shown


def test_a_first_look_says_how_to_begin(words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("expand",), ("recommend", "ann"), ("catalogue",)):
        ran = run(capsys, "--home", tmp_path / "empty", *command)
        assert (ran.code, ran.out) == (1, "")
        assert "nothing has been read yet" in ran.err


def test_the_doctor_knows_the_store(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def expansions(settings: Settings) -> Check:
        (check,) = [check for check in examine(settings) if check.part.startswith("expansions")]
        return check

    there = expansions(Settings(home=home, embedding={"model": "words"}))
    assert (there.part.partition(",")[0], there.state) == ("expansions: 3 entries", "on")
    other = expansions(Settings(home=home, embedding={"model": "others"}))
    assert other[1:] == ("broken", "made with words, not others: run journeys expand")
    fresh = expansions(Settings(home=tmp_path / "fresh", embedding={"model": "words"}))
    assert fresh == ("expansions: none yet", "on", "journeys expand makes them")
    (home / "expansions.sqlite").write_bytes(b"damaged" * 999)
    assert expansions(Settings(home=home, embedding={"model": "words"}))[1] == "broken"


def test_an_empty_catalogue_is_one_too(words: None, tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", doing("ann", GARDEN, 1))])
        assistant.infer()
        assert assistant.expand().entries == 0
        assert assistant.catalogue() == ([], 0)
        assert assistant.recommend("ann").journeys == ()
        with assistant.expansions.reading() as built:
            assert built is not None
        assert isinstance(assistant.expansions, Expansions)
