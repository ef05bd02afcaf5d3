"""Where settings come from, and what may stand there: layers of names and values, the nearest first."""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableVariable

from assistant.errors import SettingsError

ENVIRONMENT = "environment"
_SECTION = "__"


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings of one source. values: dotted name -> value, such as "embedding.model" -> "minilm"."""

    source: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Merged:
    """tree: sections as dictionaries, ready to be validated. sources: dotted name -> source; defaults have none."""

    tree: dict[str, Any]
    sources: dict[str, str]


def from_arguments(arguments: Mapping[str, Any]) -> Layer:
    """Arguments that are None were not given; a part of a section may be given as section__part."""
    return Layer("argument", {name: value for name, value in _flat(_unfold(arguments)) if value is not None})


def from_environment(settings: type[BaseSettings]) -> Layer:
    """Variables with the prefix of the settings, JOURNEYS_EMBEDDING__MODEL; an empty one is not set.

    Those that no setting is called after are among the values too, so that a slip of the pen does not pass unseen.
    """
    prefix = settings.model_config.get("env_prefix", "")
    try:
        source = EnvSettingsSource(settings)
        values = dict(_flat(source()))
    except UnreadableVariable as error:
        raise SettingsError(
            f"{ENVIRONMENT}: {error}: a section's parts have a variable each, such as {prefix}EMBEDDING__MODEL"
        ) from error
    for variable, value in source.env_vars.items():
        name = variable.removeprefix(prefix.lower())
        if name != variable and name.partition(_SECTION)[0] not in settings.model_fields:
            values[name.replace(_SECTION, ".")] = value
    return Layer(ENVIRONMENT, values)


def from_file(path: Path) -> Layer:
    """Raises SettingsError where the file cannot be read or is no TOML."""
    try:
        values = dict(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not in UTF-8: byte {error.start} cannot be read: save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    if isinstance(home := values.get("home"), str):
        # Counted from the file, so that the command finds the same home from wherever it is started.
        values["home"] = path.parent / Path(home).expanduser()
    return Layer(str(path), values)


def merge(layers: Sequence[Layer], known: Collection[str]) -> Merged:
    """layers: the nearest first, which wins. Raises SettingsError for a name that is not among the known ones."""
    merged = Merged({}, {})
    for layer in layers:
        for name, value in layer.values.items():
            _require_known(name, layer.source, known)
            if name in merged.sources:
                continue
            merged.sources[name] = layer.source
            *sections, last = name.split(".")
            branch = merged.tree
            for section in sections:
                branch = branch.setdefault(section, {})
            branch[last] = value
    return merged


def _require_known(name: str, source: str, known: Collection[str]) -> None:
    if name in known:
        return
    shown = name if name.isprintable() else ascii(name)
    parts = sorted(each for each in known if each.startswith(f"{name}."))
    if parts:
        raise SettingsError(f"{source}: {shown} is a section: set its parts, such as {parts[0]}")
    nearest = nearest_name(name, known)
    hint = f"did you mean {nearest}?" if nearest else f"there are {', '.join(sorted(known))}"
    raise SettingsError(f"{source}: unknown setting {shown}: {hint}")


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """The known name that was probably meant: with the same last part in another section, or spelled much alike."""
    last_parts: dict[str, str] = {each.rpartition(".")[2]: each for each in sorted(known, reverse=True)}
    last = name.rpartition(".")[2]
    if last in last_parts:
        return last_parts[last]
    alike = get_close_matches(name, known, 1) or [last_parts[part] for part in get_close_matches(last, last_parts, 1)]
    return alike[0] if alike else None


def _unfold(arguments: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in arguments.items():
        *sections, last = name.split(_SECTION)
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        if isinstance(value, BaseModel):
            value = value.model_dump()
        elif is_dataclass(value) and not isinstance(value, type):
            value = asdict(value)
        if isinstance(value, Mapping) and isinstance(branch.get(last), dict):
            branch[last].update(value)
        else:
            branch[last] = value
    return tree


def _flat(tree: Mapping[str, Any], section: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{section}{name}.")
        else:
            yield f"{section}{name}", value
