"""Curves from labelled pairs, what serving makes of them, and the truth they are fitted to."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from lookmatch_assets.calibration.agreement import Garment, agreement
from lookmatch_assets.calibration.curves import fit_curve, fit_curves, held_out, reliability_of
from lookmatch_assets.calibration.looks import labelled_looks, outfits_of
from lookmatch_assets.calibration.pairs import Pair
from lookmatch_assets.calibration.plots import reliability_plot
from lookmatch_assets.calibration.store import fitted_on, replace_curves
from lookmatch_assets.vectors.tables import VectorTable
from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.reranking.grading import (
    ALL_CATEGORIES,
    MatchCurve,
    calibrated_grading,
    read_grading,
    uncalibrated_grading,
)

TABLE = VectorTable("lookmatch-mini", "colour-1", 8, "IN")


def garment(product_id="p", **changes) -> Garment:
    known = {
        "category": "shirt", "layer": "inner_topwear", "gender": "men", "colour_family": "blue", "pattern": "solid",
        "sleeve": "long", "digest": product_id,
    }  # fmt: skip
    return Garment(product_id=product_id, **{**known, **changes})


def simulated(looks: int, seed: int = 5) -> list[Pair]:
    """Pairs whose chance of being similar is the score, of being close its square, of being exact its cube."""
    numbers = np.random.default_rng(seed)
    pairs = []
    for look in range(looks):
        for score, luck in zip(numbers.random(30), numbers.random(30), strict=True):
            truths = ((score**3, MatchGrade.EXACT), (score**2, MatchGrade.CLOSE), (score, MatchGrade.SIMILAR))
            truth = next((grade for chance, grade in truths if luck < chance), MatchGrade.NONE)
            pairs.append(Pair(look, Ranker.SEGMENT, "shirt" if look % 2 else "jeans", float(score), truth))
    return pairs


def test_attributes_say_how_far_two_products_agree():
    worn = garment()
    assert agreement(worn, garment("q")) == MatchGrade.EXACT
    assert agreement(worn, garment("q", sleeve=None, gender="unisex")) == MatchGrade.EXACT
    assert agreement(worn, garment("q", pattern="striped")) == MatchGrade.CLOSE
    assert agreement(worn, garment("q", colour_family="red")) == MatchGrade.SIMILAR
    assert agreement(worn, garment("q", category="t-shirt")) == MatchGrade.NONE


def test_a_fitted_curve_finds_the_chance_that_the_pairs_were_made_with():
    pairs = simulated(300)
    curves = {(one.category, one.grade): one.curve for one in fit_curves(pairs)}
    similar, close = curves[ALL_CATEGORIES, MatchGrade.SIMILAR], curves[ALL_CATEGORIES, MatchGrade.CLOSE]
    for score in (0.2, 0.5, 0.8):
        assert similar.probability(score) == pytest.approx(score, abs=0.06)
        assert close.probability(score) == pytest.approx(score**2, abs=0.06)
    assert similar.reaches(0.5) == pytest.approx(0.5, abs=0.06)
    assert close.reaches(0.5) == pytest.approx(0.5**0.5, abs=0.06)
    assert ("shirt", MatchGrade.EXACT) in curves
    assert ("jeans", MatchGrade.EXACT) in curves


def test_curves_never_fall_and_one_without_positives_is_never_reached():
    scores = np.random.default_rng(1).random(200)
    curve = fit_curve(scores, scores > np.random.default_rng(2).random(200))
    assert list(curve.probabilities) == sorted(curve.probabilities)
    assert fit_curve(scores, np.zeros(200, dtype=bool)).reaches(0.5) == float("inf")


def test_reliability_is_measured_on_looks_that_were_not_fitted_on_and_catches_a_wrong_curve():
    pairs = simulated(300)
    curves = fit_curves(pairs)
    assert sum(held_out(pair) for pair in pairs) == len(pairs) // 3
    honest = {row.grade: row.error for row in reliability_of(curves, pairs)}
    assert max(honest.values()) < 0.05
    boastful = [pair for pair in simulated(300, seed=6) if not held_out(pair)]
    lower = [Pair(p.look, p.ranker, p.category, p.score, MatchGrade.NONE) for p in simulated(300) if held_out(p)]
    wrong = {row.grade: row.error for row in reliability_of(fit_curves(boastful), lower)}
    assert wrong[MatchGrade.SIMILAR] > 0.3
    assert "data:image/png;base64," in reliability_plot(reliability_of(curves, pairs), "title")


def test_too_few_pairs_fit_nothing():
    assert fit_curves(simulated(1)) == []


def test_serving_grades_by_the_stored_curves_of_the_live_version_and_category(database_url):
    curves = fit_curves(simulated(300))
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        assert fitted_on(connection, TABLE) == 0
        replace_curves(connection, TABLE, curves, products=200)
        replace_curves(connection, TABLE, curves, products=300)
        assert fitted_on(connection, TABLE) == 300
        found = read_grading(connection, "IN", "colour-1")
        other = read_grading(connection, "US", "colour-1")
    assert found.calibrated
    assert found.grade(Ranker.SEGMENT, "shirt", 0.3) == MatchGrade.NONE
    assert found.grade(Ranker.SEGMENT, "shirt", 0.6) == MatchGrade.SIMILAR
    assert found.grade(Ranker.SEGMENT, "never seen", 0.97) == MatchGrade.EXACT
    assert not other.thresholds


def test_an_uncalibrated_version_says_so_and_an_unknown_encoder_never_claims_a_close_match():
    known = uncalibrated_grading("lookmatch-mini", "v9", "JP")
    assert not known.calibrated
    assert "lookmatch-mini v9 has no calibration in JP" in known.source
    unknown = uncalibrated_grading("someones-clip", "v1", "JP")
    assert unknown.grade(Ranker.SEGMENT, "shirt", 0.99) == MatchGrade.SIMILAR
    assert "unknown scale" in unknown.source


def test_a_category_without_curves_of_its_own_uses_those_of_all():
    everyone = {MatchGrade.SIMILAR: MatchCurve((0.0, 1.0), (0.0, 1.0))}
    grading = calibrated_grading({(Ranker.VECTOR, ALL_CATEGORIES): everyone})
    assert grading.grade(Ranker.VECTOR, "boots", 0.6) == MatchGrade.SIMILAR
    assert grading.grade(Ranker.VECTOR, "boots", 0.4) == MatchGrade.NONE
    assert grading.grade(Ranker.SEGMENT, "boots", 0.9) == MatchGrade.NONE


def test_outfits_use_each_product_once_and_one_gender_and_are_always_the_same():
    places = ("inner_topwear", "bottomwear", "footwear", "one_piece")
    garments = [
        garment(f"{layer}-{gender}-{n}", layer=layer, gender=gender)
        for n in range(5)
        for layer in places
        for gender in ("men", "women")
    ]
    outfits = outfits_of(garments, 8)
    used = [one.product_id for outfit in outfits for one in outfit.values()]
    assert len(outfits) == 8
    assert len(used) == len(set(used))
    assert all(len({one.gender for one in outfit.values()}) == 1 for outfit in outfits)
    assert outfits == outfits_of(garments, 8)


def test_looks_of_the_sample_are_drawn_anew_and_those_of_other_catalogues_are_laid_out(tmp_path):
    from PIL import Image

    from lookmatch_assets.synthetic.assortment import products_of
    from lookmatch_assets.synthetic.calibration_looks import drawn_looks
    from lookmatch_assets.synthetic.vendors import VENDORS

    vendor = next(one for one in VENDORS if one.market == "IN")
    sample = [garment(f"{vendor.name}:IN:{one.product_id}") for one in products_of(vendor)[:150]]
    looks = drawn_looks("IN", sample, 1)
    assert looks is not None
    drawn = next(looks)
    assert not drawn.own_photos
    assert set(drawn.worn) == set(drawn.boxes)
    own = [garment("top"), garment("jeans", layer="bottomwear")]
    assert drawn_looks("IN", own, 1) is None
    laid = next(labelled_looks(own, lambda digest: Image.new("RGB", (60, 80), "navy"), 1))
    assert laid.own_photos
    assert {one.product_id for one in laid.worn.values()} == {"top", "jeans"}
