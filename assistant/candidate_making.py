"""One user's candidate, or why there is none."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from assistant.kept_candidates import NotifyRun
from chains.copywriting import Wish, is_fit, language_of, write_copy
from chains.experiment_arms import Arm
from chains.items import item_of
from chains.journeys import Journey
from chains.notification import (
    Candidate,
    Option,
    Reason,
    Receipts,
    Recipient,
    Refusal,
    Sent,
    ShownItem,
    TargetKind,
    candidate_key,
)
from chains.notification_choice import Choice, interest_option, journey_options
from chains.notification_rules import NotifyPolicy
from chains.quiet_hours import Slot
from chains.recommendation import Expansion, Recommended, must_rest
from chains.safety import SensitivityChecker, loss
from chains.targets import focus_of
from vectorstore.activity import Activity, days_of, normalize

_ITEMS = 6
_LEAD_WORDS = 5
_LEAD_CHARACTERS = 40
_KEYWORDS = 5

Decided = Candidate | Refusal


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a user who may be sent something. entry_of, entries: see `interest_option`."""

    recipient: Recipient
    events: Sequence[Activity]
    journeys: Sequence[Journey]
    recommended: Recommended
    entry_of: Mapping[str, str]
    entries: Mapping[str, Expansion]
    never: AbstractSet[str]
    sent: Sequence[Sent]
    slot: Slot
    arm: Arm


def decide(
    known: Known,
    run: NotifyRun,
    policy: NotifyPolicy,
    salt: str,
    checker: SensitivityChecker,
    may_tell: Callable[[str], bool],
) -> Decided:
    """The candidate of the user's arm, or why there is none. Both arms' targets are found in any case.

    may_tell: `fit_to_tell`, which many users' equal texts need be asked only once.
    """
    user_id = known.recipient.user_id
    choice = journey_options(known.journeys, known.recommended.journeys, known.never, known.sent, run.day, policy)
    harmless = _harmless(known, may_tell)
    interest = interest_option(harmless, known.entry_of, known.entries, known.sent, run.as_of, policy)
    both = {Arm.INTEREST: interest, Arm.JOURNEY: next(iter(choice.options), None)}
    if known.arm is Arm.HOLDOUT and any(both.values()):
        return Refusal(user_id, Reason.HOLDOUT, choice.refused, known.arm, both)
    options = choice.options if known.arm is not Arm.INTEREST else tuple(filter(None, [interest]))
    for option in options:
        events = _events_of(option, known, harmless)
        items = _items(option, known)
        copy = write_copy(_wish(option, known, run, events, items), checker) if events else None
        if copy is not None:
            return Candidate(
                key=candidate_key(user_id, run.channel, run.day, salt),
                user_id=user_id,
                channel=run.channel,
                day=run.day,
                arm=known.arm,
                target=option,
                copy=copy,
                send_after=known.slot.after,
                send_before=known.slot.before,
                receipts=_receipts(option, events, checker),
                items=tuple(each for each in items if is_fit(each.text, checker)),
                language=language_of(known.recipient.language),
                segments=known.recipient.segments,
                both={**both, Arm.JOURNEY: option if known.arm is Arm.JOURNEY else both[Arm.JOURNEY]},
            )
    return Refusal(user_id, _why(known, choice, bool(options)), choice.refused, known.arm, both)


def _why(known: Known, choice: Choice, had_options: bool) -> Reason:
    if had_options:
        return Reason.NO_COPY
    if known.arm is Arm.INTEREST:
        return Reason.NO_INTEREST
    return choice.nearest or Reason.NO_JOURNEY


def _harmless(known: Known, may_tell: Callable[[str], bool]) -> list[Activity]:
    """The user's activity without what belongs to a journey that must rest or must not be told, and without texts that
    might be sensitive."""
    resting = (each for each in known.journeys if must_rest(each) or loss(each.texts) or each.journey_id in known.never)
    barred = {normalize(text) for journey in resting for text in journey.texts}
    texts = {normalize(event.text) for event in known.events} - barred
    fit = {text for text in texts if may_tell(text)}
    return [event for event in known.events if normalize(event.text) in fit]


def _events_of(option: Option, known: Known, harmless: Sequence[Activity]) -> list[Activity]:
    """The activity behind an option, in order of time."""
    if option.kind is TargetKind.INTEREST:
        return [event for event in harmless if known.entry_of.get(normalize(event.text)) == option.target_id]
    journey = next(each for each in known.journeys if each.journey_id == option.source_id)
    texts = {normalize(text) for text in journey.texts}
    return [event for event in known.events if normalize(event.text) in texts]


def _items(option: Option, known: Known) -> list[ShownItem]:
    """What to show: of a journey its own entry's items before those of what it leads to; none that the user has met."""
    if option.kind is TargetKind.INTEREST:
        seen = {item for event in known.events if (item := item_of(event)) is not None}
        seen |= {normalize(event.text) for event in known.events}
        of_entry = known.entries[option.target_id].items
        fresh = (each for each in of_entry if each.item not in seen and normalize(each.text) not in seen)
        return [ShownItem(each.item, each.text) for each in fresh][:_ITEMS]
    related = {each.entry_id for each in known.recommended.journeys}
    if option.kind is TargetKind.EXPANSION:
        found = [each for each in known.recommended.items if each.entry_id == option.target_id]
    else:
        led = [each for each in known.recommended.items if each.because.journey_id == option.source_id]
        found = [each for each in led if each.entry_id not in related]
    return [ShownItem(each.item, each.text) for each in found][:_ITEMS]


def _wish(option: Option, known: Known, run: NotifyRun, events: Sequence[Activity], items: Sequence[ShownItem]) -> Wish:
    used = [each.template for each in known.sent if each.template and each.channel == run.channel.value]
    return Wish(
        option=option,
        channel=run.channel,
        language=known.recipient.language,
        items=tuple(each.text for each in items),
        seed=f"{known.recipient.user_id}:{run.day.isoformat()}:{run.channel.value}",
        not_again=tuple(used[-1:]),
        leads=_leads(option, known, run, events),
    )


def _leads(option: Option, known: Known, run: NotifyRun, events: Sequence[Activity]) -> tuple[str, ...]:
    """What the user is at in a journey, where that is short and he met it more than once."""
    if option.kind is not TargetKind.JOURNEY or not events:
        return ()
    focus = focus_of(events, run.as_of)
    often = Counter(normalize(event.text) for event in events)
    if focus is None or often[focus] < 2 or len(focus.split()) > _LEAD_WORDS or len(focus) > _LEAD_CHARACTERS:
        return ()
    return (next(event.text for event in reversed(events) if normalize(event.text) == focus),)


def _receipts(option: Option, events: Sequence[Activity], checker: SensitivityChecker) -> Receipts:
    return Receipts(
        first_seen=events[0].timestamp,
        last_seen=events[-1].timestamp,
        events=len(events),
        active_days=len(days_of(events)),
        kinds=Counter(event.kind.value for event in events),
        keywords=tuple(text for text in option.keywords if is_fit(text, checker))[:_KEYWORDS],
    )
