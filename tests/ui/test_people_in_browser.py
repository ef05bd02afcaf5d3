"""What a person says on the page, in a real browser: corrections, verdicts by keyboard, and the agent."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import (
    address_fixture,
    browser_fixture,
    model_file_fixture,
    sample_home_fixture,
    shared_fixture,
    visit_fixture,
)
from model_server import ModelServer, serving
from page_browser import Visit, prepare, served, visitor
from playwright.sync_api import Browser, expect

__all__ = [
    "address_fixture",
    "browser_fixture",
    "model_file_fixture",
    "sample_home_fixture",
    "shared_fixture",
    "visit_fixture",
]

ANSWER = "Meal prep goes on. Road trip has come up as well."


def say_who(visit: Visit, name: str) -> None:
    visit.page.get_by_label("Your name").locator("visible=true").fill(name)
    visit.page.keyboard.press("Enter")
    visit.page.locator(".signed", has_text=name).locator("visible=true").wait_for()
    visit.settle()


def rest(visit: Visit) -> None:
    """Until nothing is under way any more: the browser takes what is cut off for an error."""
    visit.settle()
    visit.page.wait_for_timeout(700)


def reload(visit: Visit) -> None:
    rest(visit)
    visit.page.reload()
    visit.settle()


def test_a_new_name_is_asked_who_says_it_and_kept_after_reload(visit: Visit) -> None:
    visit.open("?tab=correct&user=s05")
    say_who(visit, "Ada")
    field = visit.page.get_by_label("Its name")
    before = field.input_value()
    field.fill("you are ill")
    visit.page.get_by_role("button", name="Rename").click()
    expect(visit.page.locator("#panel-correct .told.bad")).to_contain_text("this name can't be shown")
    expect(field).to_have_value("you are ill")
    field.fill("A name of its own")
    visit.page.get_by_role("button", name="Rename").click()
    expect(visit.page.locator("#panel-correct .subject")).to_contain_text("A name of its own")
    reload(visit)
    expect(visit.page.locator("#panel-correct .subject")).to_contain_text("A name of its own")
    expect(visit.page.locator(".signed").locator("visible=true")).to_contain_text("Ada")
    rest(visit)
    visit.open("?tab=explore&user=s05")
    assert "A name of its own" in visit.text()
    rest(visit)
    visit.open("?tab=correct&user=s05")
    visit.page.get_by_role("button", name="Take back").first.click()
    expect(visit.page.locator("#panel-correct .subject")).to_contain_text(before)
    rest(visit)


def click_at_once(visit: Visit, *names: str) -> None:
    """Buttons and links by what is written on them, one after the other in a moment."""
    visit.page.evaluate(
        """names => {
            const all = [...document.querySelectorAll('nav.tabs a, #panel-correct button')];
            for (const name of names) all.find(each => each.textContent === name).click();
        }""",
        names,
    )


def test_what_is_clicked_while_an_answer_comes_is_done_in_turn_and_once(visit: Visit) -> None:
    visit.open("?tab=correct&user=s07")
    say_who(visit, "Cleo")
    said = visit.page.locator("#panel-correct .said li:not(.gone)")
    click_at_once(visit, "Never notify", "It is over", "It is over", "Explore", "Journey")
    expect(visit.page).to_have_title(re.compile("^s07 · Journey"))
    visit.settle()
    visit.page.locator("nav a", has_text="Correct").click()
    expect(said).to_have_count(2)
    visit.settle()
    click_at_once(visit, "Quality", "Take back")
    expect(visit.page.locator("#panel-quality .table").first).to_be_visible()
    expect(visit.page).to_have_title(re.compile("Quality"))
    visit.settle()
    visit.page.locator("nav a", has_text="Correct").click()
    expect(said).to_have_count(1)
    rest(visit)


def test_three_journeys_are_rated_by_keyboard(visit: Visit) -> None:
    visit.open("?tab=review")
    say_who(visit, "Ben")
    page = visit.page
    subject = page.locator("#panel-review .subject")
    first = subject.text_content() or ""
    for number, key in enumerate("425", 1):
        page.keyboard.press(key)
        expect(page.locator("#panel-review .card b").first).to_have_text(re.compile(r"\d+"))
        expect(page.locator("#panel-review")).to_contain_text(f"{number} in this visit")
        visit.settle()
    page.keyboard.press("s")
    expect(page.locator("#panel-review")).to_contain_text("1 passed over")
    visit.settle()
    for left in (2, 1, 0):
        page.keyboard.press("u")
        expect(page.locator("#panel-review")).to_contain_text(f"{left} in this visit")
        visit.settle()
    expect(subject).to_have_text(first)


def test_the_keys_of_review_do_nothing_while_somebody_types_elsewhere(visit: Visit) -> None:
    visit.open("?tab=correct&user=s06")
    say_who(visit, "Ada")
    visit.page.get_by_label("Why, if you like").fill("")
    visit.page.keyboard.type("1 s u")
    assert visit.page.get_by_label("Why, if you like").input_value() == "1 s u"
    assert visit.page.locator("#panel-correct .told").count() == 0


def test_two_runs_are_told_of_and_a_stage_is_measured(visit: Visit) -> None:
    visit.open("?tab=quality")
    assert "Clusters: B-cubed F1" in visit.text()
    assert "Confidence" in visit.text()


def test_ask_without_a_model_tells_how_to_set_one(visit: Visit) -> None:
    visit.open("?tab=ask")
    assert "No model is set" in visit.text()
    assert visit.page.locator("#talk").count() == 0


def test_a_notification_is_previewed_and_a_policy_tried(visit: Visit) -> None:
    visit.open("?tab=notifications")
    page = visit.page
    page.locator(".preview").wait_for()
    page.locator(".candidates a").nth(1).click()
    visit.settle()
    name = page.locator(".candidates a[aria-current]").inner_text()
    expect(page.locator("#panel-notifications .facts")).to_contain_text(name)
    page.get_by_label("Messages a week").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Messages a week")).to_have_value("1")
    visit.settle()
    assert "a_week=1" in page.url
    rest(visit)


# --- with a model on loopback


def calling(request: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Looks the user up; where a name is asked for, it asks to write one."""
    messages = request["messages"]
    asked = [each["content"] for each in messages if each["role"] == "user"][-1]
    if messages[-1]["role"] == "user":
        return [("list_journeys", {"user_id": "s01"})]
    wrote = any(call["function"]["name"] == "write_label" for each in messages for call in each.get("tool_calls") or [])
    if "call it" in asked and not wrote:
        found = re.search(r"[0-9a-f]{12}", messages[-1]["content"])
        assert found is not None
        return [("write_label", {"user_id": "s01", "journey": found[0], "kind": "rename", "name": "Weekly cooking"})]
    return []


