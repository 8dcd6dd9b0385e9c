"""How far a long step is, as it is told."""

from __future__ import annotations

from lookmatch_assets.defs.progress import Progress


def test_progress_is_told_now_and_then_with_the_rate_and_the_time_left() -> None:
    said: list[str] = []
    told = Progress(said.append, "pictures read", 1_000, every_seconds=0.0)
    told.add(10)
    told.add(990)
    assert said[0].startswith("pictures read: 10 of 1,000, ")
    assert said[1].startswith("pictures read: 1,000 of 1,000, ")
    assert "left" not in said[1]


def test_progress_of_a_short_step_says_nothing() -> None:
    said: list[str] = []
    Progress(said.append, "pictures read", 3).add(3)
    assert said == []
