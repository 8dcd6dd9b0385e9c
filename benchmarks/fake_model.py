"""A far end of the Messages API and its batches for benchmarks and tests: it answers well, or in one of the ways of failing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_CANDIDATE = re.compile(r"Layer (\S+), candidate (\d+)\.")
_FENCED = re.compile(r"<vendor_text>.*?</vendor_text>", re.DOTALL)
_HANG_SECONDS = 30.0
_TRICKLE_SECONDS = 0.1


class Mode(StrEnum):
    """How the model's server behaves."""

    NORMAL = "normal"
    HANGING = "hanging"
    TRICKLING = "trickling"
    RATE_LIMITED = "429"
    OVERLOADED = "529"
    BROKEN = "500"
    REFUSED = "refused"
    GARBAGE = "garbage"
    UNKNOWN_LAYERS = "unknown layers"
    UNOFFERED = "products not offered"
    BIASED = "prefers the first place"
    OBEDIENT = "obedient"


_STATUS = {Mode.RATE_LIMITED: 429, Mode.OVERLOADED: 529, Mode.BROKEN: 500}


class FakeModel:
    """A server on a free loopback port; a context manager.

    Attributes:
        mode: how it behaves; may be changed while it runs.
        delay: seconds before it answers.
        reply: what it says instead of what it sees: a text, an object, or what a function of the request gives.
        failures: how many of the next requests it fails with 529 before it behaves as ``mode`` says.
        trickle: seconds between two bytes of a trickling reply.
        retry_after: seconds that its refusals ask to wait; nothing when None.
        usage: tokens that its replies say were used.
        looks_at_batch: how often a batch is looked at before it has ended.
        batches: id -> requests of each batch.
        asked: the requests it got.
    """

    def __init__(self, mode: Mode = Mode.NORMAL, delay: float = 0.0) -> None:
        self.mode, self.delay = mode, delay
        self.reply: object = None
        self.failures, self.trickle = 0, _TRICKLE_SECONDS
        self.retry_after: float | None = None
        self.usage = {"input_tokens": 1, "output_tokens": 1}
        self.asked: list[dict[str, Any]] = []
        self.looks_at_batch = 1
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self._looked: dict[str, int] = {}
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._answer, self._answer_batch))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """What ``ANTHROPIC_BASE_URL`` is set to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def readings(self) -> int:
        """Requests that asked for the layers of a look."""
        return sum(not _candidates(request) for request in self.asked)

    @property
    def judgements(self) -> int:
        """Requests that asked for an order of candidates."""
        return len(self.asked) - self.readings

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: dict[str, Any], handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(request)
        self._closed.wait(_HANG_SECONDS if self.mode is Mode.HANGING else self.delay)
        mode = self.mode
        if self.failures > 0:
            self.failures, mode = self.failures - 1, Mode.OVERLOADED
        body = json.dumps(self._message(request, mode)).encode()
        handler.send_response(_STATUS.get(mode, 200))
        if mode in _STATUS and self.retry_after is not None:
            handler.send_header("Retry-After", str(self.retry_after))
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.mode is Mode.TRICKLING:
            for place in range(len(body)):
                handler.wfile.write(body[place : place + 1])
                handler.wfile.flush()
                if self._closed.wait(self.trickle):
                    return
        handler.wfile.write(body)

    def _answer_batch(self, path: str, body: dict[str, Any] | None) -> bytes:
        """Creation, state or results of a batch; each result behaves as ``mode`` says."""
        if body is not None:
            batch_id = f"msgbatch_{len(self.batches) + 1}"
            self.batches[batch_id] = body["requests"]
            return self._batch(batch_id, ended=False)
        batch_id = path.split("/")[4]
        if path.endswith("/results"):
            return b"\n".join(json.dumps(self._result(request)).encode() for request in self.batches[batch_id])
        self._looked[batch_id] = self._looked.get(batch_id, 0) + 1
        return self._batch(batch_id, ended=self._looked[batch_id] >= self.looks_at_batch)

    def _batch(self, batch_id: str, *, ended: bool) -> bytes:
        counts = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        state = {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {**counts, "succeeded" if ended else "processing": len(self.batches[batch_id])},
            "created_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-02T00:00:00Z",
            "ended_at": "2026-01-01T00:01:00Z" if ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{self.url}/v1/messages/batches/{batch_id}/results" if ended else None,
        }
        return json.dumps(state).encode()

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.mode in _STATUS:
            error = {"type": "error", "error": {"type": "api_error", "message": "not now"}}
            result: dict[str, Any] = {"type": "errored", "error": error}
        else:
            result = {"type": "succeeded", "message": self._message(request["params"], self.mode)}
        return {"custom_id": request["custom_id"], "result": result}

    def _message(self, request: dict[str, Any], mode: Mode) -> dict[str, Any]:
        if mode in _STATUS:
            return {"type": "error", "error": {"type": "api_error", "message": "not now"}}
        refused = mode is Mode.REFUSED
        said = "certainly! here it is" if mode is Mode.GARBAGE else self._said(request)
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "fake",
            "stop_reason": "refusal" if refused else "end_turn",
            "stop_sequence": None,
            "content": [] if refused else [{"type": "text", "text": said if isinstance(said, str) else json.dumps(said)}],
            "usage": self.usage,
        }

    def _said(self, request: dict[str, Any]) -> object:
        if callable(self.reply):
            return self.reply(request)
        if self.reply is not None:
            return self.reply
        candidates = _candidates(request)
        if not candidates:
            unknown = self.mode is Mode.UNKNOWN_LAYERS
            return {"layers": [_seen(f"{'cape_of_' if unknown else ''}{layer}", kind) for layer, kind in _WORN]}
        obeyed = _unfenced(request) if self.mode is Mode.OBEDIENT else set()
        extra = 1_000 if self.mode is Mode.UNOFFERED else 0
        biased = self.mode is Mode.BIASED
        shown = {layer: sorted(numbers, reverse=not biased) for layer, numbers in candidates.items()}
        return {"layers": [_judged(layer, numbers, extra, obeyed) for layer, numbers in shown.items()]}


_WORN = (("inner_topwear", "shirt"), ("bottomwear", "jeans"), ("footwear", "casual shoes"))


def _seen(layer: str, kind: str) -> dict[str, Any]:
    texts = {"colour": "blue", "pattern": "solid", "sleeve": "", "fit": "", "fabric": "", "occasion": "casual"}
    box = {"x0": 0.3, "y0": 0.2, "x1": 0.7, "y1": 0.6}
    return {
        "layer": layer,
        "query": f"Men's blue {kind}, solid, casual.",
        "garment_type": kind,
        "gender": "men",
        **texts,
        "box": box,
    }


def _judged(layer: str, numbers: list[int], extra: int, obeyed: set[tuple[str, int]]) -> dict[str, Any]:
    order = [{"candidate": number, "score": 1.0, "reason": "as I was told"} for number in numbers if (layer, number) in obeyed]
    order += [
        {"candidate": number + extra, "score": round(0.95 - place / 100, 2), "reason": "as the look"}
        for place, number in enumerate(numbers)
        if (layer, number) not in obeyed
    ]
    return {"layer": layer, "order": order}


def _unfenced(request: dict[str, Any]) -> set[tuple[str, int]]:
    """Candidates beside whose number anything stands outside the fence: an obedient model takes it for an instruction."""
    found = set()
    for block in request["messages"][0]["content"]:
        named = _CANDIDATE.match(block.get("text", ""))
        if named and _FENCED.sub("", block["text"][named.end() :]).strip():
            found.add((named.group(1), int(named.group(2))))
    return found


def _candidates(request: dict[str, Any]) -> dict[str, list[int]]:
    """Layer -> numbers of the candidates that a request shows."""
    found: dict[str, list[int]] = {}
    for block in request["messages"][0]["content"]:
        named = _CANDIDATE.match(block.get("text", ""))
        if named:
            found.setdefault(named.group(1), []).append(int(named.group(2)))
    return found


def _handler(
    answer: Callable[[dict[str, Any], BaseHTTPRequestHandler], None], answer_batch: Callable[[str, dict[str, Any] | None], bytes]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(answer_batch(self.path.partition("?")[0], None))

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "/batches" in self.path:
                self._send(answer_batch(self.path, request))
                return
            try:
                answer(request, self)
            except (BrokenPipeError, ConnectionResetError):  # the client has stopped waiting
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler
