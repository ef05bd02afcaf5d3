"""What the plan for many users needs beside runs: `python -m tests.bench_plan --figures docs/scale_figures.json`.

Tokens of names by a model, and the bytes of the keyword store. Users are those of `tests.bench_scale`; the model is a
server on loopback that answers each journey with a name and a description of the length that is asked for. Tokens are
characters / 4, which is near for English text and not exact.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Tests find each other by name, as pytest has it.
_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE / "chains")]
from bench_scale import PROGRAM, journeys, made_rows  # noqa: E402
from model_server import ModelServer, serving  # noqa: E402
from scripted_model import DATA  # noqa: E402

USERS = 1_000
_DESCRIPTION_WORDS = 18


@dataclass(frozen=True, slots=True)
class NameTokens:
    """Of a user with journeys. calls: requests to the model."""

    users: int
    calls: float
    input_tokens: float
    output_tokens: float


def answer(request: dict[str, Any]) -> str:
    """A name and a sentence for each journey, out of its own keywords."""
    found = next(match for each in request["messages"] if (match := DATA.search(str(each["content"]))))
    return json.dumps({"names": [_named(each) for each in json.loads(found[1])["journeys"]]})


def _named(journey: dict[str, Any]) -> dict[str, Any]:
    words = " ".join(text for text, _ in journey["keywords"]).split()
    return {
        "journey": journey["journey"],
        "name": f"Planning {journey['keyword_name']}",
        "description": f"Ideas about {' '.join(words[:_DESCRIPTION_WORDS])}.",
        "intent": "plan",
        "context": "",
    }


def measured(folder: Path, users: int = USERS) -> dict[str, Any]:
    """folder: an empty one. Returns the names' tokens, and bytes of the keyword store a user."""
    import pyarrow.parquet as pq

    from assistant.library import Library

    home, log = folder / "home", folder / "log.parquet"
    pq.write_table(made_rows(range(users)), log)
    journeys(home, "ingest", str(log))
    store = sum(each.stat().st_blocks * 512 for each in (home / "store").rglob("*") if each.is_file())
    with serving(ModelServer(answer)) as server:
        told = {"MODEL": "openai:local", "BASE_URL": server.url, "INPUT_PRICE": "0", "OUTPUT_PRICE": "0"}
        models = {f"JOURNEYS_MODELS__DEFAULT__{name}": value for name, value in told.items()}
        words = [*PROGRAM, "--home", str(home), "infer", "--json"]
        done = subprocess.run(
            words, env=os.environ | {"OPENAI_API_KEY": "none"} | models, check=True, capture_output=True, text=True
        )
        [used] = json.loads(done.stdout)["usage"]
    with Library(f"sqlite:///{home / 'library.sqlite'}") as opened:
        named = sum(1 for state in opened.states() if state.journeys)
    tokens = NameTokens(named, *(used[each] / named for each in ("calls", "input_tokens", "output_tokens")))
    return {"names": asdict(tokens), "store_bytes": store / users}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path, help="put what was measured into this file of figures as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-plan-") as name:
        found = measured(Path(name))
    if given.figures:
        whole = json.loads(given.figures.read_text(encoding="utf-8")) | found
        given.figures.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
