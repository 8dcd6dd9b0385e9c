"""What dbt makes of packets, on a real database, without Dagster."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import yaml

from lookmatch_assets.defs.catalog.dbt_project import DBT_EXECUTABLE, DBT_FOLDER
from lookmatch_assets.feeds.record import Availability, FeedRecord
from lookmatch_assets.feeds.vocabulary import read_vocabulary, unmapped_words
from lookmatch_assets.migrations.database_urls import dbt_environment
from lookmatch_assets.synthetic.attributes import GarmentType
from lookmatch_assets.synthetic.wording import JAPANESE_COLOUR, JAPANESE_GENDER, JAPANESE_TYPE, PRODUCT_TYPE
from tests.assets.landing import land

SEEDS = DBT_FOLDER / "seeds"
COLOURS_BY_PARTS = {
    "slash": "Black/White", "second": "Blurple / Off White", "and": "Heather Gray AND Black", "dots": "黒・白",
    "neither": "Blurple/Mauvine",
}  # fmt: skip


@pytest.fixture
def dbt(database_url: str, tmp_path: Path) -> Callable[..., None]:
    def call(*arguments: str, **bounds: str) -> None:
        environment = {**os.environ, **dbt_environment(database_url), **bounds}
        command = [DBT_EXECUTABLE, *arguments, "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER)]
        command += ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]

    return call


def seed(name: str) -> dict[str, str]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        return {row[0]: row[1] for row in reader}


def test_products_follow_their_newest_packet_in_one_vocabulary(dbt: Callable[..., None], database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        land(connection, "polo", category="Tshirts", title="Acme Men Polo T-shirt", brand="Acme")
        land(connection, "usp", category="Shirts", title="U.S. Polo T-shirt Co. Men Shirt", brand="U.S. Polo T-shirt Co.")
        land(connection, "path", category="Tops > T-Shirts", gender="male", colour="Charcoal", pattern="Plaid", market="US")
        land(
            connection,
            "jp",
            category="Ｔシャツ",
            gender="レディース",
            colour="ネイビー",
            pattern="無地",
            sleeve="半袖",
            market="JP",
        )
        land(connection, "odd", category="不思議な小物", colour="Blurple", gender=None, pattern="Batik")
        land(
            connection,
            "boy",
            category=None,
            category_path="Apparel & Accessories > Clothing > Shorts",
            gender="male",
            age_group="Kids",
        )
        land(connection, "id", category=None, category_path="2271", gender="女の子", age_group="ベビー")
        for subject, colour in COLOURS_BY_PARTS.items():
            land(connection, subject, colour=colour)
        land(connection, "late", title="new", minutes=10, day="2026-01-06")
        land(connection, "late", title="old", minutes=5, day="2026-01-07")
        land(connection, "gone", title="kept", day="2026-01-06")
        land(connection, "gone", removed=True, minutes=9, day="2026-01-07")
        dbt("build")
        rows = connection.execute(
            "SELECT vendor_product_id, category, layer, gender, colour_family, pattern, sleeve, title, removed"
            " FROM catalog.products"
        ).fetchall()
        found = {row[0]: row[1:] for row in rows}
        assert found["polo"][:2] == ("polo-shirt", "inner_topwear")
        assert found["usp"][0] == "shirt"
        assert found["path"][:5] == ("t-shirt", "inner_topwear", "men", "grey", "checked")
        assert found["jp"][:6] == ("t-shirt", "inner_topwear", "women", "navy blue", "solid", "short sleeves")
        assert found["odd"][:5] == ("unmapped", "none", "unknown", "unmapped", "batik")
        assert (found["boy"][0], found["boy"][2]) == ("shorts", "boys")
        assert (found["id"][0], found["id"][2]) == ("dress", "girls")
        families = {subject: found[subject][3] for subject in COLOURS_BY_PARTS}
        assert families == {"slash": "black", "second": "white", "and": "grey", "dots": "black", "neither": "unmapped"}
        ages = "SELECT vendor_product_id, age_group, gender_raw, google_category_id FROM catalog.products WHERE age_group <> ''"
        assert sorted(connection.execute(ages).fetchall()) == [("boy", "kids", "male", 207), ("id", "infant", "女の子", 2271)]
        assert found["late"][6] == "new"
        assert found["gone"][6:] == ("kept", True)
        words = connection.execute("SELECT category_raw, colour_raw FROM catalog.products WHERE category = 'unmapped'").fetchall()
        assert words == [("不思議な小物", "Blurple")]
        record = FeedRecord(vendor_product_id="1", title="t", image_url="i", availability=Availability.IN_STOCK)
        told = {subject: list(unmapped_words(record.model_copy(update={"colour": colour}), read_vocabulary()))
                for subject, colour in COLOURS_BY_PARTS.items()}  # fmt: skip
        assert {subject: told[subject] for subject in COLOURS_BY_PARTS if told[subject]} == {
            "neither": [("colour", "Blurple/Mauvine")]
        }

        land(connection, "late", title="newest", minutes=20, day="2026-01-07")
        land(connection, "polo", title="not of this partition", minutes=20, day="2026-01-08")
        dbt("run", LOOKMATCH_PARTITION_MARKET="IN", LOOKMATCH_PARTITION_DAY="2026-01-07")
        titles = dict(connection.execute("SELECT vendor_product_id, title FROM catalog.products").fetchall())
        assert (titles["late"], titles["polo"]) == ("newest", "Acme Men Polo T-shirt")


def test_every_word_of_the_sample_vendors_is_in_the_vocabularies() -> None:
    categories, colours, genders = seed("category_synonyms"), seed("colour_synonyms"), seed("gender_synonyms")
    for kind in GarmentType:
        for word in (JAPANESE_TYPE[kind], PRODUCT_TYPE[kind].split(">")[-1], kind.value):
            assert word.strip().lower() in categories, word
    assert all(word in colours for word in JAPANESE_COLOUR.values())
    assert all(word in genders for word in JAPANESE_GENDER.values())


def test_synonyms_point_at_categories_and_none_is_repeated() -> None:
    known = set(seed("categories"))
    for name in ("category_synonyms", "colour_synonyms", "gender_synonyms", "pattern_synonyms", "sleeve_synonyms"):
        lines = (SEEDS / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
        assert len(lines) == len(seed(name)), name
    assert set(seed("category_synonyms").values()) <= known


def test_every_category_lies_in_googles_tree_and_every_branch_ends_at_a_root() -> None:
    with (SEEDS / "google_categories.csv").open(encoding="utf-8") as file:
        nodes = {row["google_category_id"]: row for row in csv.DictReader(file)}
    with (SEEDS / "categories.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["google_category_id"] for row in rows} <= set(nodes)
    for node in nodes.values():
        parent = nodes.get(node["parent_id"])
        assert node["path"].rpartition(" > ")[0] == (parent["path"] if parent else "")


def test_every_column_of_a_mart_is_described() -> None:
    marts = yaml.safe_load((DBT_FOLDER / "models" / "marts" / "marts.yml").read_text(encoding="utf-8"))["models"]
    assert {file.stem for file in (DBT_FOLDER / "models" / "marts").glob("*.sql")} == {mart["name"] for mart in marts}
    for mart in marts:
        assert mart["config"]["contract"] == {"enforced": True}  # so the columns listed are all there are
        assert all(len(column["description"]) > 5 for column in mart["columns"]), mart["name"]


def test_a_partition_rewrites_only_the_products_it_touched(dbt: Callable[..., None], database_url: str) -> None:
    written = "SELECT product_id, xmin::text FROM catalog.products"
    with psycopg.connect(database_url, autocommit=True) as connection:
        land(connection, "model", size_system="Eur")
        connection.execute(
            "INSERT INTO landing.packets"
            " (source, id, type, subject, market, vendor, format, product_id, event_time, landed_day, record, data)"
            " SELECT source, id || n, type, subject || n, market, vendor, format, product_id || n, event_time,"
            " DATE '2026-01-01' + n % 3, record, data FROM landing.packets, generate_series(1, 3000) AS n"
        )
        dbt("build")
        before = dict(connection.execute(written).fetchall())
        assert len(before) == 3001
        assert connection.execute("SELECT DISTINCT size_system FROM catalog.products").fetchall() == [("EU",)]
        for name in ("model1", "model2"):
            land(connection, name, title="changed", minutes=30, day="2026-03-01")
        dbt("run", LOOKMATCH_PARTITION_MARKET="IN", LOOKMATCH_PARTITION_DAY="2026-03-01")
        after = dict(connection.execute(written).fetchall())
        assert {name.rsplit(":", 1)[1] for name in before if after[name] != before[name]} == {"model1", "model2"}


def test_size_estimates_grow_in_every_system() -> None:
    with (SEEDS / "size_estimates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for gender, group in {(row["gender"], row["size_group"]) for row in rows}:
        chart = [row for row in rows if (row["gender"], row["size_group"]) == (gender, group)]
        for system in ("in_size", "us_size", "eu_size", "uk_size", "jp_size"):
            numbers = [
                float(row[system].rstrip("号cm")) for row in chart if row[system].rstrip("号cm").replace(".", "").isdigit()
            ]
            assert numbers == sorted(numbers), (gender, group, system)
