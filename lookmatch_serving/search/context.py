"""One search on its way through the four stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.search.models.filters import LayerCandidates
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.products import Candidate, Product
from lookmatch_serving.search.models.protocols import Grader
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.ranking import RankedLayer
from lookmatch_serving.search.models.request import AppliedPreference, SearchRequest
from lookmatch_serving.search.models.sizes import SizeChart
from lookmatch_serving.search.runtime.deadline import Deadline
from lookmatch_serving.search.runtime.trace import Trace


@dataclass(frozen=True)
class RetrievedProducts:
    """What retrieval gives, all of it from one state of the market.

    Attributes:
        layers: layer -> its candidates in order of retrieval, and the filters that they passed.
        products: product id -> product.
        vectors: product id -> unit vector (d,); empty where nothing was cut out of the look.
        grader: grades the hits.
        size_chart: of the catalogue; empty where no size system was asked for.
    """

    layers: Mapping[str, LayerCandidates]
    products: Mapping[str, Product]
    vectors: Mapping[str, Vectors]
    grader: Grader
    size_chart: SizeChart = ()

    def candidates(self, layer: str) -> list[Candidate]:
        """Candidates of a layer in order of retrieval; none for a layer that was not searched."""
        return self.layers[layer].candidates if layer in self.layers else []


@dataclass(frozen=True)
class SearchContext:
    """A search: each stage takes it and gives it on with what the stage found.

    Attributes:
        request: what is asked.
        look: the picture.
        index: which answers the market.
        encoder: that the index was made with.
        deadline: of the request.
        trace: notes of the request.
        preferences: of the shopper, as they apply to the request.
        queries: of stage 1, one a layer.
        segments: of stage 2; layer -> unit vector (d,) of the cut-out garment.
        query_vectors: of stage 2; unit rows (n, d), one a query; None where there is no query.
        retrieved: of stage 3.
        ranked: of stage 4; layer -> its candidates in final order.
    """

    request: SearchRequest
    look: Look
    index: LiveIndex
    encoder: Encoder
    deadline: Deadline
    trace: Trace
    preferences: Sequence[AppliedPreference] = ()
    queries: Sequence[LayerQuery] = ()
    segments: Mapping[str, Vectors] = field(default_factory=dict)
    query_vectors: Vectors | None = None
    retrieved: RetrievedProducts | None = None
    ranked: Mapping[str, RankedLayer] = field(default_factory=dict)

    @property
    def found(self) -> RetrievedProducts:
        """What retrieval gave.

        Raises:
            LookupError: retrieval has not run yet.
        """
        if self.retrieved is None:
            raise LookupError("retrieval has not run yet")
        return self.retrieved
