"""Having a model write related journeys for all entries of a catalogue, several at once.

Each entry's answers are kept by the reply cache as soon as they are there, so whatever ends this, the same again asks
only about the rest.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import astuple
from functools import partial

from assistant.written_report import WrittenReport
from chains.catalogue import Catalogue, Entry
from chains.expansion import Pairs, Relation, RelationOptions
from chains.metering import BudgetSpent, Usage
from chains.model_safety import Guard
from chains.roles import Role
from chains.safety import SensitivityChecker
from chains.structured import Structured
from chains.written_expansions import Written, write_expansions
from chains.written_relations import Joined, join_written
from vectorstore.embeddings import CachedEmbeddings


def write_related(
    catalogue: Catalogue,
    relations: Mapping[str, Sequence[Relation]],
    pairs: Pairs,
    structured: Structured,
    embeddings: CachedEmbeddings,
    checker: SensitivityChecker,
    least_users: int,
    on_progress: Callable[[int, int], None],
    guard: Guard | None = None,
) -> tuple[Joined, WrittenReport]:
    """relations: what users do, which comes first. Where the budget ends, only what was answered before still comes."""
    before = structured.meter.total
    write = partial(
        _within_budget,
        structured=structured,
        catalogue=catalogue,
        embeddings=embeddings,
        checker=checker,
        guard=guard,
    )
    written: dict[str, Written] = {}
    entries = catalogue.entries
    at_once = max(model.limits.concurrency for model in structured.models[Role.EXPANDER])
    with ThreadPoolExecutor(max_workers=at_once) as threads:
        asked = {threads.submit(write, entry): entry.entry_id for entry in entries}
        on_progress(0, len(entries))
        try:
            for done, each in enumerate(as_completed(asked), 1):
                if isinstance(answer := each.result(), Written):
                    written[asked[each]] = answer
                on_progress(done, len(entries))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    stopped = ""
    # Calls side by side reserve the most that each may use, so alone there may be room where together there was none.
    for entry in entries:
        if entry.entry_id not in written:
            if isinstance(answer := write(entry), Written):
                written[entry.entry_id] = answer
            else:
                stopped = stopped or answer
    in_order = [written[entry.entry_id] for entry in entries if entry.entry_id in written]
    joined = join_written(catalogue, relations, pairs, in_order, embeddings.embed, RelationOptions(least_users))
    dropped = sum((Counter({str(why): count for why, count in each.dropped.items()}) for each in in_order), Counter())
    kept = sum(len(each.kept) for each in in_order)
    # Several proposals may mean the same entry, and an entry has only so many that mean none.
    if merged := kept - joined.new - joined.joined:
        dropped["named twice, or too many"] += merged
    used = Usage(*(now - then for now, then in zip(astuple(structured.meter.total), astuple(before), strict=True)))
    return joined, WrittenReport(
        entries=len(in_order),
        proposed=sum(each.proposed for each in in_order),
        new=joined.new,
        joined=joined.joined,
        dropped=dict(sorted(dropped.items())),
        unanswered=dict(Counter(each.because for each in in_order if each.because)),
        models=tuple(sorted({each.by.model for each in in_order if each.by})),
        usage=used,
        not_asked=len(entries) - len(in_order),
        stopped=stopped,
    )


def _within_budget(
    entry: Entry,
    structured: Structured,
    catalogue: Catalogue,
    embeddings: CachedEmbeddings,
    checker: SensitivityChecker,
    guard: Guard | None,
) -> Written | str:
    """The reason, where the budget has no room for this entry."""
    try:
        return write_expansions(entry, structured, catalogue.centres, embeddings.embed, checker, guard)
    except BudgetSpent as error:
        return str(error)
