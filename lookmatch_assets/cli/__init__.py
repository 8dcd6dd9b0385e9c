"""The ``lookmatch`` command, one module a noun."""
