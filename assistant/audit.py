"""What was said to models and what they said, line by line in a file that only its owner reads."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from chains.call_records import CallRecord
from vectorstore.closing import Closing
from vectorstore.errors import InputError


class AuditFile(Closing):
    """JSONL, a line for each reply, added to what stands in the file. Use as a context manager.

    A line holds at (UTC), step, prompt_version, model, user_id, journeys, messages, reply, parsed, problem,
    input_tokens, output_tokens, cost, estimated, seconds, cached. It holds users' texts: forgetting a user doesn't
    reach a file that lies outside the home folder.
    """

    def __init__(self, path: Path) -> None:
        """Raises InputError where the file cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write {path} ({error.strerror}): give --audit another file") from error
        self._lock = Lock()

    def __call__(self, call: CallRecord) -> None:
        line = json.dumps(call_json(call) | {"at": datetime.now(UTC).isoformat()}, ensure_ascii=False)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()


def call_json(call: CallRecord) -> dict[str, object]:
    """A call as one flat object."""
    return {
        "step": call.step,
        "prompt_version": call.prompt_version,
        "model": call.model,
        "user_id": call.about.user_id,
        "journeys": list(call.about.journeys),
        "messages": [{"role": role, "text": text} for role, text in call.messages],
        "reply": call.reply,
        "parsed": json.loads(call.parsed) if call.parsed else None,
        "problem": call.problem,
        "input_tokens": call.usage.input_tokens,
        "output_tokens": call.usage.output_tokens,
        "cost": call.usage.cost,
        "estimated": bool(call.usage.estimated),
        "seconds": round(call.seconds, 3),
        "cached": call.cached,
    }
