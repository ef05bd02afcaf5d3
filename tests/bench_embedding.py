"""Throughput of minilm against the bare runtime, in one run: `python -m tests.bench_embedding --texts 4000`.

The bare runtime is what one writes first: onnxruntime with its default options, texts sorted by length, padded batches
of 64. It is given tokens ready made and keeps nothing. Its vectors are wrong, because nothing masks the padding, but
its work is what it would be. The two take turns, and the best round of each counts: another program's load hits both.
"""

import argparse
import csv
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vectorstore.embeddings import open_embeddings
from vectorstore.minilm import FILE_NAME, MiniLM

WORDS = """
    wedding kitchen garden dress linen oak rustic modern small cheap ideas for a the how to sew paint plan trip japan
    nursery crochet sourdough cabinet tile balcony herbs marathon toddler birthday cake invitation vintage lamp boho
"""


def made_texts(count: int) -> list[str]:
    """Distinct phrases of 1 to 14 words, the same ones in every run."""
    chosen, words = random.Random(7), WORDS.split()
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[" ".join(chosen.choices(words, k=chosen.randint(1, 14)))] = None
    return list(texts)


def read_texts(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8", newline="") as rows:
        texts = list(dict.fromkeys(" ".join(row["text"].casefold().split()) for row in csv.DictReader(rows)))
    random.Random(7).shuffle(texts)
    return texts[:count]


def time_cached(texts: list[str], folder: Path) -> tuple[float, float]:
    """Seconds for new texts, and for the same texts again. folder: holds the model, but no vectors."""
    (folder / "minilm.sqlite").unlink(missing_ok=True)
    embeddings = open_embeddings(folder=folder)
    embeddings.embed(["load the model"])
    begin = time.perf_counter()
    embeddings.embed(texts)
    middle = time.perf_counter()
    embeddings.embed(texts)
    return middle - begin, time.perf_counter() - middle


def time_bare(texts: list[str], folder: Path) -> float:
    """Seconds for the runtime alone."""
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / FILE_NAME, providers=["CPUExecutionProvider"])
    tokens = sorted(MiniLM(folder)._tokenize(texts), key=len)
    batches = []
    for start in range(0, len(tokens), 64):
        chosen = tokens[start : start + 64]
        batch = np.zeros((len(chosen), len(chosen[-1])), dtype=np.int64)
        for row, ids in zip(batch, chosen, strict=True):
            row[: len(ids)] = ids
        batches.append(batch)
    session.run(None, {"input_ids": batches[0]})
    begin = time.perf_counter()
    for batch in batches:
        session.run(None, {"input_ids": batch})
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=4000)
    parser.add_argument("--file", type=Path, help="a CSV file with a column `text`; made phrases where none is given")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    texts = read_texts(given.file, given.texts) if given.file else made_texts(given.texts)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        MiniLM(folder).embed(["make the file"])
        rounds = [(*time_cached(texts, folder), time_bare(texts, folder)) for _ in range(given.rounds)]
    new, known, bare = (len(texts) / min(seconds) for seconds in zip(*rounds, strict=True))
    sys.stdout.write(
        f"{len(texts)} distinct texts, best of {given.rounds} rounds, texts a second\n"
        f"cached path, new texts     {new:10,.0f}\n"
        f"cached path, known texts   {known:10,.0f}\n"
        f"bare runtime               {bare:10,.0f}\n"
        f"new texts against bare     {new / bare:10.0%}\n"
    )


if __name__ == "__main__":
    main()
