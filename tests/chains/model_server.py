"""A small server on loopback that speaks OpenAI's protocol, with faults in turn."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

#: What may go wrong with a reply, on the wire or in it.
FAULTS = ("429", "500", "cut", "slow", "malformed", "schema", "refusal", "empty", "not_json")

Answering = Callable[[dict[str, Any]], str]
Calling = Callable[[dict[str, Any]], list[tuple[str, dict[str, Any]]]]


@dataclass
class ModelServer:
    """answering: from the request's JSON to the reply's text. faults: of each request in turn, over and over; "" is
    none. slow: seconds. unsupported: response_format and tools are answered with 400. Tokens are characters / 4.

    calling: which tools a reply calls, with what; [] for none. Without it, a request with tools has the first called
    with the reply's text as arguments. What is asked for as a stream is streamed, "cut" in the middle of it.
    """

    answering: Answering
    faults: Sequence[str] = ("",)
    slow: float = 5.0
    calling: Calling | None = None
    unsupported: Sequence[str] = ()
    requests: list[dict[str, Any]] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    url: str = ""
    lock: Lock = field(default_factory=Lock)


@contextmanager
def serving(server: ModelServer) -> Iterator[ModelServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            self._send(200, json.dumps({"object": "list", "data": [{"id": "local", "object": "model"}]}))

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                fault = server.faults[len(server.requests) % len(server.faults)]
                server.requests.append(request | {"authorization": self.headers.get("Authorization", "")})
            if unsupported := [each for each in server.unsupported if each in request]:
                self._send(400, json.dumps({"error": {"message": f"{unsupported[0]} is not supported here"}}))
            elif fault == "429":
                self._send(429, json.dumps({"error": {"message": "too many"}}), {"Retry-After": "0"})
            elif fault == "500":
                self._send(500, json.dumps({"error": {"message": "broken"}}))
            elif fault == "cut" and not request.get("stream"):
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "5000")
                self.end_headers()
                self.wfile.write(b'{"id": "x", "choices": [')
            elif fault == "not_json":
                self._send(200, "<html>busy</html>")
            else:
                if fault == "slow":
                    time.sleep(server.slow)
                self._answer(request, fault)

        def _answer(self, request: dict[str, Any], fault: str) -> None:
            text = server.answering(request)
            if fault == "malformed":
                text = text[: len(text) // 2]
            elif fault == "schema":
                text = '{"something": "else"}'
            elif fault in ("empty", "refusal"):
                text = ""
            read = sum(len(str(each["content"])) for each in request["messages"]) // 4
            written = len(text) // 4
            message: dict[str, Any] = {"role": "assistant", "content": text}
            if fault == "refusal":
                message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
            elif server.calling is not None:
                message["tool_calls"] = [
                    {"id": f"c{len(server.requests)}-{place}", "index": place, "type": "function",
                     "function": {"name": name, "arguments": json.dumps(given)}}
                    for place, (name, given) in enumerate(server.calling(request))
                ]  # fmt: skip
                written += sum(len(call["function"]["arguments"]) for call in message["tool_calls"]) // 4
            elif request.get("tools"):
                name = request["tools"][0]["function"]["name"]
                call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": text}}
                message = {"role": "assistant", "content": None, "tool_calls": [call]}
            usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = {"id": "x", "object": "chat.completion", "created": 0, "model": request["model"],
                    "choices": [choice], "usage": usage}  # fmt: skip
            if fault != "slow":
                with server.lock:
                    server.input_tokens += read
                    server.output_tokens += written
            if request.get("stream"):
                self._stream(body, message, fault, with_usage=bool(request.get("stream_options")))
            else:
                self._send(200, json.dumps(body))

        def _stream(self, body: dict[str, Any], message: dict[str, Any], fault: str, *, with_usage: bool) -> None:
            """A word a chunk, then the calls of tools, then the tokens where they are asked for."""
            deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
            deltas += [{"content": piece} for piece in re.findall(r"\S+\s*", message["content"] or "")]
            deltas += [{"refusal": message["refusal"]}] if message.get("refusal") else []
            deltas += [{"tool_calls": message["tool_calls"]}] if message.get("tool_calls") else []
            events: list[dict[str, Any]] = [
                {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
            ]
            events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            if with_usage:
                events.append({"choices": [], "usage": body["usage"]})
            if fault == "cut":
                events = events[: len(events) // 2]
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            if fault == "cut":
                self.send_header("Content-Length", "100000")
            self.end_headers()
            head: dict[str, Any] = {key: body[key] for key in ("id", "created", "model")}
            head["object"] = "chat.completion.chunk"
            try:
                for event in events:
                    self.wfile.write(f"data: {json.dumps(head | event)}\n\n".encode())
                    self.wfile.flush()
                if fault != "cut":
                    self.wfile.write(b"data: [DONE]\n\n")
            except (BrokenPipeError, ConnectionResetError):
                return  # Whoever asked no longer waits.

        def _send(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # Whoever asked no longer waits.

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_port}/v1"
    thread = Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
