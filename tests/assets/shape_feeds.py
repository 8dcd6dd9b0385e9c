"""Made-up feeds of any length in the shapes of the shop systems: the same products, written as each system exports them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BAD_EVERY = 50
CATEGORIES = ("Shirts", "Dresses", "Jeans", "Skirts")
COLOURS = ("Blue", "Red", "Black", "White")
SIZES = ("S", "M")
Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Product:
    """A product; one in ``BAD_EVERY`` has a price that cannot be read."""

    number: int

    @property
    def bad(self) -> bool:
        return self.number % BAD_EVERY == 0

    @property
    def id(self) -> str:
        return f"P{self.number}"

    @property
    def price(self) -> str:
        return "ask us" if self.bad else str(1000 + self.number % 9000)

    @property
    def category(self) -> str:
        return CATEGORIES[self.number % 4]

    @property
    def colour(self) -> str:
        return COLOURS[self.number % 3]

    @property
    def title(self) -> str:
        return f"{self.colour} {self.category} {self.number}"

    @property
    def picture(self) -> str:
        return f"pictures/{self.number}.png"

    @property
    def link(self) -> str:
        return f"https://shop.example/p/{self.number}"


def _shopify_json(product: Product) -> dict[str, Any]:
    variants = [
        {"id": product.number * 10 + place, "option1": size, "price": product.price, "compare_at_price": None, "available": True}
        for place, size in enumerate(SIZES)
    ]
    return {
        "id": product.id, "title": product.title, "handle": product.id.lower(), "body_html": "<p>x</p>", "vendor": "Norder",
        "product_type": product.category, "variants": variants, "images": [{"src": product.picture}],
        "options": [{"name": "Size", "values": list(SIZES)}],
    }  # fmt: skip


def _shopify_csv(product: Product) -> Rows:
    for place, size in enumerate(SIZES):
        head = {
            "Title": product.title, "Vendor": "Norder", "Type": product.category, "Published": "true", "Option1 Name": "Size",
            "Image Src": product.picture, "Status": "active",
        }  # fmt: skip
        variant = {"Option1 Value": size, "Variant Price": product.price, "Variant Inventory Tracker": "shopify"}
        yield {"Handle": product.id, **(head if place == 0 else {}), **variant, "Variant Inventory Qty": str(3 + place)}


def _woocommerce_json(product: Product) -> dict[str, Any]:
    return {
        "id": product.id, "name": product.title, "permalink": product.link, "status": "publish", "regular_price": product.price,
        "sale_price": "", "stock_status": "instock", "categories": [{"name": product.category}],
        "images": [{"src": product.picture}], "attributes": [{"name": "Color", "options": [product.colour]}],
    }  # fmt: skip


def _woocommerce_csv(product: Product) -> Rows:
    yield {
        "ID": product.id, "Type": "variable", "SKU": f"S{product.number}", "Name": product.title, "Published": "1",
        "In stock?": "1", "Categories": product.category, "Images": product.picture, "Attribute 1 name": "Size",
        "Attribute 1 value(s)": ", ".join(SIZES),
    }  # fmt: skip
    for size in SIZES:
        yield {
            "ID": f"V{product.number}{size}", "Type": "variation", "SKU": "", "Published": "1", "In stock?": "1",
            "Regular price": product.price, "Parent": f"id:{product.id}", "Attribute 1 name": "Size",
            "Attribute 1 value(s)": size,
        }  # fmt: skip


def _rakuten(product: Product) -> Rows:
    key = {"商品管理番号（商品URL）": product.id}
    yield {**key, "商品名": product.title, "倉庫指定": "0", "商品画像パス1": product.picture, "カテゴリ": product.category,
           "バリエーション項目名定義": "サイズ"}  # fmt: skip
    for place, size in enumerate(SIZES):
        yield {**key, "SKU管理番号": f"{product.number}-{place}", "バリエーション項目選択肢1": size, "在庫数": "2",
               "通常購入販売価格": product.price}  # fmt: skip


def _yahoo(product: Product) -> Rows:
    yield {
        "path": f"レディース:{product.category}", "name": product.title, "code": product.id, "price": product.price,
        "product-category": "36541", "display": "1", "item-image-urls": product.picture,
    }  # fmt: skip


def _facebook(product: Product) -> Rows:
    yield {
        "id": product.id, "title": product.title, "description": "x", "availability": "in stock", "condition": "new",
        "price": f"{product.price} JPY", "link": product.link, "image_link": product.picture, "brand": "Norder",
        "fb_product_category": product.category, "quantity_to_sell_on_facebook": "4", "color": product.colour,
    }  # fmt: skip


def _amazon(product: Product) -> Rows:
    yield {
        "feed_product_type": product.category, "item_sku": product.id, "brand_name": "Norder", "item_name": product.title,
        "standard_price": product.price, "quantity": "4", "main_image_url": product.picture, "parent_child": "Child",
        "parent_sku": f"G{product.number}", "color_name": product.colour, "size_name": "M",
    }  # fmt: skip


def _google(product: Product) -> dict[str, Any]:
    micros = product.price if product.bad else f"{product.price}000000"
    said = {
        "title": product.title, "link": product.link, "imageLink": product.picture, "availability": "IN_STOCK",
        "price": {"amountMicros": micros, "currencyCode": "JPY"}, "productTypes": [product.category], "color": product.colour,
    }  # fmt: skip
    return {"name": f"accounts/1/products/ja~JP~{product.id}", "offerId": product.id, "productAttributes": said}


def _content(product: Product) -> dict[str, Any]:
    return {
        "kind": "content#product", "offerId": product.id, "title": product.title, "link": product.link,
        "imageLink": product.picture, "availability": "in stock", "price": {"value": product.price, "currency": "JPY"},
        "productTypes": [product.category],
    }  # fmt: skip


_TABLES: dict[str, tuple[Callable[[Product], Rows], str, str]] = {
    "shopify-csv": (_shopify_csv, "utf-8", ","),
    "woocommerce-csv": (_woocommerce_csv, "utf-8-sig", ","),
    "rakuten-csv": (_rakuten, "cp932", ","),
    "yahoo-shopping-csv": (_yahoo, "cp932", ","),
    "facebook-csv": (_facebook, "utf-8", ","),
    "amazon-flat-file": (_amazon, "utf-8", "\t"),
}
_DOCUMENTS: dict[str, tuple[Callable[[Product], dict[str, Any]], str | None]] = {
    "shopify-json": (_shopify_json, "products"),
    "woocommerce-json": (_woocommerce_json, None),
    "google-merchant-api": (_google, "products"),
    "google-content-api": (_content, "resources"),
}
SHAPES = (*_TABLES, *_DOCUMENTS)


def write_shape(name: str, folder: Path, count: int) -> Path:
    """A feed of ``count`` products; their pictures are named relative to the folder."""
    products = [Product(number) for number in range(1, count + 1)]
    path = folder / f"{name}.feed"
    if name in _DOCUMENTS:
        write, key = _DOCUMENTS[name]
        records = [write(product) for product in products]
        path.write_text(json.dumps({key: records} if key else records), encoding="utf-8")
        return path
    rows_of, encoding, delimiter = _TABLES[name]
    rows = [row for product in products for row in rows_of(product)]
    columns = list(dict.fromkeys(column for row in rows[:10] for column in row))
    with path.open("w", encoding=encoding, newline="") as file:
        if name == "amazon-flat-file":
            file.write("TemplateType=fptcustom\tVersion=2026.0101\n")
        writer = csv.DictWriter(file, columns, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path
