"""From the parser's kinds, which are those of street photos' labels, to the types that catalogue and encoders speak of."""

from __future__ import annotations

from collections.abc import Mapping

TYPES_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "blazer": ("blazer", "nehru jacket"),
    "coat": ("coat", "rain jacket", "shrug"),
    "cardigan": ("cardigan", "shrug"),
    "jacket": ("jacket", "rain jacket", "nehru jacket"),
    "vest": ("waistcoat",),
    "blouse": ("top", "shirt", "tunic", "camisole", "kurti"),
    "hoodie": ("hoodie", "sweatshirt"),
    "shirt": ("shirt", "kurta"),
    "sweater": ("sweater",),
    "sweatshirt": ("sweatshirt",),
    "t-shirt": ("t-shirt", "polo shirt"),
    "top": ("top", "camisole", "tunic", "kurti", "kurta"),
    "dress": ("dress", "saree", "kurta set", "lehenga choli"),
    "romper": ("jumpsuit", "romper"),
    "jeans": ("jeans", "jeggings"),
    "leggings": ("leggings", "jeggings", "churidar"),
    "pants": ("trousers", "track pants", "lounge pants", "capris", "salwar", "churidar", "patiala"),
    "skirt": ("skirt",),
    "shorts": ("shorts",),
    "boots": ("boots",),
    "flats": ("flats",),
    "heels": ("heels",),
    "loafers": ("casual shoes", "formal shoes"),
    "sandals": ("sandals", "sports sandals", "flip flops"),
    "shoes": ("casual shoes", "formal shoes", "sports shoes"),
    "sneakers": ("casual shoes", "sports shoes"),
    "wedges": ("heels",),
    "bag": ("handbag", "backpack", "messenger bag", "laptop bag", "duffel bag"),
    "purse": ("handbag", "clutch"),
    "sunglasses": ("sunglasses",),
    "glasses": ("sunglasses",),
    "hat": ("hat", "cap"),
    "scarf": ("scarf", "stole", "muffler", "dupatta"),
    "belt": ("belt",),
}
"""Kind -> the types that it may be in a shop, the commonest first."""

COMMONEST = 0.5
"""Share of a kind that its commonest type has before an encoder has looked."""


def likely_types(kinds: Mapping[str, float], seen: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the probability of each type, the likeliest first: the parser says the kind, an encoder which of its types it is.

    Args:
        kinds: probability of each kind, of a garment.
        seen: probability of each type by the encoder, of the garment's cut-out; without it the commonest types count.
    """
    shares: dict[str, float] = {}
    for kind, share in kinds.items():
        types = TYPES_OF_KIND.get(kind, ())
        rest = (1 - COMMONEST) / max(1, len(types) - 1)
        prior = {name: 1.0 if len(types) == 1 else COMMONEST if number == 0 else rest for number, name in enumerate(types)}
        fits = {
            name: prior[name] * ((seen or {}).get(name, 0.0) if seen is not None else 1.0) + 1e-6 * prior[name] for name in types
        }
        total = sum(fits.values())
        for name in types:
            shares[name] = shares.get(name, 0.0) + share * fits[name] / total
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
