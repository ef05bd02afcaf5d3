import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from assistant.audit import AuditFile, call_json
from assistant.errors import SettingsError
from assistant.model_settings import model_for
from assistant.models import open_structured, reply_cache
from assistant.settings import Settings
from chains.call_records import About, CallRecord
from chains.metering import Usage
from chains.roles import Role
from chains.shaping import Shaping
from vectorstore.errors import InputError

CALL = CallRecord(
    "names",
    "names-1-abc",
    "openai:x",
    About("u1", ("j1",)),
    (("human", "<data>"),),
    "{}",
    "{}",
    "",
    Usage(1, 7, 3),
    0.25,
)


def test_without_settings_no_role_has_a_model(tmp_path: Path) -> None:
    structured = open_structured(Settings.load(tmp_path))
    assert not any(structured.has(role) for role in Role)
    assert structured.cache is None


def test_one_setting_switches_all_roles_to_a_local_server(tmp_path: Path) -> None:
    url = "http://127.0.0.1:8000/v1"
    settings = Settings.load(tmp_path, models__default__model="openai:gpt-5-mini", models__default__base_url=url)
    structured = open_structured(settings)
    assert {structured.models[role][0].label for role in Role} == {"openai:gpt-5-mini at http://127.0.0.1:8000/v1"}


def test_a_role_takes_from_the_default_what_it_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "journeys.toml").write_text("""
[models.default]
model = "openai:small"
base_url = "http://127.0.0.1:8000/v1"
api_key = "hush"
timeout = 5
input_price = 1.0
output_price = 2.0
[models.judge]
model = "openai:large"
shaping = "text"
[models.expander]
timeout = 9
[models.agent]
model = ""
[models.fallback]
model = "openai:spare"
""")
    settings = Settings.load(tmp_path)
    judge, expander = model_for(Role.JUDGE, settings.models), model_for(Role.EXPANDER, settings.models)
    assert (judge.model, judge.timeout, judge.shaping) == ("openai:large", 5, Shaping.TEXT)
    assert (judge.base_url, judge.api_key, judge.input_price) == (None, None, None)
    assert (expander.model, expander.timeout, expander.api_key) == ("openai:small", 9, SecretStr("hush"))
    structured = open_structured(settings)
    assert [model.label for model in structured.models[Role.JUDGE]] == ["openai:large", "openai:spare"]
    assert not structured.has(Role.AGENT)
    namer = structured.models[Role.NAMER][0]
    assert (namer.limits.timeout, namer.limits.attempts, namer.price.output) == (5, 4, 2.0)
    assert "hush" not in str(settings.describe())


@pytest.mark.parametrize("spec", ["gpt-5", "openai:", ":x"])
def test_a_model_without_provider_is_refused_by_name(tmp_path: Path, spec: str) -> None:
    with pytest.raises(SettingsError, match=r"models\.namer\.model: is \"provider:model\""):
        Settings.load(tmp_path, models__namer__model=spec)


def test_an_address_with_a_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"models\.default\.base_url: carries a password") as caught:
        Settings.load(tmp_path, models__default__base_url="http://me:hush@host/v1")
    assert "hush" not in str(caught.value)


def test_kept_replies_lie_in_the_home_and_leave_no_byte_when_forgotten(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    cache = reply_cache(settings)
    cache.put(cache.key("m", "p", [], user_id="u1"), '{"name": "Secret garden"}')
    cache.put(cache.key("m", "p", [], user_id="u2"), '{"name": "Other"}')
    assert cache.forget("u1") == 1
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Secret garden" not in left
    assert b"Other" in left


def test_an_audit_file_gets_a_line_a_call_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit.jsonl"
    for _ in range(2):
        with AuditFile(path) as audit:
            audit(CALL)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 2
    assert lines[0].pop("at") <= lines[1]["at"]
    assert lines[0] == call_json(CALL)
    assert (lines[0]["user_id"], lines[0]["input_tokens"], lines[0]["parsed"]) == ("u1", 7, {})
    assert path.stat().st_mode & 0o077 == 0


def test_an_audit_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give --audit another file"):
        AuditFile(tmp_path)
