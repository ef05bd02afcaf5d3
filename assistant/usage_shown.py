"""What models used, and where they have no part, in a line or two."""

from collections.abc import Mapping

from assistant.kept_usage import UsageByStep
from chains.metering import Usage
from chains.wording import count_text

_REASONS_SHOWN = 5


def usage_text(usage: Usage) -> str:
    """What the calls used."""
    cost = f", cost {usage.cost:.4f}" if usage.cost else ""
    return f"{count_text(usage.calls, 'call')}, {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out{cost}"


def usage_lines(used: UsageByStep, fell_back: Mapping[str, int]) -> list[str]:
    """A line a step and model, and a line a reason why a model has no part, the commonest first."""
    lines = [f"{model} for {step}: {usage_text(usage)}" for (step, model), usage in used.items()]
    ranked = sorted(fell_back.items(), key=lambda each: (-each[1], each[0]))
    lines += [f"without a model for {count_text(users, 'user')}: {why}" for why, users in ranked[:_REASONS_SHOWN]]
    if len(ranked) > _REASONS_SHOWN:
        lines.append(f"and {count_text(len(ranked) - _REASONS_SHOWN, 'more reason')}; --json has all of them")
    return lines
