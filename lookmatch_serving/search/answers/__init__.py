"""What becomes of an answer: response cache, stored answers, pages, query log."""
