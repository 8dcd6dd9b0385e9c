"""The three feed formats, each as its vendor would export it.

| format | file | layout |
|---|---|---|
| `style_json` | UTF-8, one JSON object a line | nested: `discountedPrice`, `articleType.typeName`, `styleOptions` |
| `merchant_tsv` | UTF-8, tab-separated, header row | merchant attributes: `price` is `49.99 USD`; sizes and stock joined by `/` |
| `japanese_csv` | cp932, comma-separated, header row | Japanese headers; sizes and their stock are joined by `/` |
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from lookmatch_assets.synthetic.assortment import Product
from lookmatch_assets.synthetic.attributes import Gender
from lookmatch_assets.synthetic.wording import (
    GOOGLE_CATEGORY,
    JAPANESE_COLOUR,
    JAPANESE_GENDER,
    JAPANESE_PATTERN,
    JAPANESE_SLEEVE,
    JAPANESE_TYPE,
    MASTER_CATEGORY,
    PRODUCT_TYPE,
    SUB_CATEGORY,
    article_type,
)

Record = dict[str, Any]
"""One record of a feed: nested for JSON, strings only for the tables."""


def style_record(product: Product) -> Record:
    """Write a product as a nested style record; prices are in rupees."""
    attributes = product.attributes
    paid = product.price if product.sale_price is None else product.sale_price
    options = [
        {
            "id": int(product.product_id) * 10 + index,
            "name": "Size",
            "value": size,
            "skuId": int(product.product_id) * 100 + index,
            "inventoryCount": count,
            "available": count > 0,
        }
        for index, (size, count) in enumerate(product.stock)
    ]
    details = {"Pattern": attributes.pattern.title()}
    if attributes.sleeve is not None:
        details["Sleeve Length"] = attributes.sleeve.title()
    return {
        "id": int(product.product_id),
        "price": int(product.price),
        "discountedPrice": int(paid),
        "currency": product.vendor.currency,
        "productDisplayName": product.title,
        "brandName": product.brand,
        "ageGroup": f"Adults-{attributes.gender}",
        "gender": attributes.gender.value,
        "baseColour": attributes.colour.title(),
        "usage": attributes.usage.title(),
        "masterCategory": {"typeName": MASTER_CATEGORY[attributes.layer]},
        "subCategory": {"typeName": SUB_CATEGORY[attributes.layer]},
        "articleType": {"typeName": article_type(attributes)},
        "articleAttributes": details,
        "styleImages": {"default": {"imageURL": product.image, "imageType": "default"}},
        "productDescriptors": {"description": {"value": f"<p>{product.description}</p>"}},
        "styleOptions": options,
        "landingPageUrl": product.url,
    }


def merchant_record(product: Product) -> Record:
    """Write a product as a row of merchant attributes; prices are in dollars."""
    attributes = product.attributes
    genders = {Gender.MEN: "male", Gender.WOMEN: "female", Gender.UNISEX: "unisex"}
    return {
        "id": product.product_id,
        "title": product.title,
        "description": product.description,
        "link": product.url,
        "image_link": product.image,
        "availability": "in_stock" if product.available else "out_of_stock",
        "price": f"{product.price:.2f} {product.vendor.currency}",
        "sale_price": "" if product.sale_price is None else f"{product.sale_price:.2f} {product.vendor.currency}",
        "brand": product.brand,
        "google_product_category": GOOGLE_CATEGORY[attributes.layer],
        "product_type": PRODUCT_TYPE[attributes.type],
        "color": attributes.colour.title(),
        "size": "/".join(size for size, _ in product.stock),
        "size_stock": "/".join(str(count) for _, count in product.stock),
        "size_system": "US",
        "gender": genders[attributes.gender],
        "age_group": "adult",
        "item_group_id": product.group_id,
        "pattern": attributes.pattern.title(),
        "condition": "new",
    }


def japanese_record(product: Product) -> Record:
    """Write a product as a row of a Japanese shop's export; prices are in yen, tax included.

    The yen sign is the full-width one, since cp932 has no other.
    """
    attributes = product.attributes
    total = sum(count for _, count in product.stock)
    state = "在庫なし" if total == 0 else "残りわずか" if total < 6 else "在庫あり"
    return {
        "商品番号": product.product_id,
        "商品名": product.title,
        "ブランド": product.brand,
        "カテゴリ": JAPANESE_TYPE[attributes.type],
        "性別": JAPANESE_GENDER[attributes.gender],
        "カラー": JAPANESE_COLOUR[attributes.colour],
        "柄": JAPANESE_PATTERN[attributes.pattern],
        "袖丈": "" if attributes.sleeve is None else JAPANESE_SLEEVE[attributes.sleeve],
        "サイズ": "/".join(size for size, _ in product.stock),
        "サイズ別在庫数": "/".join(str(count) for _, count in product.stock),
        "在庫": state,
        "販売価格(税込)": f"￥{product.price:,.0f}",
        "セール価格(税込)": "" if product.sale_price is None else f"￥{product.sale_price:,.0f}",
        "商品説明": product.description,
        "画像": product.image,
        "商品URL": product.url,
    }


RECORD_WRITERS = {"style_json": style_record, "merchant_tsv": merchant_record, "japanese_csv": japanese_record}
"""How each format writes a product."""


def encoded(records: Sequence[Record], feed_format: str) -> bytes:
    """Encode records as the bytes of a feed file.

    Args:
        records: At least one record, all with the same keys.
        feed_format: One of `RECORD_WRITERS`.
    """
    if feed_format == "style_json":
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode("utf-8")
    tabbed = feed_format == "merchant_tsv"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(records[0]), delimiter="\t" if tabbed else ",", lineterminator="\n" if tabbed else "\r\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode("utf-8" if tabbed else "cp932")
