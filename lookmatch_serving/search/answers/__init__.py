"""What becomes of an answer: response cache, stored answers, pages, query log."""

from lookmatch_serving.search.answers.pages import Pages
from lookmatch_serving.search.answers.query_log import log_query
from lookmatch_serving.search.answers.response_cache import ResponseCache
from lookmatch_serving.search.answers.stored_answers import stored_answer

__all__ = ["Pages", "ResponseCache", "log_query", "stored_answer"]
