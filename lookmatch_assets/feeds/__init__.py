"""Ingestion: vendors' formats, packets, the stream and the consumer that lands them. Nothing here imports the orchestrator.

A feed's way: ``formats`` read a file into raw records -> ``packet`` wraps each in a CloudEvents envelope -> ``publisher`` puts
them on the stream -> ``consumer`` takes them off -> ``landing`` stores, quarantines and refreshes offers in one transaction.
"""
