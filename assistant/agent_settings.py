"""Settings of the agent: how much one question may use."""

from pydantic import Field

from assistant.settings_section import Section

#: Why there is no agent, and how to get one.
NO_MODEL = (
    'no model is set for the agent: put into journeys.toml [models.default] with model = "openai:gpt-5-mini", and your '
    'key in OPENAI_API_KEY; or for a local server (vLLM, Ollama) model = "openai:NAME" and '
    'base_url = "http://127.0.0.1:8000/v1"; then try: journeys doctor'
)


class AgentSettings(Section):
    """For one question: model_calls, tool_calls: at most so many. max_tokens: of input and output together. max_cost:
    in the currency of the prices, None for no limit. timeout: seconds, after which no call begins. tool_timeout:
    seconds for one call of a tool. rows: that one call of a tool tells. context_tokens: from so many on, older results
    of tools are left out of what the model is sent."""

    model_calls: int = Field(default=12, ge=1)
    tool_calls: int = Field(default=24, ge=1)
    max_tokens: int = Field(default=150_000, ge=1_000)
    max_cost: float | None = Field(default=None, ge=0)
    timeout: float = Field(default=300.0, gt=0)
    tool_timeout: float = Field(default=30.0, gt=0)
    rows: int = Field(default=20, ge=1, le=200)
    context_tokens: int = Field(default=30_000, ge=1_000)
