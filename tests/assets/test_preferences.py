"""Preferences inferred from what shoppers did: the pure rules, and the asset over a real database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis
from psycopg.rows import dict_row

from lookmatch_assets.preferences.inference import HALF_LIFE, ProductInteraction, decayed_weight, infer_preferences
from lookmatch_serving.api.erasure import erase_shopper
from lookmatch_serving.settings import Market, Settings
from lookmatch_serving.shoppers.interactions import Interaction, InteractionKind, record_interactions
from lookmatch_serving.shoppers.preferences import InferredPreference
from lookmatch_serving.shoppers.store import hold_off_erasure, inferred_preferences
from lookmatch_serving.value_types import SizeGroup, SizeSystem
from tests.serving.search_fixtures import Stock, make_market

NOW = datetime(2026, 6, 1, tzinfo=UTC)
VIEW, CLICK, SAVE, BUY = InteractionKind


def did(kind: InteractionKind, product: str, days: float = 0, **values: Any) -> ProductInteraction:
    return ProductInteraction(kind, NOW - timedelta(days=days), product, **values)


def inferred(*interactions: ProductInteraction) -> dict[str, InferredPreference]:
    return {one.preference_id: one for one in infer_preferences(interactions, Market.INDIA, NOW)}


def test_an_interaction_halves_with_every_half_life_and_never_exceeds_its_kind() -> None:
    weights = [decayed_weight(did(BUY, "1", days), NOW) for days in (0, HALF_LIFE.days, 2 * HALF_LIFE.days, -5)]
    assert weights == [8.0, 4.0, 2.0, 8.0]
    assert [decayed_weight(did(kind, "1"), NOW) for kind in InteractionKind] == [1.0, 2.0, 4.0, 8.0]


def test_a_brand_is_named_with_its_evidence_when_enough_speaks_for_it() -> None:
    acme = {"brand": "Acme", "brand_key": "acme"}
    seen = [did(BUY, "1", 60, **acme), did(SAVE, "2", 1, **acme), did(VIEW, "3", **acme)]
    other = did(VIEW, "9", brand="Other", brand_key="other")
    found = inferred(*seen, other)
    assert list(found) == ["brand:acme"]
    brand = found["brand:acme"]
    assert brand.brand == "Acme"
    assert brand.evidence.counts == {BUY: 1, SAVE: 1, VIEW: 1}
    assert brand.evidence.last_event_at == NOW
    assert brand.evidence.weight == pytest.approx(4 + 4 * 0.5 ** (1 / 60) + 1, abs=1e-3)
    assert brand.weight == pytest.approx(brand.evidence.weight / (brand.evidence.weight + 1), abs=1e-3)


def test_too_little_too_old_or_too_small_a_share_names_nothing() -> None:
    acme = {"brand": "Acme", "brand_key": "acme"}
    assert inferred(did(BUY, "1", **acme), did(BUY, "1", **acme), did(BUY, "2", **acme)) == {}  # two products
    assert inferred(*(did(VIEW, str(n), **acme) for n in range(3))) == {}  # three views
    assert inferred(*(did(BUY, str(n), 330, **acme) for n in range(3))) == {}  # long ago
    many = [did(BUY, f"o{n}", brand=f"b{n}", brand_key=f"b{n}") for n in range(20)]
    assert inferred(*(did(SAVE, str(n), **acme) for n in range(3)), *many) == {}  # one of many


def test_sizes_are_told_by_group_and_system_and_by_what_was_chosen() -> None:
    shirt, shoe = {"layer": "inner_topwear"}, {"layer": "footwear", "size_system": "EU"}
    found = inferred(
        did(BUY, "1", size="m", **shirt),
        did(VIEW, "2", size="XL", **shirt),
        did(SAVE, "3", size="42", **shoe),
        did(BUY, "4", size="40", layer="bottomwear", size_system="shop's own"),
        did(BUY, "5", size="One size", layer="accessory"),
        did(BUY, "6", size="Free size", **shirt),
    )
    assert set(found) == {"size:topwear:letter:M", "size:bottomwear:IN:40", "size:footwear:EU:42"}
    shoes = found["size:footwear:EU:42"].size
    assert shoes is not None
    assert (shoes.group, shoes.system) == (SizeGroup.FOOTWEAR, SizeSystem.EU)
    assert found["size:topwear:letter:M"].weight == pytest.approx(8 / 9)


def test_the_price_band_is_the_weighted_middle_in_the_currencys_own_units() -> None:
    prices = [did(BUY, str(n), currency="INR", price_minor=100_000 + 1_000 * n) for n in range(10)]
    gift = did(VIEW, "gift", currency="INR", price_minor=9_000_000)
    band = inferred(*prices, gift)["price:INR"].price
    assert band is not None
    assert (band.min, band.max, band.currency) == (1010.0, 1090.0, "INR")
    yen = inferred(*(did(BUY, str(n), currency="JPY", price_minor=5_000) for n in range(5)))["price:JPY"].price
    assert yen is not None
    assert yen.max == 5000.0


@pytest.fixture
def database(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    monkeypatch.setenv("LOOKMATCH_HOME", str(settings.home))
    monkeypatch.setenv("LOOKMATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("LOOKMATCH_REDIS_URL", settings.redis_url.get_secret_value() if settings.redis_url else "")
    make_market(database_url, [Stock(f"v:IN:{n}", brand="Acme", price_minor=100_000) for n in range(6)])
    with psycopg.connect(database_url, row_factory=dict_row, autocommit=True) as connection:
        yield connection


def bought(shopper: str, product: str, **values: Any) -> Interaction:
    event = {"event_id": product, "shopper_id": shopper, "kind": BUY, "market": "IN", "product_id": product, **values}
    return Interaction.model_validate(event)


def materialise() -> dict[str, Any]:
    import dagster as dg

    from lookmatch_assets.defs.resources import Stores
    from lookmatch_assets.defs.shoppers.preferences import preferences

    result = dg.materialize(
        [preferences, dg.AssetSpec("products")], partition_key="IN", resources={"stores": Stores()}, selection=[preferences]
    )
    assert result.success
    return {name: value.value for name, value in result.asset_materializations_for_node("preferences")[0].metadata.items()}


def test_the_asset_infers_anew_and_drops_what_no_longer_holds(database) -> None:
    record_interactions(database, [bought("ann", f"v:IN:{n}", size="M") for n in range(5)])
    record_interactions(
        database, [bought("bob", "v:IN:1"), bought("bob", "nobody sells:IN:1"), bought("eve", "v:IN:1", market="US")]
    )
    counts = materialise()
    assert (counts["shoppers_with_preferences"], counts["brand_preferences"], counts["size_preferences"]) == (1, 1, 1)
    ann = inferred_preferences(database, "ann", Market.INDIA)
    assert [one.preference_id for one in ann] == ["brand:acme", "price:INR", "size:topwear:letter:M"]
    assert ann[0].evidence.counts == {BUY: 5}
    assert ann[1].price is not None
    assert (ann[1].price.min, ann[1].price.max) == (1000.0, 1000.0)
    assert inferred_preferences(database, "bob") == inferred_preferences(database, "eve") == []
    database.execute("UPDATE shoppers.interactions SET occurred_at = now() - interval '500 days' WHERE shopper_id = 'ann'")
    assert materialise()["shoppers_with_preferences"] == 0
    assert inferred_preferences(database, "ann") == []


def test_more_shoppers_than_a_transaction_takes_are_all_seen(database, monkeypatch) -> None:
    monkeypatch.setattr("lookmatch_assets.defs.shoppers.preferences.SHOPPERS_A_TRANSACTION", 3)
    for shopper in range(7):
        record_interactions(database, [bought(f"s{shopper}", f"v:IN:{n}") for n in range(5)])
    assert materialise()["shoppers_with_preferences"] == 7


def test_an_erasure_waits_for_an_inference_so_that_nothing_comes_back(database, database_url: str, redis_url: str) -> None:
    record_interactions(database, [bought("ann", f"v:IN:{n}") for n in range(5)])
    erased: list[float] = []

    def erase() -> None:
        with psycopg.connect(database_url, row_factory=dict_row) as other, redis.Redis.from_url(redis_url) as valkey:
            erase_shopper(other, valkey, "ann")
        erased.append(time.monotonic())

    with database.transaction():
        hold_off_erasure(database)
        eraser = threading.Thread(target=erase)
        eraser.start()
        eraser.join(0.3)
        assert not erased
        database.execute("INSERT INTO shoppers.inferred_preferences VALUES ('ann', 'IN', 'brand:acme', '{}')")
    eraser.join(20)
    assert erased
    assert database.execute("SELECT count(*) AS n FROM shoppers.inferred_preferences").fetchone()["n"] == 0


def test_every_market_is_asked_for_once_a_day() -> None:
    import dagster as dg

    from lookmatch_assets.defs.resources import Stores
    from lookmatch_assets.defs.shoppers.preferences import preferences, preferences_schedule

    definitions = dg.Definitions(assets=[preferences], schedules=[preferences_schedule], resources={"stores": Stores()})
    moment, repository = datetime(2026, 1, 5, 3, 15, tzinfo=UTC), definitions.get_repository_def()
    context = dg.build_schedule_context(scheduled_execution_time=moment, repository_def=repository)
    found = preferences_schedule.evaluate_tick(context).run_requests or []
    assert [request.partition_key for request in found] == ["IN", "US", "JP"]
    assert preferences_schedule.default_status is dg.DefaultScheduleStatus.RUNNING
