"""What a language model is used for."""

from enum import StrEnum


class Role(StrEnum):
    """Each may have a model of its own."""

    NAMER = "namer"
    EXPANDER = "expander"
    EXPLAINER = "explainer"
    JUDGE = "judge"
    INFERRER = "inferrer"
    AGENT = "agent"
    COPYWRITER = "copywriter"
