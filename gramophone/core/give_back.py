"""Items that a provider wants back with the next request, and the model that they belong to."""

from __future__ import annotations

from gramophone.core.frozen import frozen


@frozen
class GiveBack:
    """An item as JSON text, unchanged: a signed thought, encrypted reasoning.

    It means nothing to another model than that of `provider` and `model`, and may hold what the
    user has confided to that one: it goes to no other. Both are empty where they are not known.
    """

    item: str
    provider: str = ""
    model: str = ""

    def belongs_to(self, provider: str, model: str) -> bool:
        """Whether it came from this model."""
        return (self.provider, self.model) == (provider, model)
