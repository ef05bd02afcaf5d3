"""One run of notification candidates: for each user one, or the reason why there is none."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import cached_property, lru_cache, partial
from itertools import islice

from assistant.candidate_making import Decided, Draft, Known, called_by, decide
from assistant.expansions import Built, Expansions
from assistant.forgotten import ForgottenUsers
from assistant.kept_candidates import NotifyRun
from assistant.library import Library
from assistant.recommending import recommend_in
from assistant.users_file import UsersFile
from chains.experiment_arms import Arm
from chains.journeys import Journey
from chains.model_safety import fit_to_tell
from chains.notification import Candidate, Channel, Copy, Reason, Recipient, Refusal
from chains.notification_rules import NotifyPolicy, find_slot, refuse_journey, refuse_often, refuse_user
from chains.recommendation import Expansion, Recommended
from chains.safety import SensitivityChecker
from vectorstore.activity import Activity, normalize
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings

_USERS_AT_ONCE = 500
_TEXTS_KEPT = 50_000

ArmOf = Callable[[str], Arm]
#: What makes of a draft its final copy.
WriteOf = Callable[[Draft], Copy]
#: Of users with their journeys, the ids for which nothing is ever to be sent; users without any may be left out.
NeverOf = Callable[[Mapping[str, Sequence[Journey]]], Mapping[str, Collection[str]]]


def everybody_by_journey(user_id: str) -> Arm:
    """No experiment: everybody is told about his journeys."""
    return Arm.JOURNEY


def nothing_barred(journeys: Mapping[str, Sequence[Journey]]) -> Mapping[str, Collection[str]]:
    """Nobody said of a journey that nothing is to be sent for it."""
    return {}


def as_templates_have_it(draft: Draft) -> Copy:
    """No model writes."""
    return draft.candidate.copy


@dataclass(frozen=True, slots=True)
class NotifyPlan:
    """How candidates are made. zone: of users without one. salt: of the keys. write_of: is asked for several drafts
    side by side, at_once of them."""

    policy: NotifyPolicy
    zone: tzinfo
    salt: str
    arm_of: ArmOf = everybody_by_journey
    never_of: NeverOf = nothing_barred
    write_of: WriteOf = as_templates_have_it
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class NotifySummary:
    """candidates: by arm. reasons: users who are told nothing, by reason. forgotten: users of whom nothing may be kept,
    not even why. users: all of them. rejected: rows of the users file that could not be read. written: candidates that
    a model wrote; fell_back: why it did not write others, with how many."""

    run: NotifyRun
    candidates: Mapping[Arm, int]
    reasons: Mapping[Reason, int]
    forgotten: int
    users: int
    rejected: Counter[str] = field(default_factory=Counter)
    written: int = 0
    fell_back: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sources:
    """Where what is known of users comes from. users: None where there is no users file, so that nobody agreed."""

    log: ActivityLog
    library: Library
    embeddings: CachedEmbeddings
    expansions: Expansions
    checker: SensitivityChecker
    forgotten: ForgottenUsers
    users: UsersFile | None = None

    @cached_property
    def may_tell(self) -> Callable[[str], bool]:
        """`fit_to_tell`, with the last answers kept: users have many texts in common."""
        return lru_cache(_TEXTS_KEPT)(partial(fit_to_tell, checker=self.checker))

    def close(self, phrase: str, others: Sequence[str]) -> list[float]:
        """Cosines of normalized phrases, whose vectors are kept where they are keywords."""
        vectors = self.embeddings.embed([phrase, *others])
        return [float(value) for value in vectors[1:] @ vectors[0]]


def notify_users(
    sources: Sources,
    channel: Channel,
    as_of: datetime,
    plan: NotifyPlan,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> NotifySummary:
    """Decides for every user of the log and of the users file, and keeps it in the ledger. Memory does not grow with
    users. The same run again, also after a kill, decides all anew and comes to the same."""
    ledger = sources.library.ledger
    run = ledger.begin(channel, as_of)
    done = forgotten = 0
    total = sum(1 for _ in sources.log.users())
    on_progress(0, total)
    for batch in _everybody(sources, as_of):
        is_forgotten = sources.forgotten.matcher()
        known = [each for each in batch if not is_forgotten(each[0])]
        forgotten += len(batch) - len(known)
        decided = _written(list(_decide(known, sources, run, plan)), plan)
        # Asked again: somebody may have been forgotten meanwhile.
        is_forgotten = sources.forgotten.matcher()
        kept = [each for each in decided if not is_forgotten(each.user_id)]
        ledger.put(
            run,
            [each for each in kept if isinstance(each, Candidate)],
            [each for each in kept if isinstance(each, Refusal)],
        )
        done += len(batch)
        on_progress(min(done, total), total)
    ledger.finish(run)
    rejected = sources.users.rejected if sources.users is not None else Counter()
    arms: Counter[Arm] = Counter()
    fell_back: Counter[str] = Counter()
    written = 0
    for row in ledger.rows(channel, run.day):
        arms[Arm(row["arm"])] += 1
        written += bool(row.get("model"))
        if row["fallback"]:
            fell_back[row["fallback"]] += 1
    reasons = ledger.reasons(channel, run.day)
    told = dict(sorted(arms.items()))
    return NotifySummary(run, told, reasons, forgotten, done, rejected, written, dict(sorted(fell_back.items())))


def _written(decided: Sequence[Decided], plan: NotifyPlan) -> list[Candidate | Refusal]:
    """The drafts with their final copy, all in their order."""
    drafts = [each for each in decided if isinstance(each, Draft)]
    if plan.write_of is as_templates_have_it:
        copies = iter([each.candidate.copy for each in drafts])
    else:
        with ThreadPoolExecutor(plan.at_once) as pool:
            copies = iter(list(pool.map(plan.write_of, drafts)))
    return [replace(each.candidate, copy=next(copies)) if isinstance(each, Draft) else each for each in decided]


def _everybody(sources: Sources, as_of: datetime) -> Iterator[list[tuple[str, list[Activity]]]]:
    """In batches, those with activity, then those who are in the users file alone."""
    active = sources.log.stream(until=as_of)
    while batch := list(islice(active, _USERS_AT_ONCE)):
        if sources.users is not None:
            sources.users.meet([user_id for user_id, _ in batch])
        yield batch
    if sources.users is not None:
        silent = sources.users.not_met()
        while some := list(islice(silent, _USERS_AT_ONCE)):
            yield [(user_id, []) for user_id in some]


def _decide(
    batch: Sequence[tuple[str, list[Activity]]], sources: Sources, run: NotifyRun, plan: NotifyPlan
) -> Iterator[Decided]:
    ids = [user_id for user_id, _ in batch]
    recipients: Mapping[str, Recipient] = {}
    if sources.users is not None:
        recipients = sources.users.recipients(ids)
    asked: list[tuple[str, list[Activity]]] = []
    for user_id, events in batch:
        if refused := refuse_user(recipients.get(user_id), run.channel):
            yield Refusal(user_id, refused, arm=plan.arm_of(user_id))
        else:
            asked.append((user_id, events))
    wanted = [user_id for user_id, _ in asked]
    policy = plan.policy
    recent = sources.library.ledger.recent(wanted, run, max(policy.cool_down_days, policy.repeat_days))
    journeys = sources.library.journeys_of(wanted)
    with sources.expansions.reading() as built:
        usable = built if built is not None and built.about.embedding == sources.embeddings.model else None
        located = _entries(asked, usable, sources.embeddings)
        called, never = called_by(located[1]), plan.never_of(journeys)
        for user_id, events in asked:
            slot = find_slot(recipients[user_id].zone, plan.zone, run.as_of, policy)
            sent = recent.get(user_id, [])
            refused = refuse_often(sent, run.day, policy) or (slot if isinstance(slot, Reason) else None)
            if refused or isinstance(slot, Reason):
                yield Refusal(user_id, refused or Reason.QUIET_HOURS, arm=plan.arm_of(user_id))
                continue
            yield decide(
                Known(
                    recipient=recipients[user_id],
                    events=events,
                    journeys=[each for each in journeys[user_id] if each.first_seen <= run.as_of],
                    recommended=_recommended(journeys[user_id], events, usable, sources, policy),
                    entry_of=located[0],
                    entries=located[1],
                    never=frozenset(never.get(user_id, ())),
                    sent=sent,
                    slot=slot,
                    arm=plan.arm_of(user_id),
                    close=sources.close,
                    called=called,
                ),
                run,
                policy,
                plan.salt,
                sources.checker,
                sources.may_tell,
            )


def _entries(
    batch: Iterable[tuple[str, Sequence[Activity]]], built: Built | None, embeddings: CachedEmbeddings
) -> tuple[dict[str, str], dict[str, Expansion]]:
    """By normalized text the entry of the catalogue that it is nearest to, where one is near, and these entries."""
    texts = sorted({normalize(event.text) for _, events in batch for event in events})
    if built is None or not texts or not len(built.centres):
        return {}, {}
    places = built.centres.match(embeddings.embed(texts)).tolist()
    ids = built.centres.ids
    entry_of = {text: ids[place] for text, place in zip(texts, places, strict=True) if place >= 0}
    return entry_of, built.remembering(sorted(set(entry_of.values())), items=True)


def _recommended(
    journeys: Sequence[Journey],
    events: Sequence[Activity],
    built: Built | None,
    sources: Sources,
    policy: NotifyPolicy,
) -> Recommended:
    """Nothing where no journey could be told or lead anywhere, which spares the search."""
    if built is None or not any(refuse_journey(each, (), policy) is None for each in journeys):
        return Recommended()
    return recommend_in(built, journeys, events, sources.embeddings)
