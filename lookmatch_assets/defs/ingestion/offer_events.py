"""Tells Dagster what the consumer landed, as runless events of the asset ``offers``.

The consumer writes offers itself, within seconds of a push; these events show in the UI how fresh they are and what became of the
packets, duplicates included. They are sent from a thread of their own at most every ``EVERY_SECONDS``: landing waits for none.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lookmatch_assets.feeds.landing import Counts, CountsByFeed

if TYPE_CHECKING:
    from dagster import DagsterInstance

EVERY_SECONDS = 5.0
ASSET = "offers"

logger = logging.getLogger(__name__)


class OfferEvents:
    """Gathers counts of landed batches and sends them.

    Args:
        instance: where the events go.
    """

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance
        self._lock = threading.Lock()
        self._gathered: CountsByFeed = {}
        self._ended = threading.Event()

    def note(self, counts: CountsByFeed) -> None:
        """Add a batch; see ``Consumer.on_landed``."""
        with self._lock:
            for feed, one in counts.items():
                self._gathered.setdefault(feed, Counts()).add(one)

    def send(self) -> bool:
        """Send what was gathered since the last time as one event; False when there was nothing."""
        import dagster as dg

        from lookmatch_assets.defs.metadata import markdown_table

        with self._lock:
            gathered, self._gathered = self._gathered, {}
        if not gathered:
            return False
        total = Counts()
        total.add_all(gathered)
        rows: list[dict[str, Any]] = [
            {"market": feed.market or "-", "vendor": feed.vendor or "unreadable", **vars(one)} for feed, one in gathered.items()
        ]
        metadata: dict[str, Any] = {
            **vars(total),
            "by_feed": dg.MetadataValue.md(markdown_table(rows)),
            "fresh_as_of": dg.MetadataValue.timestamp(datetime.now(UTC)),
        }
        self._instance.report_runless_asset_event(dg.AssetMaterialization(ASSET, metadata=metadata))
        return True

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send now and then while the block runs, and once more at its end; a failure is logged and stops nothing."""
        sender = threading.Thread(target=self._send_until_ended, name="offer-events", daemon=True)
        sender.start()
        try:
            yield
        finally:
            self._ended.set()
            sender.join(EVERY_SECONDS)

    def _send_until_ended(self) -> None:
        while True:
            ended = self._ended.wait(EVERY_SECONDS)
            try:
                self.send()
            except Exception:  # Dagster's storage may be away; these counts are lost to the UI, what landed is not
                logger.exception("what landed could not be told to Dagster")
            if ended:
                return


@contextmanager
def offer_events() -> Iterator[OfferEvents | None]:
    """Events to the Dagster instance that DAGSTER_HOME names, as ``lookmatch up`` sets it; None without one."""
    if not os.environ.get("DAGSTER_HOME"):
        yield None
        return
    from dagster import DagsterInstance

    with DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        events = OfferEvents(instance)
        with events.sending():
            yield events
