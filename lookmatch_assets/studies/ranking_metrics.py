"""Ranking metrics without people, by ir-measures over trec_eval's own code.

AvgRecall and AvgP are those of Marqo's public fashion benchmark (github.com/marqo-ai/marqo-FashionCLIP): the means of recall,
and of precision, at 1 and at 10. Gains are graded attribute agreement; what trec_eval calls relevant is a gain of at least
``relevant_from``. Equal scores are ordered by product id, descending, as trec_eval does.
"""

from __future__ import annotations

from collections.abc import Mapping

import ir_measures
import pandas as pd
from ir_measures import RR, P, R, nDCG

Gains = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Mapping[str, float]]


def ranking_metrics(judged: Gains, run: Run, *, relevant_from: int = 1) -> dict[str, float]:
    """Means over queries: ``AvgRecall``, ``AvgP``, ``R@1``, ``R@10``, ``P@1``, ``P@10``, ``MRR``, ``nDCG@10`` and ``judged@10``.

    Args:
        judged: query -> product -> gain, a whole number from 0.
        run: query -> product -> score, higher is better; a judged query without an answer counts 0.
        relevant_from: least gain that counts as relevant.

    Raises:
        ValueError: nothing is judged.
    """
    per_query = query_metrics(judged, run, relevant_from=relevant_from)
    return {str(name): float(value) for name, value in per_query.mean().items()}


def query_metrics(judged: Gains, run: Run, *, relevant_from: int = 1) -> pd.DataFrame:
    """The same for each query: index query, a column a metric. See ``ranking_metrics``."""
    if not judged:
        raise ValueError("no query is judged")
    measures = {
        "R@1": R(rel=relevant_from) @ 1,
        "R@10": R(rel=relevant_from) @ 10,
        "P@1": P(rel=relevant_from) @ 1,
        "P@10": P(rel=relevant_from) @ 10,
        "MRR": RR(rel=relevant_from),
        "nDCG@10": nDCG @ 10,
    }
    names = {str(measure): name for name, measure in measures.items()}
    gains, scores = {q: dict(p) for q, p in judged.items()}, {q: dict(p) for q, p in run.items()}
    calculated = ir_measures.iter_calc(list(measures.values()), gains, scores)
    rows = [(one.query_id, names[str(one.measure)], one.value) for one in calculated]
    table = pd.DataFrame(rows, columns=["query", "metric", "value"]).pivot_table(index="query", columns="metric", values="value")
    table = table.reindex(index=list(judged), columns=list(measures)).fillna(0.0)
    table.insert(0, "AvgRecall", (table["R@1"] + table["R@10"]) / 2)
    table.insert(1, "AvgP", (table["P@1"] + table["P@10"]) / 2)
    table["judged@10"] = [_judged_share(products, run.get(query, {})) for query, products in judged.items()]
    return table


def _judged_share(judged: Mapping[str, int], scores: Mapping[str, float], k: int = 10) -> float:
    """Share of the first k places that hold a judged product (ir-measures' own breaks ties otherwise than trec_eval)."""
    first = sorted(scores, key=lambda product: (scores[product], product), reverse=True)[:k]
    return sum(product in judged for product in first) / k
