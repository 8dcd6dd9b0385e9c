"""Words for the visible attributes of a product, and the prompts that ask an encoder about them.

A label is what the rest of lookmatch reads ("t-shirt", "navy blue"); a phrase is how a caption or a query may say it. Every label
is its own first phrase. The vocabularies follow the retailer columns of the training data (143 article types, 46 colours), with
words that stylists and language models use added as further phrases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TYPE_PHRASES: Mapping[str, Sequence[str]] = {
    "Tshirts": ("t-shirt", "tee", "tshirt", "crew neck t-shirt"),
    "Polo": ("polo shirt", "polo t-shirt", "polo"),
    "Shirts": ("shirt", "button-down shirt", "button-up shirt", "collared shirt"),
    "Casual Shoes": ("casual shoes", "sneakers", "trainers", "casual sneakers"),
    "Sports Shoes": ("sports shoes", "running shoes", "athletic shoes", "training shoes"),
    "Formal Shoes": ("formal shoes", "dress shoes", "oxford shoes", "leather shoes"),
    "Kurtas": ("kurta", "long kurta"),
    "Kurtis": ("kurti", "short kurta"),
    "Tops": ("top", "blouse", "women's top"),
    "Heels": ("heels", "high heels", "pumps", "heeled shoes"),
    "Flats": ("flats", "flat shoes", "ballet flats"),
    "Flip Flops": ("flip flops", "slippers", "thong sandals"),
    "Sandals": ("sandals", "open sandals"),
    "Sports Sandals": ("sports sandals", "floaters"),
    "Booties": ("booties", "baby shoes"),
    "Handbags": ("handbag", "hand bag", "tote bag", "shoulder bag", "purse"),
    "Clutches": ("clutch", "clutch bag", "evening bag"),
    "Backpacks": ("backpack", "rucksack", "school bag"),
    "Messenger Bag": ("messenger bag", "crossbody bag", "sling bag"),
    "Laptop Bag": ("laptop bag", "briefcase"),
    "Duffel Bag": ("duffel bag", "gym bag", "travel bag"),
    "Wallets": ("wallet", "leather wallet"),
    "Belts": ("belt", "leather belt"),
    "Watches": ("watch", "wrist watch", "wristwatch"),
    "Sunglasses": ("sunglasses", "shades", "aviator sunglasses"),
    "Caps": ("cap", "baseball cap"),
    "Hat": ("hat", "sun hat", "fedora", "beanie"),
    "Ties": ("tie", "necktie"),
    "Socks": ("socks", "pair of socks"),
    "Scarves": ("scarf",),
    "Stoles": ("stole", "shawl"),
    "Mufflers": ("muffler", "winter scarf"),
    "Dupatta": ("dupatta",),
    "Gloves": ("gloves",),
    "Earrings": ("earrings", "ear studs"),
    "Pendant": ("pendant", "pendant necklace"),
    "Necklace and Chains": ("necklace", "chain necklace", "chain"),
    "Ring": ("ring", "finger ring"),
    "Bangle": ("bangle", "bangles"),
    "Bracelet": ("bracelet", "wristband bracelet"),
    "Jewellery Set": ("jewellery set",),
    "Cufflinks": ("cufflinks",),
    "Jeans": ("jeans", "denim jeans", "denim pants", "denim trousers"),
    "Trousers": ("trousers", "chinos", "dress pants", "slacks", "cargo pants"),
    "Track Pants": ("track pants", "joggers", "sweatpants", "jogger pants"),
    "Lounge Pants": ("lounge pants", "pyjamas"),
    "Leggings": ("leggings",),
    "Jeggings": ("jeggings",),
    "Capris": ("capris", "cropped trousers", "three-quarter pants"),
    "Shorts": ("shorts", "bermuda shorts"),
    "Skirts": ("skirt", "mini skirt", "midi skirt"),
    "Dresses": ("dress", "gown", "midi dress", "one-piece dress"),
    "Jumpsuit": ("jumpsuit", "playsuit"),
    "Rompers": ("romper",),
    "Sarees": ("saree", "sari"),
    "Salwar": ("salwar",),
    "Churidar": ("churidar",),
    "Patiala": ("patiala",),
    "Kurta Sets": ("kurta set", "salwar suit"),
    "Lehenga Choli": ("lehenga choli", "lehenga"),
    "Tunics": ("tunic",),
    "Jackets": ("jacket", "outerwear jacket", "bomber jacket", "denim jacket"),
    "Rain Jacket": ("rain jacket", "raincoat"),
    "Nehru Jackets": ("nehru jacket",),
    "Blazers": ("blazer", "suit jacket"),
    "Waistcoat": ("waistcoat", "vest"),
    "Coat": ("coat", "overcoat", "trench coat"),
    "Cardigan": ("cardigan", "knit cardigan"),
    "Boots": ("boots", "ankle boots"),
    "Sweaters": ("sweater", "pullover", "jumper"),
    "Sweatshirts": ("sweatshirt", "sweat top"),
    "Hoodie": ("hoodie", "hooded sweatshirt"),
    "Shrug": ("shrug",),
    "Tracksuits": ("tracksuit",),
    "Swimwear": ("swimwear", "swimsuit"),
    "Night suits": ("night suit", "pyjama set"),
    "Nightdress": ("nightdress", "nightgown"),
    "Bath Robe": ("bath robe", "robe"),
    "Innerwear Vests": ("innerwear vest", "undershirt"),
    "Camisoles": ("camisole",),
    "Briefs": ("briefs", "underwear"),
    "Trunk": ("trunks", "boxer briefs"),
    "Boxers": ("boxers", "boxer shorts"),
    "Bra": ("bra", "brassiere"),
    "Stockings": ("stockings",),
    "Tights": ("tights",),
    "Suspenders": ("suspenders", "braces"),
    "Lounge Shorts": ("lounge shorts",),
    "Perfume and Body Mist": ("perfume", "body mist"),
    "Deodorant": ("deodorant",),
    "Nail Polish": ("nail polish",),
    "Lipstick": ("lipstick",),
    "Lip Gloss": ("lip gloss",),
}
"""Article type of the training data -> phrases; "Polo" and "Hoodie" are mined from names; "Coat", "Cardigan" and "Boots" come from drawn pictures. The first phrase is the label."""

PERSONAL_CARE_TYPES = ("Perfume and Body Mist", "Deodorant", "Nail Polish", "Lipstick", "Lip Gloss")
"""Types that are trained and searched, but that nobody wears: left out of the zero-shot type labels."""

COLOUR_PHRASES: Mapping[str, Sequence[str]] = {
    "Black": ("black", "jet black"), "White": ("white", "pure white"), "Blue": ("blue", "royal blue", "light blue", "sky blue"),
    "Brown": ("brown", "chocolate brown", "dark brown"), "Grey": ("grey", "gray", "light grey"), "Red": ("red", "bright red"),
    "Green": ("green", "dark green", "forest green"), "Pink": ("pink", "light pink", "blush pink"),
    "Navy Blue": ("navy blue", "navy", "dark blue"), "Purple": ("purple", "violet"), "Silver": ("silver",),
    "Yellow": ("yellow",), "Beige": ("beige", "sand"), "Gold": ("gold", "golden"), "Maroon": ("maroon", "dark red", "wine red"),
    "Orange": ("orange",), "Multi": ("multicoloured", "multi", "multi coloured"), "Olive": ("olive", "olive green"),
    "Cream": ("cream", "ivory"), "Steel": ("steel",), "Charcoal": ("charcoal", "charcoal grey", "dark grey"),
    "Peach": ("peach",), "Off White": ("off white", "off-white"), "Lavender": ("lavender", "lilac"), "Skin": ("skin", "skin coloured"),
    "Grey Melange": ("grey melange", "heather grey"), "Khaki": ("khaki",), "Magenta": ("magenta", "fuchsia"), "Teal": ("teal",),
    "Tan": ("tan", "camel"), "Copper": ("copper",), "Mustard": ("mustard", "mustard yellow"), "Bronze": ("bronze",),
    "Turquoise Blue": ("turquoise blue", "turquoise"), "Rust": ("rust", "rust orange"), "Burgundy": ("burgundy",),
    "Metallic": ("metallic",), "Rose": ("rose",), "Mauve": ("mauve",), "Coffee Brown": ("coffee brown",), "Nude": ("nude",),
    "Sea Green": ("sea green", "mint green"), "Mushroom Brown": ("mushroom brown",), "Taupe": ("taupe",),
    "Fluorescent Green": ("fluorescent green", "neon green"), "Lime Green": ("lime green",),
}
"""Base colour of the training data -> phrases."""

PATTERN_PHRASES: Mapping[str, Sequence[str]] = {
    "solid": ("solid", "plain", "solid colour"),
    "striped": ("striped", "stripes", "stripe"),
    "checked": ("checked", "checks", "plaid", "check"),
    "printed": ("printed", "print"),
    "graphic": ("graphic", "graphic print"),
    "floral": ("floral", "floral print", "flower print"),
    "polka dot": ("polka dot", "dotted", "polka dots"),
    "colourblocked": ("colourblocked", "colour block"),
    "embroidered": ("embroidered", "embroidery"),
}
SLEEVE_PHRASES: Mapping[str, Sequence[str]] = {
    "sleeveless": ("sleeveless", "no sleeves"),
    "short sleeves": ("short sleeves", "short-sleeved", "half sleeves", "short sleeve"),
    "three-quarter sleeves": ("three-quarter sleeves", "3/4 sleeves"),
    "long sleeves": ("long sleeves", "long-sleeved", "full sleeves", "long sleeve"),
}
GENDER_PHRASES: Mapping[str, Sequence[str]] = {
    "Men": ("men's", "men", "male", "mens"), "Women": ("women's", "women", "female", "womens", "ladies"),
    "Boys": ("boys'", "boys", "boy's", "kids boys"), "Girls": ("girls'", "girls", "girl's", "kids girls"), "Unisex": ("unisex",),
}
USAGE_PHRASES: Mapping[str, Sequence[str]] = {
    "Casual": ("casual", "casualwear", "everyday"), "Sports": ("sports", "sportswear", "activewear", "athletic"),
    "Formal": ("formal", "formalwear", "office", "business"), "Ethnic": ("ethnic", "ethnic wear", "traditional"),
    "Party": ("party", "partywear", "evening"), "Smart Casual": ("smart casual",), "Travel": ("travel",),
}
KIND_PHRASES: Mapping[str, Sequence[str]] = {
    "dress": ("dress",), "hat": ("hat", "cap", "headwear"), "longsleeve": ("longsleeve", "long sleeve top", "long-sleeved t-shirt"),
    "outwear": ("outwear", "outerwear", "jacket", "coat"), "pants": ("pants", "trousers", "jeans"), "shirt": ("shirt", "button-down shirt"),
    "shoes": ("shoes", "pair of shoes", "footwear"), "shorts": ("shorts",), "skirt": ("skirt",), "t-shirt": ("t-shirt", "tee", "tshirt"),
}
"""The ten kinds of the photos taken at home."""

TEMPLATES: Mapping[str, Sequence[str]] = {
    "type": ("a photo of a {}", "{}", "a {}", "a product photo of a {}", "a person wearing a {}"),
    "colour": ("{}", "a photo of a {} product", "{} colour", "{} clothes", "something {}"),
    "pattern": ("{}", "{} pattern", "a photo of {} clothes", "a {} garment"),
    "sleeve": ("{}", "a garment with {}", "a top with {}"),
    "gender": ("{}", "{} clothing", "{} fashion", "a product for {}"),
    "usage": ("{}", "{} wear", "for {} occasions", "a photo of {} clothes"),
    "kind": ("a photo of a {}", "{}", "a {}", "a photo of a {} at home", "a photo of a {} on the floor"),
}
"""Prompt templates by attribute; `{}` takes a phrase."""

ATTRIBUTE_PHRASES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "type": TYPE_PHRASES, "colour": COLOUR_PHRASES, "pattern": PATTERN_PHRASES, "sleeve": SLEEVE_PHRASES,
    "gender": GENDER_PHRASES, "usage": USAGE_PHRASES, "kind": KIND_PHRASES,
}  # fmt: skip
"""Attribute -> class name -> phrases."""
