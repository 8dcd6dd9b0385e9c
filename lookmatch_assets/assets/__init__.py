"""The assets of the pipeline, in the order in which one run of the chain makes them."""
