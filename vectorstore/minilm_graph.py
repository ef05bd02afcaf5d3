"""Builds the ONNX graph of all-MiniLM-L6-v2 from its published weights, so that no torch is needed to run it.

The architecture is BERT (Devlin et al. 2019) with six layers, 12 heads and 384 dimensions, then mean pooling and
L2 normalization as in Sentence-BERT (Reimers and Gurevych 2019). There is no attention mask: the graph takes texts of
one token length at a time, so nothing is ever padded.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

LAYERS = 6
HEADS = 12
WIDTH = 384
MAX_TOKENS = 256
OPSET = 20
# Written into the file, so that runtimes older than the installed `onnx` still read it.
IR_VERSION = 9

Weights = Mapping[str, NDArray[np.float32]]


class _Graph:
    """Collects the nodes and constants of one graph, and names them."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, dtype=np.int64))

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def one(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self.node(operator, *inputs, **attributes)[0]


def build_graph(weights: Weights, metadata: Mapping[str, str]) -> bytes:
    """A serialized ONNX model: input_ids (n, length) int64 -> embedding (n, 384) float32, unit length.

    weights: the tensors of `model.safetensors` by name. length: at most 256 tokens, [CLS] and [SEP] included, the same
    for all n texts. metadata: kept in the file beside the graph.
    """
    graph = _Graph()
    hidden = _embed_tokens(graph, weights)
    for number in range(LAYERS):
        prefix = f"encoder.layer.{number}"
        hidden = _normalize(
            graph,
            graph.one("Add", hidden, _attend(graph, weights, prefix, hidden)),
            weights,
            f"{prefix}.attention.output",
        )
        hidden = _normalize(
            graph, graph.one("Add", hidden, _feed(graph, weights, prefix, hidden)), weights, f"{prefix}.output"
        )
    _pool(graph, hidden)
    return _serialize(graph, metadata)


def _embed_tokens(graph: _Graph, weights: Weights) -> str:
    """Token, position and segment embeddings -> (n * length, 384). All texts are of segment 0."""
    words = graph.one("Gather", graph.constant(weights["embeddings.word_embeddings.weight"]), "input_ids")
    places = (
        weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    length = graph.one("Shape", "input_ids", start=1, end=2)
    sliced = graph.one("Slice", graph.constant(places), graph.integers(0), length, graph.integers(0))
    summed = graph.one("Reshape", graph.one("Add", words, sliced), graph.integers(-1, WIDTH))
    return _normalize(graph, summed, weights, "embeddings")


def _attend(graph: _Graph, weights: Weights, prefix: str, hidden: str) -> str:
    """Self-attention of one layer. Query, key and value are one multiplication; the scale is part of the query."""
    scale = np.float32((WIDTH // HEADS) ** -0.5)
    parts = [
        (weights[f"{prefix}.attention.self.{name}.weight"], weights[f"{prefix}.attention.self.{name}.bias"])
        for name in ("query", "key", "value")
    ]
    parts[0] = (parts[0][0] * scale, parts[0][1] * scale)
    matrix = graph.constant(np.concatenate([weight for weight, _ in parts]).T)
    joined = graph.one("Gemm", hidden, matrix, graph.constant(np.concatenate([bias for _, bias in parts])))
    size = graph.one("Concat", graph.one("Shape", "input_ids"), graph.integers(3 * HEADS, WIDTH // HEADS), axis=0)
    heads = graph.one("Transpose", graph.one("Reshape", joined, size), perm=[0, 2, 1, 3])
    query, key, value = graph.node("Split", heads, outputs=3, axis=1, num_outputs=3)
    scores = graph.one("MatMul", query, graph.one("Transpose", key, perm=[0, 1, 3, 2]))
    mixed = graph.one("MatMul", graph.one("Softmax", scores, axis=-1), value)
    flat = graph.one("Reshape", graph.one("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(-1, WIDTH))
    return _dense(graph, flat, weights, f"{prefix}.attention.output.dense")


def _feed(graph: _Graph, weights: Weights, prefix: str, hidden: str) -> str:
    wide = graph.one("Gelu", _dense(graph, hidden, weights, f"{prefix}.intermediate.dense"))
    return _dense(graph, wide, weights, f"{prefix}.output.dense")


def _dense(graph: _Graph, hidden: str, weights: Weights, name: str) -> str:
    matrix, bias = graph.constant(weights[f"{name}.weight"].T), graph.constant(weights[f"{name}.bias"])
    return graph.one("Gemm", hidden, matrix, bias)


def _normalize(graph: _Graph, hidden: str, weights: Weights, name: str) -> str:
    scale = graph.constant(weights[f"{name}.LayerNorm.weight"])
    bias = graph.constant(weights[f"{name}.LayerNorm.bias"])
    return graph.one("LayerNormalization", hidden, scale, bias, axis=-1, epsilon=1e-12)


def _pool(graph: _Graph, hidden: str) -> None:
    """The mean over tokens is a multiplication: ReduceMean sums in another order where n is 1, and the bits differ."""
    size = graph.one("Concat", graph.one("Shape", "input_ids"), graph.integers(WIDTH), axis=0)
    length = graph.one("Shape", "input_ids", start=1, end=2)
    count = graph.one("Cast", length, to=TensorProto.FLOAT)
    share = graph.one("Expand", graph.one("Reciprocal", count), graph.one("Concat", graph.integers(1), length, axis=0))
    mean = graph.one("MatMul", share, graph.one("Reshape", hidden, size))
    flat = graph.one("Squeeze", mean, graph.integers(1))
    graph.nodes.append(helper.make_node("LpNormalization", [flat], ["embedding"], axis=-1, p=2))


def _serialize(graph: _Graph, metadata: Mapping[str, str]) -> bytes:
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "length"])]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", WIDTH])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="journey-assistant",
    )
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model)
    return bytes(model.SerializeToString())
