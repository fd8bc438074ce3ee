"""What every record of a component has in common."""

from __future__ import annotations


class Record:
    """Base of the records: frozen dataclasses with a `name` and a `code`; the code is the name where none is given."""

    __slots__ = ()

    name: str
    code: str

    def __post_init__(self) -> None:
        if not self.code:
            object.__setattr__(self, "code", self.name)  # the records are frozen
