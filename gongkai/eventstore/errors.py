"""What can go wrong in the store. Each is named for what the caller does about it."""

from __future__ import annotations

from collections.abc import Iterable


class VersionConflict(Exception):
    """Another command appended to the stream first: load again, decide again. The transaction is lost."""

    def __init__(self, stream: str, expected: int) -> None:
        self.stream = stream
        self.expected = expected
        super().__init__(f"{stream} is no longer at version {expected}")


class DuplicateEvent(Exception):
    """An event with this id is already in the log; ids are drawn once and never reused."""


class AppendBusy(Exception):
    """The append lock was not free in time. Nothing was written; the same command may be tried again."""


class UnknownEventType(Exception):
    """The log holds an event this release does not know. Folds, projections and relays stop here.

    A service never decides on half a history: deploy the release that knows the type.
    """

    def __init__(self, name: str, schema: int) -> None:
        self.name = name
        self.schema = schema
        super().__init__(f"event type {name!r} with schema {schema} is not known to this release")


class CommandRaced(Exception):
    """Another transaction recorded one of these commands first: roll back, then answer from the ledger."""

    def __init__(self, command_ids: Iterable[str]) -> None:
        self.command_ids = tuple(command_ids)
        super().__init__(f"already recorded: {', '.join(self.command_ids)}")


class SubjectErased(Exception):
    """Personal data was to be written about a subject whose key has been destroyed."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        super().__init__(f"subject {subject} has been erased")
