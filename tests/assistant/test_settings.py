"""Settings: which source wins, what is said of a slip, and that no secret is ever shown."""

import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from assistant.errors import SettingsError
from assistant.settings import Described, Settings
from chains.clustering import Granularity
from chains.journeys import Policy
from vectorstore.columns import ColumnMap


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without settings, and an environment without ours."""
    for variable in list(os.environ):
        if variable.startswith("JOURNEYS_"):
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def described(settings: Settings) -> dict[str, tuple[str, str]]:
    return {each.name: (each.value, each.source) for each in settings.describe()}


def test_the_defaults() -> None:
    settings = Settings.load()
    assert settings == Settings()
    assert settings.home == Path(".journeys")
    assert (settings.embedding.model, settings.embedding.base_url, settings.embedding.api_key) == ("minilm", None, None)
    assert (settings.embedding.threads, settings.store, settings.store_api_key) == (None, "qdrant", None)
    assert settings.library_location == "sqlite:///.journeys/library.sqlite"
    assert settings.columns == ColumnMap()
    assert settings.zone == ZoneInfo("UTC")
    assert settings.max_rejected == 0.01
    assert settings.inference.granularity is Granularity.NORMAL
    assert (settings.inference.min_events, settings.inference.diversification_penalty) == (2, 0.95)
    assert settings.inference.diversification_threshold == 0.5
    assert settings.safety == {}
    assert {each.source for each in settings.describe()} == {"default"}


def test_arguments_go_before_environment_before_file_before_defaults(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(
        folder / "journeys.toml",
        """
        store = "chroma"
        max_rejected = 0.5
        default_zone = "Europe/Berlin"
        [inference]
        granularity = "coarse"
        min_events = 5
        diversification_penalty = 0.8
        [columns]
        text = "query"
        user_id = "customer"
        [safety]
        health = "block"
        """,
    )
    monkeypatch.setenv("JOURNEYS_MAX_REJECTED", "0.25")
    monkeypatch.setenv("JOURNEYS_INFERENCE__MIN_EVENTS", "4")
    monkeypatch.setenv("JOURNEYS_INFERENCE__DIVERSIFICATION_PENALTY", "0.7")
    monkeypatch.setenv("JOURNEYS_COLUMNS__USER_ID", "visitor")
    monkeypatch.setenv("JOURNEYS_SAFETY__HEALTH", "allow")
    settings = Settings.load(store="memory", inference__min_events=3, max_rejected=None)

    assert (settings.store, settings.max_rejected, settings.zone) == ("memory", 0.25, ZoneInfo("Europe/Berlin"))
    assert (settings.inference.granularity, settings.inference.min_events) == (Granularity.COARSE, 3)
    assert (settings.inference.diversification_penalty, settings.inference.diversification_threshold) == (0.7, 0.5)
    assert settings.columns == ColumnMap(text="query", user_id="visitor")
    assert settings.safety == {"health": Policy.ALLOW}
    shown = described(settings)
    assert shown["store"] == ("memory", "argument")
    assert shown["inference.min_events"] == ("3", "argument")
    assert shown["max_rejected"] == ("0.25", "environment")
    assert shown["safety.health"] == ("allow", "environment")
    assert shown["columns.user_id"] == ("visitor", "environment")
    assert shown["columns.text"] == ("query", str(file))
    assert shown["inference.granularity"] == ("coarse", str(file))
    assert shown["inference.diversification_threshold"] == ("0.5", "default")


def test_sections_may_be_given_whole() -> None:
    settings = Settings.load(
        columns=ColumnMap(text="query"), inference={"min_events": 7}, inference__granularity="fine"
    )
    assert settings.columns == ColumnMap(text="query")
    assert (settings.inference.min_events, settings.inference.granularity) == (7, Granularity.FINE)


def test_the_home_is_named_by_argument_environment_or_the_file_of_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "journeys.toml", 'home = "from-file"')
    assert Settings.load().home == folder / "from-file"
    monkeypatch.setenv("JOURNEYS_HOME", "from-environment")
    assert Settings.load().home == Path("from-environment")
    assert Settings.load(home="from-argument").home == Path("from-argument")
    assert Settings.load(home=Path("~/there")).home == Path.home() / "there"


def test_the_file_in_the_home_goes_before_the_one_in_the_working_folder(folder: Path) -> None:
    here = write(folder / "journeys.toml", 'home = "data"\nstore = "chroma"\nmax_rejected = 0.5')
    there = write(folder / "data" / "journeys.toml", 'store = "memory"')
    shown = described(Settings.load())
    assert shown["store"] == ("memory", str(there))
    assert shown["max_rejected"] == ("0.5", str(here))


def test_the_home_may_be_the_working_folder(folder: Path) -> None:
    write(folder / "journeys.toml", 'home = "."\nstore = "memory"')
    assert (Settings.load().home, Settings.load().store) == (folder, "memory")


def test_the_home_is_not_set_inside_the_home(folder: Path) -> None:
    write(folder / "data" / "journeys.toml", 'home = "elsewhere"')
    with pytest.raises(SettingsError, match=r"data/journeys\.toml: home cannot be set in the home folder itself"):
        Settings.load(home="data")


def test_config_is_the_one_file_that_is_read(folder: Path) -> None:
    write(folder / "journeys.toml", 'store = "chroma"')
    other = write(folder / "etc" / "other.toml", 'home = "data"\nmax_rejected = 1')
    write(folder / "etc" / "data" / "journeys.toml", 'store = "memory"')
    settings = Settings.load(config=other)
    assert (settings.home, settings.store, settings.max_rejected) == (folder / "etc" / "data", "qdrant", 1.0)
    with pytest.raises(SettingsError, match=r"cannot read .*missing\.toml: No such file"):
        Settings.load(config=folder / "missing.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[embedding]\nmodle = "x"', "unknown setting embedding.modle: did you mean embedding.model?"),
        ('granularity = "fine"', "unknown setting granularity: did you mean inference.granularity?"),
        ("[inference]\nminevents = 3", "unknown setting inference.minevents: did you mean inference.min_events?"),
        ('[store]\nspec = "x"', "unknown setting store.spec: did you mean store?"),
        ('[columns]\nuser = "x"', "unknown setting columns.user: did you mean columns.user_id?"),
        ('[safety]\nhealht = "block"', "unknown setting safety.healht: did you mean safety.health?"),
        ('"a\\nb" = 1', "unknown setting 'a\\nb': "),
        ("zzzzzz = 1", "unknown setting zzzzzz: there are agent.context_tokens, agent.max_cost, agent.max_tokens"),
        ('embedding = "minilm"', "embedding is a section: set its parts, such as embedding.api_key"),
        ('[safety]\nhealth = "hide"', "safety.health: Input should be 'allow', 'in_app' or 'block'"),
        ("[inference]\nmin_events = 0", "inference.min_events: Input should be greater than or equal to 1"),
        ('[inference]\ngranularity = "tiny"', "inference.granularity: Input should be 'coarse', 'normal' or 'fine'"),
        ("max_rejected = 1.5", "max_rejected: Input should be less than or equal to 1"),
        (
            'default_zone = "Europe/Berln"',
            "default_zone: no time zone is called 'Europe/Berln': did you mean Europe/Berlin?",
        ),
        ('default_zone = "../etc"', "default_zone: no time zone is called '../etc': "),
        ("[embedding]\napi_key = 12345", "embedding.api_key: Input should be a valid string"),
        ("store = [1]", "store: Input should be a valid string"),
        ("store =", "is no TOML: Invalid value (at end of document)"),
    ],
)
def test_a_slip_in_the_file_is_named_in_one_line(folder: Path, text: str, message: str) -> None:
    file = write(folder / "journeys.toml", text)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert str(caught.value).startswith(str(file))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_a_file_that_is_not_text_says_so(folder: Path) -> None:
    (folder / "journeys.toml").write_bytes(b"store = '\xff'")
    with pytest.raises(SettingsError, match="is not in UTF-8: byte 9 cannot be read"):
        Settings.load()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("JOURNEYS_STOER", "x", "environment: unknown setting stoer: did you mean store?"),
        ("JOURNEYS_EMBEDING__MODEL", "x", "environment: unknown setting embeding.model: did you mean embedding.model?"),
        (
            "JOURNEYS_EMBEDDING__MODLE",
            "x",
            "environment: unknown setting embedding.modle: did you mean embedding.model?",
        ),
        ("JOURNEYS_MAX_REJECTED", "many", "environment: max_rejected: Input should be a valid number"),
        ("JOURNEYS_EMBEDDING", "minilm", "a section's parts have a variable each, such as JOURNEYS_EMBEDDING__MODEL"),
    ],
)
def test_a_slip_in_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert message in str(caught.value)


def test_an_argument_that_is_unknown_is_named() -> None:
    with pytest.raises(SettingsError, match="argument: unknown setting stroe: did you mean store"):
        Settings.load(stroe="x")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYS_STORE", "")
    assert Settings.load().store == "qdrant"


@pytest.mark.parametrize(
    "values",
    [
        {"embedding__base_url": "https://anna:hush@host/v1"},
        {"store": "qdrant:https://anna:hush@host:6333"},
        {"store": "qdrant:https://host:6333?api_key=hush"},
    ],
)
def test_an_address_carries_no_password(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="carries a password, which would be shown: give it as api_key") as caught:
        Settings.load(**values)
    assert "hush" not in str(caught.value)


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYS_EMBEDDING__API_KEY", "hush-1")
    monkeypatch.setenv("JOURNEYS_STORE_API_KEY", "hush-2")
    monkeypatch.setenv("JOURNEYS_LIBRARY_URL", "postgresql://anna:hu@sh-3@host/db?password=hush-4&x=1")
    settings = Settings.load()
    printed = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()} {settings.describe()}"
    assert "hush" not in printed
    assert "sh-3" not in printed
    assert settings.embedding.api_key is not None
    assert settings.embedding.api_key.get_secret_value() == "hush-1"
    assert settings.library_location == "postgresql://anna:hu@sh-3@host/db?password=hush-4&x=1"
    shown = described(settings)
    assert shown["embedding.api_key"] == ("set", "environment")
    assert shown["store_api_key"] == ("set", "environment")
    assert shown["library_url"] == ("postgresql://anna:***@host/db?password=***&x=1", "environment")
    assert described(Settings())["embedding.api_key"] == ("not set", "default")


def test_what_decides_journeys_is_named_without_secrets_and_places() -> None:
    settings = Settings.load(safety={"health": "block"}, inference__min_events=4, embedding__api_key="hush")
    assert settings.deciding() == {
        "min_events": 4,
        "diversification_penalty": 0.95,
        "diversification_threshold": 0.5,
        "safety": {"health": "block"},
    }


def test_every_setting_is_described_once() -> None:
    described = Settings().describe()
    assert described[0] == Described("home", ".journeys", "default")
    assert described[7] == Described("library_url", "sqlite:///.journeys/library.sqlite", "default")
    assert len({each.name for each in described}) == len(described) > 40


def test_the_password_of_the_expansion_store_is_not_shown() -> None:
    shown = {each.name: each.value for each in Settings(expansion_store="redis://me:s3cret@host:6379/1").describe()}
    assert shown["expansion_store"] == "redis://me:***@host:6379/1"
    assert {each.name: each.value for each in Settings().describe()}["expansion_store"] == "sqlite"


def test_the_shares_of_the_arms_are_checked_together(folder: Path) -> None:
    shares = Settings.load(
        experiment__salt="autumn", experiment__shares__interest=0.4, experiment__shares__holdout=0.15
    )
    assert shares.experiment.salt == "autumn"
    assert shares.experiment.shares.by_arm == {"interest": 0.4, "journey": 0.45, "holdout": 0.15}
    file = write(folder / "journeys.toml", "[experiment.shares]\nholdout = 0.3\n")
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert str(raised.value) == (
        f"{file}: experiment.shares: the shares of interest, journey, holdout are 1.2 in sum: "
        "give shares whose sum is 1"
    )
