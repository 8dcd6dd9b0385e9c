"""How vendors word their products: categories, colours, titles and descriptions."""

from __future__ import annotations

from collections.abc import Mapping

from lookmatch_assets.synthetic.attributes import (
    TYPE_SPECS,
    Colour,
    GarmentAttributes,
    GarmentType,
    Gender,
    Layer,
    Pattern,
    Sleeve,
)

MASTER_CATEGORY: Mapping[Layer, str] = {
    Layer.OUTERMOST_TOPWEAR: "Apparel",
    Layer.INNER_TOPWEAR: "Apparel",
    Layer.ONE_PIECE: "Apparel",
    Layer.BOTTOMWEAR: "Apparel",
    Layer.FOOTWEAR: "Footwear",
    Layer.ACCESSORY: "Accessories",
}
SUB_CATEGORY: Mapping[Layer, str] = {
    Layer.OUTERMOST_TOPWEAR: "Topwear",
    Layer.INNER_TOPWEAR: "Topwear",
    Layer.ONE_PIECE: "Dress",
    Layer.BOTTOMWEAR: "Bottomwear",
    Layer.FOOTWEAR: "Shoes",
    Layer.ACCESSORY: "Accessories",
}

GOOGLE_CATEGORY: Mapping[Layer, str] = {
    Layer.OUTERMOST_TOPWEAR: "Apparel & Accessories > Clothing > Outerwear",
    Layer.INNER_TOPWEAR: "Apparel & Accessories > Clothing > Shirts & Tops",
    Layer.ONE_PIECE: "Apparel & Accessories > Clothing > One-Pieces",
    Layer.BOTTOMWEAR: "Apparel & Accessories > Clothing > Pants",
    Layer.FOOTWEAR: "Apparel & Accessories > Shoes",
    Layer.ACCESSORY: "Apparel & Accessories > Clothing Accessories",
}

PRODUCT_TYPE: Mapping[GarmentType, str] = {
    GarmentType.JACKET: "Outerwear > Jackets",
    GarmentType.BLAZER: "Outerwear > Blazers",
    GarmentType.COAT: "Outerwear > Coats",
    GarmentType.CARDIGAN: "Sweaters > Cardigans",
    GarmentType.SWEATSHIRT: "Sweaters > Hoodies & Sweatshirts",
    GarmentType.T_SHIRT: "Tops > T-Shirts",
    GarmentType.SHIRT: "Tops > Shirts",
    GarmentType.POLO_SHIRT: "Tops > Polo Shirts",
    GarmentType.TOP: "Tops > Blouses",
    GarmentType.KURTA: "Tops > Kurtas",
    GarmentType.DRESS: "Dresses",
    GarmentType.JUMPSUIT: "Jumpsuits & Rompers",
    GarmentType.SAREE: "Sarees",
    GarmentType.JEANS: "Bottoms > Jeans",
    GarmentType.TROUSERS: "Bottoms > Pants",
    GarmentType.SHORTS: "Bottoms > Shorts",
    GarmentType.SKIRT: "Bottoms > Skirts",
    GarmentType.TRACK_PANTS: "Bottoms > Joggers",
    GarmentType.LEGGINGS: "Bottoms > Leggings",
    GarmentType.CASUAL_SHOES: "Shoes > Sneakers",
    GarmentType.SPORTS_SHOES: "Shoes > Running Shoes",
    GarmentType.FORMAL_SHOES: "Shoes > Dress Shoes",
    GarmentType.HEELS: "Shoes > Heels",
    GarmentType.SANDALS: "Shoes > Sandals",
    GarmentType.FLIP_FLOPS: "Shoes > Flip Flops",
    GarmentType.BOOTS: "Shoes > Boots",
    GarmentType.HANDBAG: "Accessories > Handbags",
    GarmentType.BACKPACK: "Accessories > Backpacks",
    GarmentType.WATCH: "Accessories > Watches",
    GarmentType.SUNGLASSES: "Accessories > Sunglasses",
    GarmentType.BELT: "Accessories > Belts",
    GarmentType.CAP: "Accessories > Caps",
    GarmentType.SCARF: "Accessories > Scarves",
}

