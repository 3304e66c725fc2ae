"""The common ground of every payload a feature speaks (P2.5)."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Payload(BaseModel):
    """A part of a message; what this release does not know is kept.

    Its plain JSON form leaves out what is empty, for each leaf costs a signed disclosure. A number 0 is kept; a plain
    no is kept by the payloads that say so, for there it is an answer.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    keeps_no: ClassVar[bool] = False

    @model_serializer(mode="wrap")
    def _without_empty(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in dump(self).items() if not self._is_empty(value)}

    def _is_empty(self, value: Any) -> bool:
        if value is False:
            return not self.keeps_no
        return value is None or (isinstance(value, str | list | dict) and not value)

    def to_body(self) -> dict[str, Any]:
        """The plain JSON form."""
        return self.model_dump(mode="json")
