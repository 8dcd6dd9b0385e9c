"""Statistics of studies: the paper's table, simulated raters with known truth, and agreement with other implementations."""

from __future__ import annotations

from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from click.testing import CliRunner

from lookmatch_assets.cli.study import means_study
from lookmatch_assets.studies.agreement import ordinal_alpha, weighted_alphas
from lookmatch_assets.studies.intervals import clustered_mean
from lookmatch_assets.studies.opinion import (
    annotator_table,
    best_per_row,
    compare_by,
    compare_means,
    compare_systems,
    opinion_scores,
    read_means,
    scores_by_system,
    what_means_prove,
)
from lookmatch_assets.studies.screening import screen_raters
from lookmatch_assets.studies.simulation import simulate_study
from lookmatch_serving.errors import InvalidInputError

CLIP, SIGLIP, DINO = "CLIP ViT-H/14", "Fashion SigLIP", "DINOv2"
STUDIES = 500
TABLE_1 = Path(__file__).parent / "fixtures" / "paper_table_1.csv"


@pytest.fixture
def table_1() -> pd.DataFrame:
    return read_means(TABLE_1)


def test_the_papers_table_gives_the_papers_conclusion_and_says_what_it_cannot_prove(table_1: pd.DataFrame) -> None:
    means = table_1.mean().round(3)
    assert means.to_dict() == {CLIP: 3.443, SIGLIP: 3.326, DINO: 3.242}
    ahead = {(d.better, d.worse): round(d.percent_of_worse, 1) for d in compare_means(table_1)}
    assert ahead[CLIP, SIGLIP] == 3.5
    assert ahead[CLIP, DINO] == 6.2
    best = best_per_row(table_1)
    assert [name for name in best] == [SIGLIP, CLIP, CLIP, CLIP, CLIP, SIGLIP, CLIP, DINO, CLIP, CLIP]
    said = " ".join(what_means_prove(table_1))
    assert "10 means of 5 annotators" in said
    assert said.count("chance is not ruled out") == 3
    assert "cannot show" in said


def test_the_papers_table_is_read_from_the_shell_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    told = CliRunner().invoke(means_study, [str(TABLE_1)])
    assert told.exit_code == 0
    assert [figure for figure in ("3.443", "3.326", "3.242", "3.5 %", "6.2 %", "cannot show") if figure not in told.output] == []
    broken = tmp_path / "broken.csv"
    broken.write_text("annotator,gender,CLIP,DINOv2\nA,men,4.1,\n")
    with pytest.raises(InvalidInputError, match="a mean in every row"):
        read_means(broken)


def test_a_table_of_raters_is_recovered_from_single_ratings(table_1: pd.DataFrame) -> None:
    rows = [
        {"rater": annotator, "gender": gender, "system": system, "score": score + step}
        for (annotator, gender), row in table_1.iterrows()
        for system, score in row.items()
        for step in (-0.5, 0.5)
    ]
    pd.testing.assert_frame_equal(annotator_table(pd.DataFrame(rows))[list(table_1)], table_1, check_names=False)


def test_standard_errors_equal_those_of_statsmodels_two_way_clustering() -> None:
    draw = np.random.default_rng(3)
    raters, looks = draw.integers(0, 7, 400), draw.integers(0, 30, 400)
    y = draw.normal(0, 1, 400) + draw.normal(0, 1, 7)[raters] + draw.normal(0, 1, 30)[looks]
    groups = np.column_stack([raters, looks])
    theirs = sm.OLS(y, np.ones(400)).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}).bse[0]
    assert clustered_mean(y, raters, looks).standard_error == pytest.approx(theirs, rel=5e-3)


