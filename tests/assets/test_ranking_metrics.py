"""Ranking metrics equal trec_eval's, ties included."""

from __future__ import annotations

import math
import random

import pytest
import pytrec_eval

from lookmatch_assets.studies.ranking_metrics import query_metrics, ranking_metrics

THEIRS = {"R@1": "recall_1", "R@10": "recall_10", "P@1": "P_1", "P@10": "P_10", "MRR": "recip_rank", "nDCG@10": "ndcg_cut_10"}


def test_random_cases_with_many_ties_equal_trec_eval() -> None:
    draw = random.Random(4)
    judged = {f"q{i}": {f"p{j:02d}": draw.randint(0, 3) for j in draw.sample(range(40), 25)} for i in range(30)}
    run = {q: {f"p{j:02d}": float(draw.randint(0, 4)) for j in draw.sample(range(40), 20)} for q in judged}
    asked = {"recall.1,10", "P.1,10", "recip_rank", "ndcg_cut.10"}
    reference = pytrec_eval.RelevanceEvaluator(judged, asked).evaluate(run)
    ours = query_metrics(judged, run)
    for query, theirs in reference.items():
        for name, other in THEIRS.items():
            assert ours.loc[query, name] == pytest.approx(theirs[other], abs=1e-6), (query, name)
        top = sorted(run[query], key=lambda p: (run[query][p], p), reverse=True)[:10]
        assert ours.loc[query, "judged@10"] == pytest.approx(sum(p in judged[query] for p in top) / 10, abs=1e-6)


def test_a_case_by_hand() -> None:
    judged = {"a": {"x": 3, "y": 1, "z": 0}, "b": {"x": 1}}
    run = {"a": {"z": 0.9, "x": 0.5, "y": 0.5}}
    told = ranking_metrics(judged, run)
    ideal = 3 + 1 / math.log2(3)
    assert told["MRR"] == pytest.approx(0.5 / 2)
    assert told["nDCG@10"] == pytest.approx((1 / math.log2(3) + 3 / 2) / ideal / 2)
    assert told["AvgRecall"] == pytest.approx((0 + 1) / 2 / 2)
    with pytest.raises(ValueError, match="no query"):
        ranking_metrics({}, {})
