"""One user's candidate, or why there is none."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice

from assistant.kept_candidates import NotifyRun
from chains.copywriting import Matter, Wish, fill_copy, is_fit, language_of, matter_of
from chains.experiment_arms import Arm
from chains.items import item_of
from chains.journeys import Journey, NamedBy
from chains.notification import (
    Candidate,
    Copy,
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
from chains.notification_choice import Choice, interest_options, journey_options
from chains.notification_rules import NotifyPolicy
from chains.quiet_hours import Slot
from chains.recommendation import Expansion, Recommended, must_rest
from chains.safety import SensitivityChecker, loss
from chains.topic_naming import Grounds, Said, entry_grounds, said_by, topics_of
from vectorstore.activity import Activity, ActivityKind, days_of, normalize

_ENTRIES, _NAMES = 3, 4
_KEYWORDS = 5

#: How near each of some phrases is to a phrase in meaning, as cosines.
Close = Callable[[str, Sequence[str]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate with a template's copy, and what another copy of it could be made of."""

    candidate: Candidate
    wish: Wish
    matter: Matter


Decided = Draft | Refusal


@dataclass(frozen=True)
class Known:
    """All that is known of a user who may be sent something. entry_of, entries: see `interest_options`. called: by id
    of an entry what it may be called in a message."""

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
    close: Close | None = None
    called: Callable[[str], tuple[str, ...]] | None = None

    @cached_property
    def keyed(self) -> list[tuple[str, Activity]]:
        """The events, each behind its normalized text."""
        keys = {text: normalize(text) for text in {event.text for event in self.events}}
        return [(keys[event.text], event) for event in self.events]


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
    interests = tuple(interest_options(harmless, known.entry_of, known.entries, known.sent, run.as_of, policy))
    both = {Arm.INTEREST: next(iter(interests), None), Arm.JOURNEY: next(iter(choice.options), None)}
    if known.arm is Arm.HOLDOUT and any(both.values()):
        return Refusal(user_id, Reason.HOLDOUT, choice.refused, known.arm, both)
    options = interests if known.arm is Arm.INTEREST else choice.options
    why = _why(known, choice)
    for option in options:
        events = _events_of(option, known, harmless)
        items = _items(option, known)
        wish = _wish(option, known, run, events, items)
        matter = matter_of(wish, checker) if events else Reason.NO_COPY
        copy = matter if isinstance(matter, Reason) else fill_copy(wish, matter, checker)
        if isinstance(matter, Matter) and isinstance(copy, Copy):
            candidate = Candidate(
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
                items=_shown(items, matter),
                language=language_of(known.recipient.language),
                segments=known.recipient.segments,
                both={**both, known.arm: option},
            )
            return Draft(candidate, wish, matter)
        # The reason of the best of them is told.
        if option is options[0] and isinstance(copy, Reason):
            why = copy
    return Refusal(user_id, why, choice.refused, known.arm, both)


def _why(known: Known, choice: Choice) -> Reason:
    if known.arm is Arm.INTEREST:
        return Reason.NO_INTEREST
    return choice.nearest or Reason.NO_JOURNEY


def _harmless(known: Known, may_tell: Callable[[str], bool]) -> list[Activity]:
    """The user's activity without what belongs to a journey that must rest or must not be told, and without texts that
    might be sensitive."""
    resting = (each for each in known.journeys if must_rest(each) or loss(each.texts) or each.journey_id in known.never)
    barred = {normalize(text) for journey in resting for text in journey.texts}
    texts = {key for key, _ in known.keyed} - barred
    fit = {text for text in texts if may_tell(text)}
    return [event for key, event in known.keyed if key in fit]


def _events_of(option: Option, known: Known, harmless: Sequence[Activity]) -> list[Activity]:
    """The activity behind an option, in order of time."""
    if option.kind is TargetKind.INTEREST:
        return [event for event in harmless if known.entry_of.get(normalize(event.text)) == option.target_id]
    journey = next(each for each in known.journeys if each.journey_id == option.source_id)
    texts = {normalize(text) for text in journey.texts}
    return [event for key, event in known.keyed if key in texts]


