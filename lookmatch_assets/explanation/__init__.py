"""Why a thing is as it is: where a product came from, and what keeps it from being found."""