def test_intervals_of_500_studies_cover_the_truth_and_naive_ones_do_not() -> None:
    means = (3.4, 3.2)
    truth = simulate_study(means, raters=700, looks=700, seed=999)
    told = truth.ratings["score"].to_numpy().reshape(-1, 2)
    expected, gap = told.mean(axis=0), float(np.diff(told.mean(axis=0))[0])
    covered, naive, gaps = 0, 0, 0
    for seed in range(STUDIES):
        study = simulate_study(means, raters=8, looks=40, seed=seed)
        y = study.ratings["score"].to_numpy().reshape(-1, 2)
        raters, looks = study.ratings["rater"].to_numpy()[::2], study.ratings["look"].to_numpy()[::2]
        one = clustered_mean(y[:, 0], raters, looks)
        covered += one.low <= expected[0] <= one.high
        naive += one.naive_low <= expected[0] <= one.naive_high
        difference = clustered_mean(y[:, 1] - y[:, 0], raters, looks)
        gaps += difference.low <= gap <= difference.high
    print(f"coverage {covered / STUDIES:.3f}, of differences {gaps / STUDIES:.3f}, naive {naive / STUDIES:.3f}")
    assert 0.93 <= covered / STUDIES <= 0.97
    assert 0.93 <= gaps / STUDIES <= 0.97
    assert naive / STUDIES < 0.8


def test_screening_catches_random_clickers_and_keeps_honest_raters() -> None:
    caught = clicked = dropped = honest = 0
    for seed in range(STUDIES):
        study = simulate_study((3.4, 3.2), raters=8, looks=20, gold=12, clickers=2, seed=seed)
        for verdict in screen_raters(study.ratings):
            random = verdict.rater in study.clickers
            clicked, honest = clicked + random, honest + (not random)
            caught, dropped = caught + (random and not verdict.kept), dropped + (not random and not verdict.kept)
    print(f"caught {caught} of {clicked}, dropped {dropped} of {honest}")
    assert caught / clicked >= 0.95
    assert dropped / honest <= 0.02


def test_a_real_difference_is_found_and_holm_never_lowers_a_p() -> None:
    study = simulate_study((3.9, 3.2, 3.2), raters=8, looks=40, seed=1)
    scores = scores_by_system(study.ratings, study.returned)
    differences = compare_systems(scores)
    assert {(d.better, d.significant) for d in differences[:2]} == {("s0", True)}
    assert all(d.p_holm >= d.interval.p_value for d in differences)
    by_gender = opinion_scores(scores, ["system", "gender"])
    assert len(by_gender) == 6
    assert (by_gender["low"] < by_gender["mean"]).all()


def test_alpha_is_one_for_twins_about_zero_for_clickers_and_its_interval_holds_it() -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(1, 6, 80)

    def rated(by: list[np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame([{"rater": r, "pair": p, "score": s} for r, row in enumerate(by) for p, s in enumerate(row)])

    assert ordinal_alpha(rated([truth, truth]), resamples=50).alpha == pytest.approx(1)
    chance = ordinal_alpha(rated([draw.integers(1, 6, 80) for _ in range(3)]), resamples=200)
    assert chance.low < 0 < chance.high
    assert chance.low <= chance.alpha <= chance.high


def test_alphas_of_resamples_equal_those_of_the_krippendorff_package() -> None:
    draw = np.random.default_rng(1)
    counts = draw.multinomial(3, [0.1, 0.2, 0.3, 0.3, 0.1], size=40)
    weights = draw.multinomial(40, np.full(40, 1 / 40), size=20)
    for weight, ours in zip(weights, weighted_alphas(counts, weights), strict=True):
        drawn = np.repeat(counts, weight, axis=0)
        theirs = krippendorff.alpha(value_counts=drawn, value_domain=[1, 2, 3, 4, 5], level_of_measurement="ordinal")
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_one_answer_to_everything_is_no_opinion() -> None:
    study = simulate_study((4.2, 2.2), raters=5, looks=20, seed=4)
    lazy = study.ratings["rater"] == "r00"
    ratings = study.ratings.assign(score=study.ratings["score"].mask(lazy, 3))
    verdicts = {verdict.rater: verdict for verdict in screen_raters(ratings)}
    assert [rater for rater, verdict in verdicts.items() if not verdict.kept] == ["r00"]
    assert "one answer to all 40 pairs" in verdicts["r00"].reason


def test_facets_are_corrected_together() -> None:
    study = simulate_study((3.9, 3.4), raters=6, looks=20, seed=1)
    both = pd.concat([study.ratings, study.ratings.assign(facet="fit")])
    scores = scores_by_system(both, study.returned)
    alone = compare_systems(scores[scores["facet"] == "fit"])[0]
    together = compare_by(scores, "facet")
    assert set(together) == {"fit", "overall_look"}
    assert together["fit"][0].p_holm == pytest.approx(min(1, 2 * alone.p_holm))