JAPANESE_TYPE: Mapping[GarmentType, str] = {
    GarmentType.JACKET: "ブルゾン",
    GarmentType.BLAZER: "テーラードジャケット",
    GarmentType.COAT: "コート",
    GarmentType.CARDIGAN: "カーディガン",
    GarmentType.SWEATSHIRT: "パーカー",
    GarmentType.T_SHIRT: "Tシャツ",
    GarmentType.SHIRT: "シャツ",
    GarmentType.POLO_SHIRT: "ポロシャツ",
    GarmentType.TOP: "ブラウス",
    GarmentType.KURTA: "チュニック",
    GarmentType.DRESS: "ワンピース",
    GarmentType.JUMPSUIT: "オールインワン",
    GarmentType.SAREE: "サリー",
    GarmentType.JEANS: "ジーンズ",
    GarmentType.TROUSERS: "パンツ",
    GarmentType.SHORTS: "ショートパンツ",
    GarmentType.SKIRT: "スカート",
    GarmentType.TRACK_PANTS: "トラックパンツ",
    GarmentType.LEGGINGS: "レギンス",
    GarmentType.CASUAL_SHOES: "スニーカー",
    GarmentType.SPORTS_SHOES: "ランニングシューズ",
    GarmentType.FORMAL_SHOES: "革靴",
    GarmentType.HEELS: "パンプス",
    GarmentType.SANDALS: "サンダル",
    GarmentType.FLIP_FLOPS: "ビーチサンダル",
    GarmentType.BOOTS: "ブーツ",
    GarmentType.HANDBAG: "ハンドバッグ",
    GarmentType.BACKPACK: "リュックサック",
    GarmentType.WATCH: "腕時計",
    GarmentType.SUNGLASSES: "サングラス",
    GarmentType.BELT: "ベルト",
    GarmentType.CAP: "キャップ",
    GarmentType.SCARF: "マフラー",
}

JAPANESE_COLOUR: Mapping[Colour, str] = {
    Colour.BLACK: "ブラック",
    Colour.WHITE: "ホワイト",
    Colour.GREY: "グレー",
    Colour.NAVY_BLUE: "ネイビー",
    Colour.BLUE: "ブルー",
    Colour.RED: "レッド",
    Colour.GREEN: "グリーン",
    Colour.YELLOW: "イエロー",
    Colour.PINK: "ピンク",
    Colour.PURPLE: "パープル",
    Colour.BROWN: "ブラウン",
    Colour.BEIGE: "ベージュ",
    Colour.ORANGE: "オレンジ",
    Colour.MAROON: "ボルドー",
}

JAPANESE_GENDER: Mapping[Gender, str] = {
    Gender.MEN: "メンズ",
    Gender.WOMEN: "レディース",
    Gender.UNISEX: "ユニセックス",
}

JAPANESE_PATTERN: Mapping[Pattern, str] = {
    Pattern.SOLID: "無地",
    Pattern.STRIPED: "ストライプ",
    Pattern.CHECKED: "チェック",
    Pattern.POLKA_DOT: "ドット",
    Pattern.FLORAL: "花柄",
    Pattern.GRAPHIC_PRINT: "プリント",
}

JAPANESE_SLEEVE: Mapping[Sleeve, str] = {
    Sleeve.SLEEVELESS: "ノースリーブ",
    Sleeve.SHORT: "半袖",
    Sleeve.THREE_QUARTER: "七分袖",
    Sleeve.LONG: "長袖",
}

