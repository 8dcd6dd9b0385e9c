"""The sample catalogue: products, looks and vendor feeds that the project draws and writes itself.

Everything here is deterministic and free of the orchestrator and of any model, so that demos, tests and the encoder's
training can rely on products whose attributes are known exactly.
"""