def answering(request: dict[str, Any]) -> str:
    return "" if calling(request) else ANSWER


@pytest.fixture(scope="module", name="asked_address")
def asked_address_fixture(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = prepare(sample_home, tmp_path_factory.mktemp("asked") / "home")
    with serving(ModelServer(answering, calling=calling)) as server:
        settings = f'[models.default]\nmodel = "openai:local"\nbase_url = "{server.url}"\n'
        (home / "journeys.toml").write_text(settings, encoding="utf-8")
        with served(home) as address:
            yield address


def test_the_agent_answers_with_links_and_writes_only_what_is_approved(browser: Browser, asked_address: str) -> None:
    context, visit = visitor(browser, asked_address)
    page = visit.page
    visit.open("?tab=ask&user=s01")
    page.locator("[data-example]", has_text="s01").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your question").press("Enter")
    expect(page.locator("#talk .answer")).to_have_text(ANSWER, timeout=40_000)
    expect(page.locator("#talk .tools summary")).to_have_text("1 tool used")
    page.locator("#talk .tools summary").click()
    expect(page.locator("#talk .tools li")).to_contain_text("list journeys")

    page.get_by_label("Your question").fill("call it Weekly cooking")
    page.keyboard.press("Enter")
    expect(page.locator("#talk .approval")).to_contain_text("Weekly cooking", timeout=40_000)
    other_context, other = visitor(browser, asked_address)
    other.open("?tab=explore&user=s01")
    assert "Weekly cooking" not in other.text()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#talk .answer")).to_have_count(2, timeout=40_000)
    reload(other)
    assert "Weekly cooking" in other.text()
    rest(other)
    other.open("?tab=ask")
    assert ANSWER not in other.text()

    page.get_by_role("button", name="New conversation").wait_for()
    reload(visit)
    expect(page.locator("#talk .answer").first).to_have_text(ANSWER, timeout=40_000)
    expect(page.locator("#talk .tools summary").first).to_have_text("1 tool used")
    links = page.locator("#talk .referred a", has_text="Road trip")
    before = links.count()
    assert before > 0
    page.get_by_label("Your question").fill("What is s01 up to?")
    page.keyboard.press("Enter")
    expect(links).to_have_count(before + 1, timeout=40_000)
    links.last.click()
    visit.settle()
    expect(page.locator("#panel-journey .subject")).to_contain_text("Road trip")
    rest(visit)
    context.close()
    other_context.close()
    assert visit.wrong + other.wrong == []
