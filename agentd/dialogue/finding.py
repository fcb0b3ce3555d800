"""One thing the linter has to say."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing the linter has to say. An "error" means: do not call anybody with this."""

    level: Literal["error", "warning"]
    place: str
    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.message}\n  mend: {self.mend}"
