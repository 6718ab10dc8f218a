"""The ``gongkai`` command line: one module a command."""