_INDIAN_TYPE: Mapping[GarmentType, str] = {
    GarmentType.T_SHIRT: "T-shirt",
    GarmentType.POLO_SHIRT: "Polo T-shirt",
    GarmentType.CARDIGAN: "Cardigan",
}
_AMERICAN_TYPE: Mapping[GarmentType, str] = {
    GarmentType.SWEATSHIRT: "Hoodie",
    GarmentType.TOP: "Blouse",
    GarmentType.TROUSERS: "Pants",
    GarmentType.TRACK_PANTS: "Joggers",
    GarmentType.CASUAL_SHOES: "Sneakers",
    GarmentType.SPORTS_SHOES: "Running Shoes",
    GarmentType.FORMAL_SHOES: "Dress Shoes",
    GarmentType.POLO_SHIRT: "Polo",
}
_SEWN = {
    Sleeve.SLEEVELESS: "Sleeveless",
    Sleeve.SHORT: "Short Sleeve",
    Sleeve.THREE_QUARTER: "3/4 Sleeve",
    Sleeve.LONG: "Long Sleeve",
}
_NO_SLEEVE_WORD = (Layer.OUTERMOST_TOPWEAR,)


def article_type(attributes: GarmentAttributes) -> str:
    """The article type that an Indian style record files the garment under."""
    return TYPE_SPECS[attributes.type].article_type


def indian_title(brand: str, attributes: GarmentAttributes) -> str:
    """Write "Neelvan Men Navy Blue Striped Shirt"."""
    kind = _INDIAN_TYPE.get(attributes.type, attributes.type.value.title())
    pattern = {Pattern.SOLID: "", Pattern.GRAPHIC_PRINT: "Printed"}.get(attributes.pattern, attributes.pattern.title())
    words = [brand, attributes.gender.value, attributes.colour.title(), pattern, kind]
    return " ".join(word for word in words if word)


def american_title(brand: str, attributes: GarmentAttributes) -> str:
    """Write "Oak Hollow Men's Long Sleeve Plaid Shirt - Red"."""
    kind = _AMERICAN_TYPE.get(attributes.type, attributes.type.value.title())
    pattern = {Pattern.SOLID: "", Pattern.CHECKED: "Plaid", Pattern.GRAPHIC_PRINT: "Graphic"}.get(
        attributes.pattern, attributes.pattern.title()
    )
    sleeve = "" if attributes.layer in _NO_SLEEVE_WORD or attributes.sleeve is None else _SEWN[attributes.sleeve]
    whose = "Unisex" if attributes.gender is Gender.UNISEX else f"{attributes.gender.value}'s"
    return f"{' '.join(word for word in (brand, whose, sleeve, pattern, kind) if word)} - {attributes.colour.title()}"


def japanese_title(brand: str, attributes: GarmentAttributes) -> str:
    """Write the brand in brackets, then gender, sleeve, pattern and category, then the colour."""
    sleeve = "" if attributes.layer in _NO_SLEEVE_WORD or attributes.sleeve is None else JAPANESE_SLEEVE[attributes.sleeve]
    pattern = "" if attributes.pattern is Pattern.SOLID else JAPANESE_PATTERN[attributes.pattern]
    kind = f"{sleeve}{pattern}{JAPANESE_TYPE[attributes.type]}"
    return f"【{brand}】{JAPANESE_GENDER[attributes.gender]} {kind} {JAPANESE_COLOUR[attributes.colour]}"


def english_description(attributes: GarmentAttributes) -> str:
    """Write two plain sentences that a shop could print."""
    pattern = "a solid colour" if attributes.pattern is Pattern.SOLID else f"a {attributes.pattern} pattern"
    sleeve = f" with {attributes.sleeve}" if attributes.sleeve not in (None, Sleeve.SLEEVELESS) else ""
    return (
        f"{attributes.type.value.capitalize()} in {attributes.colour}, {pattern}{sleeve}. "
        f"Made for {attributes.usage} wear and easy to combine."
    )


def japanese_description(attributes: GarmentAttributes) -> str:
    """Write one plain sentence that a Japanese shop could print."""
    kind = f"{JAPANESE_PATTERN[attributes.pattern]}{JAPANESE_TYPE[attributes.type]}"
    return f"{JAPANESE_COLOUR[attributes.colour]}の{kind}。毎日のコーディネートに合わせやすい一品です。"
