"""The tab Ask: the agent, which answers questions by looking things up."""

from collections.abc import Iterator

from assistant.model_settings import model_for
from assistant.reading import Reading
from chains.roles import Role
from ui.asking import Asking, Said, Step, Turns
from ui.frame import Tab, Wiring
from ui.markup import Markup, joined, tag
from ui.packaged import packaged
from ui.pieces import notice, section
from ui.place import Place
from ui.talk import talk

KEY = "ask"
_CLOUD = '[models.default]\nmodel = "openai:gpt-5-mini"'
_LOCAL = '[models.default]\nmodel = "openai:NAME"\nbase_url = "http://127.0.0.1:8000/v1"'


def draw(reading: Reading, place: Place) -> Markup:
    if not has_model(reading):
        return without_model()
    return examples(place.user or next((each.user_id for each in reading.some_users(1)), ""))


def has_model(reading: Reading) -> bool:
    return bool(model_for(Role.AGENT, reading.assistant.settings.models).model)


def without_model() -> Markup:
    """Everything else works without one; here is how to get one."""
    return joined(
        (
            notice("No model is set, so nobody can answer here.", "Everything else on this page works without one."),
            section(
                "How to set one",
                "Put one of these into journeys.toml in the home folder, then start the page again.",
                tag(
                    "div",
                    tag(
                        "div",
                        tag("h4", "A model of a provider"),
                        tag("pre", tag("code", _CLOUD)),
                        tag("p", "with your key in OPENAI_API_KEY", class_="small"),
                    ),
                    tag(
                        "div",
                        tag("h4", "A model on your own server"),
                        tag("pre", tag("code", _LOCAL)),
                        tag("p", "such as vLLM or Ollama; nothing leaves your machines", class_="small"),
                    ),
                    class_="two even",
                ),
                tag("p", tag("code", "journeys doctor"), " then tells whether it answers.", class_="small"),
            ),
        )
    )


def examples(user: str) -> Markup:
    """Questions to begin with."""
    asked = [
        "Who is renovating a kitchen?",
        *([f"What is {user} up to, and how do you know?"] if user else []),
        "What came of the last run?",
    ]
    buttons = (tag("button", each, type="button", data_example=each, class_="plain-button") for each in asked)
    return tag("div", tag("span", "For example:", class_="small"), *buttons, class_="examples")


def build(wiring: Wiring) -> None:
    # Gradio takes seconds to import; what is drawn needs nothing of it.
    import gradio as gr  # noqa: PLC0415

    asking = Asking(wiring.reading.assistant)
    if not has_model(wiring.reading):
        return
    turns = gr.State(())
    spoken = gr.HTML(
        talk((), asks_name=False),
        js_on_load=packaged("ask.js"),
        elem_id="talk",
        elem_classes=["page"],
        padding=False,
        apply_default_css=False,
    )

    def ask(before: Turns, event: gr.EventData, request: gr.Request) -> Iterator[Step]:
        yield from asking.steps(before, Said.of(event._data, request.username))

    def stop(before: Turns, event: gr.EventData, request: gr.Request) -> Step:
        return asking.stop(before, Said.of(event._data, request.username))

    answering = spoken.click(
        ask,
        [turns],
        [spoken, turns],
        api_visibility="private",
        show_progress="hidden",
        concurrency_limit=8,
        trigger_mode="multiple",
    )
    # What nobody expected: the page says so.
    answering.failure(None, js="() => { document.dispatchEvent(new Event('journeys-failed')); }")
    spoken.stop(
        stop, [turns], [spoken, turns], api_visibility="private", show_progress="hidden", trigger_mode="multiple"
    )


TAB = Tab(KEY, "Ask", "Questions in plain words; a model looks things up and answers.", draw, build)
