"""What a command says of users whom its run set aside, and whether that is still well."""

import json
from collections.abc import Mapping

from assistant.batch import RunSummary
from assistant.errors import FailedUsers


def check_failed(summary: RunSummary, most: float) -> None:
    """Raises FailedUsers where more than this share of the users that the run had was set aside."""
    failed, users = len(summary.failed), summary.users + summary.resumed + len(summary.failed)
    if failed > most * users:
        raise FailedUsers(
            f"{failed:,} of {users:,} users were set aside, over the {most * 100:.3g} % allowed; the others are "
            "written. journeys users --failed says who and why; a later run tries them again, or raise --max-failed"
        )


def print_failed(failures: Mapping[str, str], limit: int, *, as_json: bool) -> None:
    """Users who were set aside, each with the reason."""
    shown = dict(list(failures.items())[:limit])
    if as_json:
        print(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for user_id, reason in shown.items():
        print(f"{user_id}: {reason}")
    if len(failures) > limit:
        print(f"and {len(failures) - limit} more: journeys users --failed --limit {len(failures)}")
    if not failures:
        print("nobody is set aside")