def _items(option: Option, known: Known) -> list[ShownItem]:
    """What to show: of a journey its own entry's items before those of what it leads to; none that the user has met."""
    related = [each for each in known.recommended.items if each.entry_id == option.target_id]
    if option.kind is TargetKind.EXPANSION:
        return [ShownItem(each.item, each.text) for each in related]
    own = [option.target_id] if option.kind is TargetKind.INTEREST else _entries_of(option, known)
    seen = {item for event in known.events if (item := item_of(event)) is not None}
    seen |= {key for key, _ in known.keyed}
    of_entries = (item for entry_id in own for item in known.entries[entry_id].items)
    fresh = [each for each in of_entries if each.item not in seen and normalize(each.text) not in seen]
    led = [each for each in known.recommended.items if each.because.journey_id == option.source_id]
    own_items = [ShownItem(each.item, each.text) for each in fresh]
    return list(dict.fromkeys([*own_items, *(ShownItem(each.item, each.text) for each in led)]))


def _shown(items: Sequence[ShownItem], matter: Matter) -> tuple[ShownItem, ...]:
    """Those that the message is about; of two of one title the first."""
    by_title = {each.text: each for each in reversed(items)}
    return tuple(by_title[title] for title in matter.items)


def _entries_of(option: Option, known: Known) -> list[str]:
    """The entries of the catalogue that several of a journey's texts are nearest to, those of most texts first."""
    journey = next(each for each in known.journeys if each.journey_id == option.source_id)
    entries = Counter(known.entry_of[text] for text in map(normalize, journey.texts) if text in known.entry_of)
    least = min(2, len(journey.texts))
    found = [each for each, count in entries.items() if count >= least and each in known.entries]
    return sorted(found, key=lambda each: (-entries[each], each))[:_ENTRIES]


def _wish(option: Option, known: Known, run: NotifyRun, events: Sequence[Activity], items: Sequence[ShownItem]) -> Wish:
    used = [each.template for each in known.sent if each.template and each.channel == run.channel.value]
    return Wish(
        option=option,
        channel=run.channel,
        language=known.recipient.language,
        items=tuple(each.text for each in items),
        seed=f"{known.recipient.user_id}:{run.day.isoformat()}:{run.channel.value}",
        not_again=tuple(used[-1:]),
        grounds=_grounds(option, known, events),
        source=_journey_grounds(option, known, events) if option.kind is TargetKind.EXPANSION else None,
    )


def _grounds(option: Option, known: Known, events: Sequence[Activity]) -> Grounds:
    """What the name of a message's topic rests on: of a journey its own texts, of an entry of the catalogue the words
    that its users share."""
    if option.kind is TargetKind.JOURNEY:
        return _journey_grounds(option, known, events)
    if option.kind is TargetKind.INTEREST:
        return entry_grounds(known.entries[option.target_id], events)
    return Grounds(tuple(map(Said, option.keywords)), (option.name,), least=1)


def _journey_grounds(option: Option, known: Known, events: Sequence[Activity]) -> Grounds:
    """Named by the catalogue where the journey is matched, else by itself. Boards are left out: what somebody calls a
    board means something to himself."""
    journey = next(each for each in known.journeys if each.journey_id == option.source_id)
    said = said_by([(event.text, event.annotations) for event in events if event.kind is not ActivityKind.BOARD])
    called = known.called or called_by(known.entries)
    shared = [name for entry_id in _entries_of(option, known) for name in called(entry_id)]
    given = () if journey.named_by is NamedBy.KEYWORD else (journey.name,)
    return Grounds(said, (journey.name,), tuple(shared), given, min(len(said), 2), known.close)


def called_by(entries: Mapping[str, Expansion]) -> Callable[[str], tuple[str, ...]]:
    """What each of these entries may be called in a message; found once each."""

    @cache
    def called(entry_id: str) -> tuple[str, ...]:
        return tuple(topic.phrase.text for topic in islice(topics_of(entry_grounds(entries[entry_id])), _NAMES))

    return called


def _receipts(option: Option, events: Sequence[Activity], checker: SensitivityChecker) -> Receipts:
    return Receipts(
        first_seen=events[0].timestamp,
        last_seen=events[-1].timestamp,
        events=len(events),
        active_days=len(days_of(events)),
        kinds=Counter(event.kind.value for event in events),
        keywords=tuple(text for text in option.keywords if is_fit(text, checker))[:_KEYWORDS],
    )
