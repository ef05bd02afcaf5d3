"""How a model is made to keep to a reply's shape."""

from enum import StrEnum


class Shaping(StrEnum):
    """By a JSON schema, as a function's arguments, or by words alone. Auto: the first of them that the server takes."""

    AUTO = "auto"
    JSON_SCHEMA = "json_schema"
    FUNCTION_CALLING = "function_calling"
    TEXT = "text"
