"""Homes and logs for tests of the whole program, and an embedding that needs no model."""

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from assistant import cli, demo
from assistant.assistant import JourneyAssistant
from assistant.settings import Settings
from chains.journeys import Journey
from vectorstore.embedding_cache import EmbeddingCache
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.minilm import FILE_NAME
from vectorstore.minilm_file import make_model_file
from vectorstore.store import Vectors

COLUMNS = ("user_id", "timestamp", "kind", "text", "item_id", "board", "annotations")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DIMENSION = 48

#: Words of four interests, for made users.
TOPICS = {
    "wedding": ("wedding venue", "lace veil", "wedding cake", "bridal bouquet", "first dance songs", "seating chart"),
    "kitchen": ("kitchen cabinets", "quartz worktop", "kitchen tiles", "pantry shelves", "oven hood", "sink taps"),
    "garden": ("raised beds", "tomato seedlings", "compost bin", "garden path", "rose pruning", "rain barrel"),
    "sewing": ("sewing patterns", "zip insertion", "linen dress", "serger thread", "quilt binding", "bias tape"),
}


class WordModel:
    """A text is the sum of the directions that its words stand for, so that texts which share words are near."""

    model = "words"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        self.texts += texts
        rows = np.stack([np.sum([_direction(word) for word in text.split()], axis=0) for text in texts])
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        yield np.arange(len(texts)), rows.astype(np.float32)


def _direction(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).normal(size=DIMENSION)


def word_embeddings(folder: Path) -> CachedEmbeddings:
    """WordModel with a cache in the folder."""
    return CachedEmbeddings(WordModel(), EmbeddingCache(folder / "words.sqlite", "words"))


class MadeAssistant(JourneyAssistant):
    """A JourneyAssistant that embeds with WordModel."""

    @cached_property
    def embeddings(self) -> CachedEmbeddings:
        return word_embeddings(self.settings.home / "embeddings")


def made(home: Path, store: str = "qdrant") -> MadeAssistant:
    return MadeAssistant(Settings(home=home, store=store))


@dataclass(frozen=True)
class Row:
    """A line of a log. day: after START, a whole number or not."""

    user_id: str
    text: str
    day: float = 0
    kind: str = "search"
    board: str = ""
    annotations: str = ""


def write_log(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            moment = (START + timedelta(days=row.day)).isoformat()
            writer.writerow((row.user_id, moment, row.kind, row.text, "", row.board, row.annotations))
    return path


def made_rows(user_id: str, *topics: str, day: float = 0) -> list[Row]:
    """Six searches of each topic, two a day."""
    return [
        Row(user_id, text, day + place // 2 + place / 100 + number / 10)
        for number, topic in enumerate(topics)
        for place, text in enumerate(TOPICS[topic])
    ]


def two_of_each(count: int) -> list[Row]:
    """Many users, each with two topics and a text more; few users have the same ones."""
    names = list(TOPICS)
    rows = []
    for number in range(count):
        user_id, day = f"user-{number:04d}", number % 9
        first, second = names[number % 4], names[(number + 1 + number // 4 % 3) % 4]
        rows += made_rows(user_id, first, second, day=day)
        rows.append(Row(user_id, f"{first} idea {number % 50}", day + 3))
    return rows


def without_run(journey: Journey) -> Journey:
    """The journey as inferred, whichever run stored it."""
    return journey.model_copy(update={"run_id": ""})


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Ran:
    """The command line in this process, from the entry point on, as a shell would see it."""
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["journeys", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    shown = capsys.readouterr()
    code = ended.value.code
    return Ran(code if isinstance(code, int) else 0, shown.out, shown.err)


def failed(ran: Ran, code: int = 1) -> str:
    """The one line of a command that failed, which printed nothing else."""
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.endswith("\n")
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("journeys: ")
    return ran.err.removeprefix("journeys: ").strip()


@pytest.fixture(name="words")
def words_fixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command line embeds with WordModel, and runs in an empty folder without settings of this machine."""
    monkeypatch.setattr("assistant.home.open_embeddings", lambda spec, *, folder, **others: word_embeddings(folder))
    monkeypatch.setattr("assistant.doctor.open_embeddings", lambda spec, *, folder, **others: word_embeddings(folder))
    for name in [name for name in os.environ if name.startswith("JOURNEYS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


#: What the command line is tried on: two users with journeys and one without.
ROWS = [*made_rows("ann", "wedding", "kitchen"), *made_rows("bob", "garden"), Row("cat", "one thing")]


@pytest.fixture(name="log")
def log_fixture(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.csv", ROWS)


@pytest.fixture(name="home")
def home_fixture(words: None, tmp_path: Path, log: Path) -> Path:
    """A home in which the log was read and inferred."""
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        assistant.infer()
    return tmp_path / "home"


@pytest.fixture(scope="session", name="shared")
def shared_fixture(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all test processes of this run share; what is made in it is made under a lock."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", name="model_file")
def model_file_fixture(shared: Path) -> Path:
    """The model file of minilm, made once."""
    path = shared / FILE_NAME
    make_model_file(path)
    return path


def minilm_home(home: Path, model_file: Path) -> Path:
    """A new home that has the model file already, which takes a second or two to make."""
    (home / "embeddings").mkdir(parents=True)
    os.link(model_file, home / "embeddings" / FILE_NAME)
    return home


@pytest.fixture(scope="session", name="sample_home")
def sample_home_fixture(shared: Path, model_file: Path) -> Path:
    """The sample users, read, indexed and inferred with the default settings, once; not to be written to."""
    home, done = shared / "sample-home", shared / "sample-home.done"
    with FileLock(shared / "sample-home.lock"):
        if not done.exists():
            minilm_home(home, model_file)
            with JourneyAssistant(Settings(home=home)) as assistant:
                log = demo.write_log(home / "sample.csv")
                read = assistant.ingest([log])
                assistant.infer(as_of=demo.AS_OF)
            done.write_text(f"{read.new} {read.rejected}")
    return home
