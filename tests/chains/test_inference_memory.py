"""The memory of one user with very many texts, taken in a process of its own."""

import os
import subprocess
import sys

TEXTS = 5_000
MOST_MB = 1_024

SCRIPT = f"""
import resource, sys
from datetime import UTC, datetime, timedelta
import numpy as np
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.keywords import extract_keywords
from vectorstore.activity import Activity, ActivityKind

random = np.random.default_rng(0)
start = datetime(2026, 1, 1, tzinfo=UTC)
events = [
    Activity("anna", start + timedelta(minutes=37 * n), ActivityKind.SEARCH, f"text {{n % {TEXTS}}}")
    for n in range({TEXTS} * 3 // 2)
]
keywords, models = extract_keywords(events), InferenceModels()
vectors = random.normal(size=(len(keywords), 384)).astype(np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
journeys = infer_journeys(keywords, vectors, events[-1].timestamp, InferenceOptions(), models)
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
texts = [text for journey in journeys for text in journey.texts]
assert len(keywords) == {TEXTS} and len(texts) == len(set(texts))
print(more * (1 if sys.platform == "darwin" else 1024) // 2**20)
"""


def test_a_user_with_five_thousand_texts_takes_less_than_one_gigabyte_more() -> None:
    # One thread: many small products on several threads that share a core take several times as long.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST_MB
