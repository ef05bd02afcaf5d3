"""all-MiniLM-L6-v2 on onnxruntime: 384 dimensions, no torch, no download."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectorstore.errors import EmbeddingError
from vectorstore.store import Vectors

DIMENSION = 384
MAX_TOKENS = 256
# The number rises whenever the graph changes, so that an older file is never taken for a newer one.
FILE_NAME = "all-MiniLM-L6-v2.2.onnx"
# Measured: up to here a batch gains from sharing the weights, beyond it nothing, and memory grows.
BATCH_TOKENS = 1024
# Texts that are sorted by length at once; bounds memory, and lets progress come evenly.
WINDOW = 16_384
# A sentence of the model's own documentation and the first values of its vector, as sentence-transformers gives them.
SAMPLE = "This is an example sentence"
SAMPLE_VALUES = (0.06765693, 0.06349593, 0.04871314, 0.07930495, 0.03744806, 0.00265273)

Places = NDArray[np.int64]


class MiniLM:
    """The model. It is loaded at the first text, from a file in `folder` that is made there once."""

    model = "minilm"
    dimension = DIMENSION

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """threads: how many batches are computed at once; by default one for each core that this process may use."""
        self._folder = folder
        self._threads = threads or _cores()

    def load(self) -> None:
        """Reads the file now. Raises EmbeddingError where it is missing or damaged."""
        assert self._loaded

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), 384) float32, unit length, in the order of the texts. Tokens after the 256th do not count."""
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for places, rows in self.encode(texts):
            vectors[places] = rows
        return vectors

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[Places, Vectors]]:
        """Batches as they are done: the places of the batch in `texts`, and its vectors (k, 384) float32, unit length.

        On one machine a text's vector is the same to the last bit whatever else is embedded with it, in whichever order
        and by however many threads. For that, a batch holds texts of one token length, so that nothing is padded, and a
        batch is computed by one thread, so that no sum is split differently; threads take different batches.
        """
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(texts), WINDOW):
                tokens = self._tokenize(texts[start : start + WINDOW])
                for places, rows in pool.map(self._run, _batches(tokens)):
                    yield places + start, rows

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._loaded[1].encode_batch_fast(list(texts))]

    def _run(self, batch: tuple[Places, NDArray[np.int64]]) -> tuple[Places, Vectors]:
        places, tokens = batch
        return places, self._loaded[0].run(["embedding"], {"input_ids": tokens})[0]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """The onnxruntime session and the tokenizer. Raises EmbeddingError where the file is missing or damaged."""
        path = self._folder / FILE_NAME
        if not path.exists():
            # Needed once in the life of a folder, and it imports `onnx`.
            from vectorstore.minilm_file import make_model_file  # noqa: PLC0415

            make_model_file(path)
        # Both libraries send or start something of their own accord unless told before they are imported: onnxruntime
        # telemetry, tokenizers threads that complain when the process forks.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # A program whose texts are all cached never needs them.
        import onnxruntime  # noqa: PLC0415
        from onnxruntime.capi import onnxruntime_pybind11_state as faults  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_str(session.get_modelmeta().custom_metadata_map["tokenizer"])
            tokenizer.no_padding()
            tokenizer.enable_truncation(MAX_TOKENS)
            sample = np.array([tokenizer.encode(SAMPLE).ids], dtype=np.int64)
            values = session.run(["embedding"], {"input_ids": sample})[0][0, : len(SAMPLE_VALUES)]
        except (KeyError, faults.InvalidProtobuf, faults.InvalidGraph, faults.InvalidArgument, faults.Fail) as error:
            raise EmbeddingError(f"the model file {path} is damaged: delete it, it is made again") from error
        if not np.allclose(values, SAMPLE_VALUES, atol=1e-4):
            raise EmbeddingError(f"the model file {path} gives wrong vectors: delete it, it is made again")
        return session, tokenizer


def _batches(tokens: list[list[int]]) -> Iterator[tuple[Places, NDArray[np.int64]]]:
    """Texts of one length at a time, longest first: the last batches are short ones, so threads end together."""
    lengths = np.array([len(row) for row in tokens])
    for length in np.unique(lengths)[::-1]:
        places = np.flatnonzero(lengths == length)
        size = max(1, BATCH_TOKENS // int(length))
        for start in range(0, len(places), size):
            chosen = places[start : start + size]
            yield chosen, np.array([tokens[place] for place in chosen], dtype=np.int64)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
