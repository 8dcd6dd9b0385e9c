"""Before the stages: what a request names is looked up, its look, index and encoder, and the shopper's preferences."""
