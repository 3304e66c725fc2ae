"""In which order the leaves of a payload are read: as its type writes them, one element of a list after the other.

Disclosures arrive in any order (P2.3), so the order of the bytes says nothing.
"""

from typing import Any, get_args

from pydantic import BaseModel

Place = tuple[int, ...]


def place_of(pointer: str, model: type[BaseModel] | None) -> Place:
    """Where the leaf at a JSON pointer is read, to sort by; what the type does not name comes last."""
    place: list[int] = []
    for step in pointer.split("/")[1:]:
        if step.isdigit():
            place.append(int(step))
            continue
        names = list(model.model_fields) if model is not None else []
        place.append(names.index(step) if step in names else len(names))
        model = model_below(model, step)
    return tuple(place)


def model_below(model: type[BaseModel] | None, name: str) -> type[BaseModel] | None:
    """The payload that a field holds, itself or as elements of its list; None for a plain value."""
    field = model.model_fields.get(name) if model is not None else None
    return _model_in(field.annotation) if field is not None else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in get_args(annotation))
    return next((model for model in found if model is not None), None)


def element_of(pointer: str) -> str:
    """The pointer of the list element that a leaf is part of ("/chain/0" for "/chain/0/role"); "" for none."""
    steps = pointer.split("/")
    for place in range(len(steps) - 2, 0, -1):
        if steps[place].isdigit():
            return "/".join(steps[: place + 1])
    return ""
