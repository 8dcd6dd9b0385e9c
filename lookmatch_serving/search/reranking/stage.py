"""Stage 4: candidates are ordered by the fallback chain, then what fits the shopper's preferences moves up."""

from __future__ import annotations

from dataclasses import replace

from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.reranking.fallback_chain import RankingFallbackChain
from lookmatch_serving.search.reranking.personalisation import followed


class Reranking:
    """Fills ``SearchContext.ranked``."""

    def __init__(self, chain: RankingFallbackChain) -> None:
        self.chain = chain

    def run(self, context: SearchContext) -> SearchContext:
        """Order the candidates of every layer."""
        with context.trace.stage("reranking"):
            return replace(context, ranked=followed(context, self.chain.rank(context)))
