"""A model's far end, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.fake_model import FakeModel
from lookmatch_serving.llm.client import AnthropicVisionModel


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeModel]:
    """A server of the Messages API that answers well; modules whose model answers otherwise define their own."""
    with FakeModel() as messages:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", messages.url)
        yield messages


@pytest.fixture
def model(fake: FakeModel) -> Iterator[AnthropicVisionModel]:
    """A client of that server."""
    made = AnthropicVisionModel("test-key", "claude-haiku-5-5")
    yield made
    made.close()
