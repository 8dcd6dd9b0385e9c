"""The four stages: query generation, vectorisation, candidate retrieval, reranking."""
