"""Settings: the only reader of the environment and of journeys.toml."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    BaseModel,
    Field,
    JsonValue,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from assistant.agent_settings import AgentSettings
from assistant.errors import SettingsError
from assistant.experiment_settings import ExperimentSettings
from assistant.model_settings import ModelsSettings
from assistant.naming_settings import GuardSettings, StyleSettings
from assistant.notify_settings import NotifySettings
from assistant.settings_layers import Merged, from_arguments, from_environment, from_file, merge
from assistant.settings_section import Address, Section, hidden
from chains.clustering import Granularity
from chains.journeys import InferenceMode, Policy, Probability
from chains.safety import SensitivityChecker
from vectorstore.columns import ColumnMap

FILE_NAME = "journeys.toml"
_DEFAULT = "default"


class EmbeddingSettings(Section):
    """model: "minilm" or "provider:model". base_url, api_key: of a provider's server. threads: of minilm, None for one
    a core."""

    model: str = Field(default="minilm", min_length=1)
    base_url: Address | None = None
    api_key: SecretStr | None = None
    threads: int | None = Field(default=None, ge=1)


class InferenceSettings(Section):
    """mode: how journeys are found, merge and llm with the model of the role inferrer. min_events: a journey has at
    least so many. diversification_penalty: what each similar journey before it costs a journey, as a factor.
    diversification_threshold: cosine over which two journeys are similar. affinity_model, naming_model, stage_model,
    ranker_model: files of `journeys train …`, None for those that come with the program."""

    mode: InferenceMode = InferenceMode.CLUSTER
    granularity: Granularity = Granularity.NORMAL
    min_events: int = Field(default=2, ge=1)
    diversification_penalty: float = Field(default=0.95, gt=0, le=1)
    diversification_threshold: float = Field(default=0.5, ge=-1, le=1)
    affinity_model: Path | None = None
    naming_model: Path | None = None
    stage_model: Path | None = None
    ranker_model: Path | None = None


class CatalogueSettings(Section):
    """min_users: no entry, name, keyword or item of fewer users. max_entries: those with most users are kept.
    similarity: the cosine from which journeys are merged."""

    min_users: int = Field(default=3, ge=2)
    max_entries: int = Field(default=1_000, ge=1)
    similarity: float = Field(default=0.5, gt=0, lt=1)


class Described(NamedTuple):
    """A setting for a person to read. source: argument, environment, the path of a file, or default."""

    name: str
    value: str
    source: str


class Settings(BaseSettings):
    """All settings. `Settings.load` reads them from where they stand; `Settings()` has the defaults only.

    home: the folder with everything that is stored. store: see `open_store`; store_api_key: of a Qdrant server.
    library_url: None for SQLite in home. columns: how the log's columns are called. default_zone: of times that name
    none, such as "Europe/Berlin". max_rejected: share of bad rows that is still well; max_failed: of users whom a run
    sets aside. models: language models, none by default. style: of the names that a model writes. guard: asked before
    what a model wrote is shown. agent: what one question to it may use. expansion_store: "sqlite", a file in home, or
    the URL of a Redis server. safety: category -> policy, where it is to be another than the list's own.
    """

    model_config = SettingsConfigDict(
        env_prefix="JOURNEYS_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Path(".journeys")
    embedding: EmbeddingSettings = EmbeddingSettings()
    store: Address = "qdrant"
    store_api_key: SecretStr | None = None
    library_url: SecretStr | None = Field(default=None, min_length=1)
    columns: ColumnMap = ColumnMap()
    default_zone: str = "UTC"
    max_rejected: Probability = 0.01
    max_failed: Probability = 0.01
    inference: InferenceSettings = InferenceSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    models: ModelsSettings = ModelsSettings()
    style: StyleSettings = StyleSettings()
    guard: GuardSettings = GuardSettings()
    agent: AgentSettings = AgentSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    notify: NotifySettings = NotifySettings()
    expansion_store: SecretStr = Field(default=SecretStr("sqlite"), min_length=1)
    safety: dict[str, Policy] = {}

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def load(cls, home: Path | str | None = None, config: Path | None = None, **overrides: Any) -> Self:
        """Arguments go before the environment, that before journeys.toml, and that before the defaults.

        config: the one file to read. Without it, journeys.toml in the home folder, then the one in the working folder,
        which may name the home. overrides: such as `store="chroma"`, `inference__granularity="fine"`; None is not
        given. Raises SettingsError for a name that is unknown or a value that cannot be.
        """
        nearest = [from_arguments({"home": home, **overrides}), from_environment(cls)]
        known = _known_names(cls)
        if config is not None:
            merged = merge([*nearest, from_file(config)], known)
        else:
            here = [from_file(path) for path in [Path(FILE_NAME).absolute()] if path.exists()]
            merged = merge([*nearest, *here], known)
            at_home = Path(merged.tree.get("home", cls.model_fields["home"].default)).expanduser() / FILE_NAME
            if at_home.exists() and at_home.absolute() != Path(FILE_NAME).absolute():
                own = from_file(at_home)
                if "home" in own.values:
                    raise SettingsError(f"{at_home}: home cannot be set in the home folder itself: set it outside")
                merged = merge([*nearest, own, *here], known)
        return cls._validated(merged)

    @classmethod
    def _validated(cls, merged: Merged) -> Self:
        try:
            settings = cls(**merged.tree)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            path = [str(part) for part in first["loc"]]
            names = [".".join(path[:length]) for length in range(len(path), 0, -1)]
            name = next((name for name in names if name in merged.sources), ".".join(path))
            # What is wrong with a section as a whole came with one of its values.
            below = next((source for own, source in merged.sources.items() if own.startswith(f"{name}.")), _DEFAULT)
            reason = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"{merged.sources.get(name, below)}: {name}: {reason}") from None
        settings._sources.update(merged.sources)
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only `load` reads from outside, since it can tell where each value comes from."""
        return (init_settings,)

    @field_validator("home")
    @classmethod
    def _expand(cls, home: Path) -> Path:
        return home.expanduser()

    @field_validator("default_zone")
    @classmethod
    def _check_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            near = get_close_matches(name, available_timezones(), 1)
            hint = f"did you mean {near[0]}?" if near else "give one such as UTC or Europe/Berlin"
            raise ValueError(f"no time zone is called {name!r}: {hint}") from error
        return name

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.default_zone)

    @property
    def library_location(self) -> str:
        """The library's URL, with its password if it has one: not to be shown."""
        if self.library_url is not None:
            return self.library_url.get_secret_value()
        return f"sqlite:///{self.home / 'library.sqlite'}"

    def deciding(self) -> dict[str, JsonValue]:
        """What decides journeys besides mode, granularity, embedding and models, which a run names by themselves."""
        inference: dict[str, JsonValue] = self.inference.model_dump(
            mode="json",
            exclude={"mode", "granularity", "affinity_model", "naming_model", "stage_model", "ranker_model"},
        )
        return {**inference, "safety": {name: policy.value for name, policy in sorted(self.safety.items())}}

    def describe(self) -> list[Described]:
        """Every setting as a person may read it: of secrets only whether they are set. Of the models, what is set."""
        described = []
        for name, value in _leaves(self):
            if name.startswith("models.") and name != "models.default.model" and name not in self._sources:
                continue
            described.append(Described(name, _shown(name, value, self), self._sources.get(name, _DEFAULT)))
        return described


def _leaves(section: BaseModel, prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for field in type(section).model_fields:
        name, value = f"{prefix}{field}", getattr(section, field)
        if isinstance(value, BaseModel):
            leaves += _leaves(value, f"{name}.")
        elif isinstance(value, ColumnMap):
            leaves += [(f"{name}.{column.name}", getattr(value, column.name)) for column in fields(value)]
        elif isinstance(value, Mapping):
            leaves += [(f"{name}.{key}", each) for key, each in sorted(value.items())]
        else:
            leaves.append((name, value))
    return leaves


def _shown(name: str, value: object, settings: Settings) -> str:
    if name == "library_url":
        return hidden(settings.library_location)
    if name == "expansion_store":
        return hidden(settings.expansion_store.get_secret_value())
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else "not set"
    return "not set" if value is None else hidden(str(value))


def _known_names(section: type[BaseModel]) -> list[str]:
    known: list[str] = []
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            known += [f"{name}.{part}" for part in _known_names(field.annotation)]
        elif field.annotation is ColumnMap:
            known += [f"{name}.{column.name}" for column in fields(ColumnMap)]
        elif name == "safety":
            known += [f"{name}.{category}" for category in SensitivityChecker().policies]
        else:
            known.append(name)
    return known
