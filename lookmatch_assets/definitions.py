"""The code location that Dagster loads."""

import dagster as dg

from lookmatch_assets.defs.assembly import assemble


@dg.definitions
def defs() -> dg.Definitions:
    """Everything that is materialised."""
    return assemble({})
