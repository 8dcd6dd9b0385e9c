"""Packets that say again what their product's packet before them says, without being stored again."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

RESTATEMENTS = """
ALTER TABLE landing.packets ADD COLUMN listed_at timestamptz, ADD COLUMN words_at timestamptz;
COMMENT ON COLUMN landing.packets.listed_at IS
    'When the feed that lists the record was written, where that is later than event_time.';
COMMENT ON COLUMN landing.packets.words_at IS
    'When the product changed, by the packet, where it counts as of a listing that brought the product back; else null.';
CREATE INDEX packets_brought_back ON landing.packets (product_id, event_time DESC, packet_key DESC) WHERE words_at IS NOT NULL;

CREATE TABLE landing.restatements (
    packet_key bigint PRIMARY KEY,
    said_at    timestamptz NOT NULL,
    listed_at  timestamptz
);
COMMENT ON TABLE landing.restatements IS
    'Until when a packet was said again in the same words: the latest time of those packets, and of the feeds that listed them. '
    'Without a foreign key, whose check would write to the packet''s row; packets are never deleted.';
"""

QUARANTINE = """
ALTER TABLE landing.quarantine ADD COLUMN said text, ADD COLUMN event_time timestamptz;
COMMENT ON COLUMN landing.quarantine.said IS
    'Digest of what the packet says, whenever it says it; said again, it takes the row of the time before.';
COMMENT ON COLUMN landing.quarantine.event_time IS
    'As of when it is said, by the feed that lists the record or else the packet; null where its envelope is unreadable.';
UPDATE landing.quarantine SET said = packet_id WHERE stage = 'packet';
DROP INDEX landing.quarantine_once;
CREATE UNIQUE INDEX quarantine_once ON landing.quarantine (source, said, code) WHERE stage = 'packet';
"""


def upgrade() -> None:
    """Add the columns and the table."""
    op.execute(RESTATEMENTS)
    op.execute(QUARANTINE)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
