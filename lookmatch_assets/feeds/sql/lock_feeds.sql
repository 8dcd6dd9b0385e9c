-- One transaction at a time lands packets of a feed (market and vendor): whether a packet says something new depends on those before it.
SELECT pg_advisory_xact_lock(hashtext('lookmatch.landing'), hashtext(feed)) FROM unnest(%(feed)s::text[]) AS named (feed)
