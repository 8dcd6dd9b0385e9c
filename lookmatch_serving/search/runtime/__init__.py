"""What every stage runs under: deadline, trace, concurrency limit, cache."""

from lookmatch_serving.search.runtime.concurrency_limit import ConcurrencyLimit
from lookmatch_serving.search.runtime.deadline import Deadline
from lookmatch_serving.search.runtime.trace import Observer, Trace

__all__ = ["ConcurrencyLimit", "Deadline", "Observer", "Trace"]
