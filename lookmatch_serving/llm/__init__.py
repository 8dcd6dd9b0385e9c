"""The Anthropic implementations of query generation and reranking; the client, its breaker and its prompts."""
